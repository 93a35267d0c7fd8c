"""`roadworthy conformance`: how often answers conform, and why not."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roadworthy.cli.options import ProjectOption

if TYPE_CHECKING:
    from roadworthy.monitoring import ConformanceReport

__all__ = ["conformance"]

BELOW = 3
NOTHING_CHECKED = 4
MAX_POINTS = 60
MAX_HOURS = 30 * 24
_REASON = "reason"


def conformance(
    task: Annotated[str | None, typer.Option(help="Only this task's calls.")] = None,
    model: Annotated[str | None, typer.Option(help="Only this logical model's.")] = None,
    provider: Annotated[str | None, typer.Option(help="Only this provider's.")] = None,
    mode: Annotated[
        str | None, typer.Option(help="Only answers asked for so: strict, grammar, json, …")
    ] = None,
    version: Annotated[str | None, typer.Option(help="Only this version of the task.")] = None,
    schema: Annotated[
        str | None, typer.Option(help="Only this output schema: its digest, or how it begins.")
    ] = None,
    since: Annotated[str, typer.Option(help="How far back: 90m, 24h or 7d.")] = "7d",
    by: Annotated[
        str,
        typer.Option(
            help="A line for each: any of task, version, provider, model, mode, schema, hour,"
            " separated by commas; or `reason`, for all reasons."
        ),
    ] = "task,provider,model,mode",
    fail_under: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Exit status 3 where a smaller share conforms (0.99)."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="All of it as one JSON object.")] = False,
    project: Annotated[Path | None, ProjectOption] = None,
) -> None:
    """Show how often answers conform to their schemas, and why not.

    Every share stands with its 95 % interval, and beside the span of equal length before. With
    --fail-under the exit status tells: 0 it holds, 3 it does not, 4 no answer was checked.
    """
    from roadworthy.cli.conformance_table import table_of
    from roadworthy.storage.ledger_views import LedgerFilter

    where = LedgerFilter(
        task=task, version=version, provider=provider, model=model, mode=mode, schema=schema
    )
    report = read_report(project, where, since=since, by=by)
    if as_json:
        import msgspec

        typer.echo(msgspec.json.format(msgspec.json.encode(report)).decode())
    else:
        typer.echo(table_of(report, all_reasons=_REASON in by.split(",")))
    if fail_under is not None:
        raise typer.Exit(status_of(report, fail_under))


def read_report(project: Path | None, where: Any, *, since: str, by: str) -> ConformanceReport:
    from roadworthy.cli.calls import open_store, seconds_of
    from roadworthy.monitoring import report_of
    from roadworthy.storage.ledger_queries import read_ledger

    length_s = seconds_of(since)
    dimensions = dimensions_of(by)
    hours = max(1, -(-length_s // 3600))
    if "time" in dimensions and hours > MAX_HOURS:
        raise typer.BadParameter(f"--by hour reaches back 30d at most; got --since {since!r}")
    engine, _ = open_store(project)
    now_us = time.time_ns() // 1000
    ledger = read_ledger(
        engine,
        where,
        since_us=now_us - max(length_s, 60) * 1_000_000,
        until_us=now_us,
        by=dimensions,
        buckets=hours if "time" in dimensions else MAX_POINTS,
    )
    return report_of(ledger)


def dimensions_of(by: str) -> list[Any]:
    """The dimensions of a comma-separated list; empty: the reasons alone are wanted."""
    from roadworthy.storage.ledger_views import DIMENSIONS

    names = [name.strip() for name in by.split(",") if name.strip()]
    known = ["hour" if name == "time" else name for name in DIMENSIONS]
    for name in names:
        if name not in (*known, _REASON):
            raise typer.BadParameter(f"--by takes {', '.join(known)} or {_REASON}; got {name!r}")
    if _REASON in names and len(names) > 1:
        raise typer.BadParameter(f"--by {_REASON} stands alone; narrow it with --model and others")
    return ["time" if name == "hour" else name for name in names if name != _REASON]


def status_of(report: ConformanceReport, fail_under: float) -> int:
    """0: at least this share of the checked answers conforms."""
    share = report.total.share.value
    if share is None:
        return NOTHING_CHECKED
    return BELOW if share < fail_under else 0
