"""`roadworthy trim`: leaves out each part of a prompt in turn, and proposes what can go."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from roadworthy.cli.options import ProjectOption
from roadworthy.cli.test import options

__all__ = ["trim"]

USAGE_ERROR = 2


def trim(
    task: Annotated[str, typer.Argument(metavar="TASK", help="Whose prompt.")],
    max_questions: Annotated[
        int,
        typer.Option(metavar="N", min=1, help="Make no more calls than this; known ones are free."),
    ] = 1_000,
    max_cost: options.MaxCost = None,
    calls_per_month: Annotated[
        float | None,
        typer.Option(metavar="N", min=0, help="For the money saved; by default as recorded."),
    ] = None,
    tolerance: Annotated[
        float,
        typer.Option(
            metavar="POINTS",
            min=0,
            max=100,
            help="How much of the pass rate a shorter prompt may lose.",
        ),
    ] = 2.0,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write the patch.", dir_okay=False),
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what would be asked and cost; ask nothing.")
    ] = False,
    tags: options.Tags = None,
    runs: options.Runs = None,
    concurrency: options.Concurrency = 4,
    no_cache: options.NoCache = False,
    record: options.Record = None,
    replay: options.Replay = None,
    json: options.Json = None,
    project: Annotated[Path | None, ProjectOption] = None,
    environment: Annotated[
        str | None, typer.Option("--env", help="Which of models.toml's environments to use.")
    ] = None,
) -> None:
    """Find what a prompt can do without, by its cases, and write a patch that takes it out.

    Each block, paragraph and example is left out in turn, then together what can go alone, as far
    as the budget lasts. Exit status: 0; 2 where it could not begin; 3 where the budget ended
    before all was measured, and the same command with more goes on; 130 after Ctrl-C.
    """
    from roadworthy.cli.place import open_project
    from roadworthy.cli.trim.running import Outputs, show_plan, trim_and_report, wish_of
    from roadworthy.core.errors import RoadworthyError
    from roadworthy.evaluation.testing import Options, Selection
    from roadworthy.evaluation.trimming import Budget

    if record is not None and replay is not None:
        raise typer.BadParameter("give one of --record and --replay")
    wanted = Options(
        selection=Selection(tags=tuple(tags or ()), runs=runs),
        concurrency=concurrency,
        use_earlier=not no_cache,
        record=record,
        replay=replay,
    )
    outputs = Outputs(patch=output, json=json)
    try:
        loaded = open_project(project, environment)
        wish = wish_of(
            loaded,
            task,
            budget=Budget(questions=max_questions, cost_usd=max_cost),
            tolerance=tolerance / 100,
            calls_a_month=calls_per_month,
        )
        if plan:
            show_plan(loaded, wanted, wish, outputs=outputs)
            return
        status = trim_and_report(loaded, wanted, wish, outputs=outputs)
    except RoadworthyError as error:
        typer.echo(f"roadworthy: {error.message}", err=True)
        raise typer.Exit(USAGE_ERROR) from error
    raise typer.Exit(status)
