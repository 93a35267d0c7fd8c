"""`roadworthy rules [TASK]`: what the rules of tasks did, and what they spared."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.cli.options import ProjectOption

if TYPE_CHECKING:
    from roadworthy.monitoring import RuleReport

__all__ = ["read_rule_report", "rules"]

POINTS = 60


def rules(
    task: Annotated[str | None, typer.Argument(help="Only this task's rules.")] = None,
    since: Annotated[str, typer.Option(help="How far back: 90m, 24h or 7d.")] = "7d",
    as_json: Annotated[bool, typer.Option("--json", help="All of it as one JSON object.")] = False,
    project: Annotated[Path | None, ProjectOption] = None,
) -> None:
    """Show how often each rule took effect, and the calls and money that it spared.

    Rules of the working copies that never did are listed too. Money is an estimate: the mean cost
    of the task's calls in the same time for which a model was asked.
    """
    from roadworthy.cli.rule_table import table_of

    report = read_rule_report(project, task, since=since)
    if as_json:
        import msgspec

        typer.echo(msgspec.json.format(msgspec.json.encode(report)).decode())
    else:
        typer.echo(table_of(report, since=since, task=task))


def read_rule_report(project: Path | None, task: str | None, *, since: str) -> RuleReport:
    """Raises NotFound where there is no task of this name."""
    from roadworthy.cli.calls import open_store, seconds_of
    from roadworthy.cli.place import open_survey
    from roadworthy.core.errors import NotFound
    from roadworthy.monitoring import rule_report
    from roadworthy.storage.queries import task_names
    from roadworthy.storage.rule_queries import read_rules

    length_s = max(seconds_of(since), 60)
    definitions = open_survey(project).tasks
    engine, _ = open_store(project)
    if task is not None and task not in definitions and task not in task_names(engine):
        raise NotFound(f"there is no task {task[:80]!r} here, and none of its calls is recorded")
    now_us = time.time_ns() // 1000
    begin_us = now_us - length_s * 1_000_000
    figures = read_rules(engine, since_us=begin_us, until_us=now_us, task=task, buckets=POINTS)
    wanted = {name: found for name, found in definitions.items() if task in (None, name)}
    return rule_report(figures, wanted, since_us=begin_us, until_us=now_us)
