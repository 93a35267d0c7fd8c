"""The options of `roadworthy test`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

__all__ = [
    "All",
    "Blame",
    "ChangedSince",
    "Compare",
    "Concurrency",
    "FromCallsFlag",
    "Inputs",
    "Json",
    "Junit",
    "Markdown",
    "MaxCost",
    "NoCache",
    "Record",
    "Replay",
    "Runs",
    "Since",
    "Tags",
    "Tasks",
    "Version",
    "WithTests",
]

Tasks: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(metavar="[TASK]...", help="Which tasks; by default all that have cases."),
]
Version: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="V",
        help="A published version, a range or a channel, with the cases that its gate asks for; by"
        " default the working copy.",
    ),
]
Compare: TypeAlias = Annotated[
    tuple[str, str] | None,
    typer.Option(
        metavar="A B",
        help="Two versions of one TASK side by side, on the same cases; `working` is the working"
        " copy.",
    ),
]
ChangedSince: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="REV", help="Only tasks whose files or blocks differ from this git revision."
    ),
]
FromCallsFlag: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--from-calls",
        help="Ask what recorded calls of TASK asked, those as a step of a chain included, in place"
        " of its cases.",
    ),
]
Blame: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--blame",
        help="Of a chain: say which step each failing run failed first, and what share of failures"
        " each step causes.",
    ),
]
Inputs: TypeAlias = Annotated[
    int,
    typer.Option(
        min=1, max=10_000, help="With --from-calls: so many different inputs, the latest."
    ),
]
Since: TypeAlias = Annotated[
    str | None,
    typer.Option(help="With --from-calls: only calls newer than 90s, 15m, 2h or 7d."),
]
WithTests: TypeAlias = Annotated[
    bool, typer.Option("--with-tests", help="With --from-calls: calls that tests made, too.")
]
Tags: TypeAlias = Annotated[
    list[str] | None, typer.Option("--tag", help="Only cases with this tag; may be repeated.")
]
Runs: TypeAlias = Annotated[
    int | None, typer.Option("-n", "--n", min=1, max=1000, help="Ask each case so often.")
]
MaxCost: TypeAlias = Annotated[
    float | None,
    typer.Option(metavar="USD", min=0, help="Ask no more before this much is exceeded."),
]
Concurrency: TypeAlias = Annotated[int, typer.Option(min=1, max=256, help="Calls at once.")]
NoCache: TypeAlias = Annotated[
    bool, typer.Option("--no-cache", help="Ask again what was measured before.")
]
Record: TypeAlias = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write what models say into a cassette.", dir_okay=False),
]
Replay: TypeAlias = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Answer from a cassette; ask no model.", dir_okay=False),
]
Junit: TypeAlias = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write JUnit XML.", dir_okay=False)
]
Json: TypeAlias = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write everything as JSON; `-` prints it.", allow_dash=True),
]
Markdown: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Write a summary for a pull request; `-` prints it.", allow_dash=True
    ),
]
All: TypeAlias = Annotated[
    bool, typer.Option("--all", help="Show every tag and every failing case.")
]
