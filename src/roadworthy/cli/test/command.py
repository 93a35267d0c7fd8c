"""`roadworthy test`: the cases of tasks, asked and scored."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.cli.options import ProjectOption
from roadworthy.cli.test import options

if TYPE_CHECKING:
    from roadworthy.evaluation.recorded import FromCalls
    from roadworthy.tasks import Project

__all__ = ["run_cases"]

USAGE_ERROR = 2


def run_cases(
    tasks: options.Tasks = None,
    version: options.Version = None,
    compare: options.Compare = None,
    changed_since: options.ChangedSince = None,
    from_calls: options.FromCallsFlag = False,
    inputs: options.Inputs = 100,
    since: options.Since = None,
    with_tests: options.WithTests = False,
    blame: options.Blame = False,
    tags: options.Tags = None,
    runs: options.Runs = None,
    max_cost: options.MaxCost = None,
    concurrency: options.Concurrency = 4,
    no_cache: options.NoCache = False,
    record: options.Record = None,
    replay: options.Replay = None,
    junit: options.Junit = None,
    json: options.Json = None,
    markdown: options.Markdown = None,
    show_all: options.All = False,
    project: Annotated[Path | None, ProjectOption] = None,
    environment: Annotated[
        str | None, typer.Option("--env", help="Which of models.toml's environments to use.")
    ] = None,
) -> None:
    """Ask the cases of tasks, score the answers, and say whether the gate holds.

    What was measured before is not asked again. Exit status: 0 where the gate holds or, without
    one, every case passes; 1 where not; 2 where the test could not begin; 3 where runs are missing
    or without a verdict; 130 after Ctrl-C.
    """
    from roadworthy.cli.test.running import Outputs, compare_and_report, run_and_report
    from roadworthy.core.errors import RoadworthyError
    from roadworthy.evaluation.testing import WORKING, Options, Selection

    if record is not None and replay is not None:
        raise typer.BadParameter("give one of --record and --replay")
    wanted = Options(
        selection=Selection(tags=tuple(tags or ()), runs=runs),
        concurrency=concurrency,
        max_cost_usd=max_cost,
        use_earlier=not no_cache,
        record=record,
        replay=replay,
        blame=blame,
        from_calls=calls_wanted(from_calls, inputs, since, with_tests=with_tests),
    )
    if blame and compare is not None:
        raise typer.BadParameter("--blame looks at one version; leave it out with --compare")
    if from_calls and compare is not None:
        raise typer.BadParameter("--compare asks cases; leave out --from-calls")
    outputs = Outputs(junit=junit, json=json, markdown=markdown, show_all=show_all)
    try:
        working = version is None and (compare is None or WORKING in compare)
        loaded = open_for(project, environment, working=working)
        named = chosen(loaded, tasks or [], changed_since)
        if compare is None:
            status = run_and_report(loaded, wanted, named, version=version, outputs=outputs)
        elif len(named) != 1 or version is not None:
            raise typer.BadParameter("--compare takes one TASK, and no --version")
        else:
            status = compare_and_report(loaded, wanted, named[0], pair=compare, outputs=outputs)
    except RoadworthyError as error:
        typer.echo(f"roadworthy: {error.message}", err=True)
        raise typer.Exit(USAGE_ERROR) from error
    raise typer.Exit(status)


def calls_wanted(
    wanted: bool, inputs: int, since: str | None, *, with_tests: bool
) -> FromCalls | None:
    """Which recorded calls to ask; None: none, but the cases."""
    from roadworthy.cli.calls import seconds_of
    from roadworthy.evaluation.recorded import FromCalls

    if not wanted:
        if since is not None or with_tests:
            raise typer.BadParameter("--since and --with-tests belong to --from-calls")
        return None
    since_us = None if since is None else time.time_ns() // 1000 - seconds_of(since) * 1_000_000
    return FromCalls(inputs=inputs, since_us=since_us, tests=with_tests)


def open_for(folder: Path | None, environment: str | None, *, working: bool) -> Project:
    """The project; where no working copy is tested, faults in them are no hindrance."""
    from roadworthy.cli.place import open_installation, open_project
    from roadworthy.core.errors import ProjectError

    try:
        return open_project(folder, environment)
    except ProjectError:
        if working:
            raise
        return open_installation(folder, environment)


def chosen(project: Project, tasks: list[str], changed_since: str | None) -> tuple[str, ...]:
    """The tasks to test.

    Raises:
        InvalidInput: there is none.
    """
    from roadworthy.cli.test.changed import changed_files, changed_tasks
    from roadworthy.core.errors import InvalidInput

    if changed_since is not None:
        found = changed_tasks(project, changed_files(project.root, changed_since))
        if tasks:
            found = [task for task in found if task in tasks]
        if not found:
            typer.echo(f"No task with cases differs from {changed_since}.")
            raise typer.Exit(0)
        return tuple(found)
    if not tasks and not any(suite.cases for suite in project.suites.values()):
        raise InvalidInput(
            "no task of this project has cases; write tasks/TASK/cases.jsonl, one a line:"
            ' {"input": {…}, "expect": {…}}'
        )
    return tuple(tasks)
