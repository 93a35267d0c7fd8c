"""`roadworthy lint`: what prompts weigh, and what is wrong with them as far as reading tells."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from roadworthy.cli.options import ProjectOption

__all__ = ["lint"]


def lint(
    tasks: Annotated[
        list[str] | None, typer.Argument(metavar="[TASK]...", help="Which tasks; by default all.")
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="Leave out findings of this kind; may be repeated."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with status 1 where there are notes, too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    project: Annotated[Path | None, ProjectOption] = None,
    environment: Annotated[
        str | None, typer.Option("--env", help="Which of models.toml's environments to use.")
    ] = None,
) -> None:
    """Weigh prompts part by part, and find what repeats, contradicts or is read by nobody.

    No model is asked. Tokens are those of the embedded model's vocabulary, or marked estimates.
    Exit status: 0 where nothing is wrong, notes aside; 1 with warnings or faults. A comment such as
    {# lint: allow repeated-text #} in a template allows what stands on its line and the next.
    """
    import msgspec

    from roadworthy.cli.lint_lines import lint_text
    from roadworthy.cli.place import project_root
    from roadworthy.core.documents import did_you_mean
    from roadworthy.evaluation.lint import CODES, lint_project

    for code in ignore or ():
        if code not in CODES:
            raise typer.BadParameter(f'unknown code "{code}"{did_you_mean(code, CODES)}')
    report = lint_project(
        project_root(project),
        tasks=tuple(tasks or ()),
        environment=environment,
        ignored=tuple(ignore or ()),
    )
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(report), indent=1).decode())
    else:
        typer.echo(lint_text(report))
    levels = report.levels
    if levels["fault"] or levels["warning"] or (strict and levels["note"]):
        raise typer.Exit(1)
