"""Trims for the command line: the recorded volume, progress, and everything that is written."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import typer

from roadworthy.cli.place import load_journal, state_of
from roadworthy.cli.registry_access import open_registry
from roadworthy.cli.test.running import INTERRUPTED, in_session, write_document
from roadworthy.cli.trim.lines import plan_text, trim_text
from roadworthy.core.errors import InvalidInput, RoadworthyError
from roadworthy.evaluation.report import EXIT_STATUS
from roadworthy.evaluation.session import Options, Session
from roadworthy.evaluation.trimming import Budget, Wish, plan_trim, run_trim
from roadworthy.evaluation.trimming.kept import keep_report
from roadworthy.evaluation.trimming.volume import DAYS, Volume, monthly_volume
from roadworthy.storage import StateFolder
from roadworthy.tasks import Project

__all__ = ["Outputs", "show_plan", "trim_and_report", "wish_of"]


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """Where it goes beside the terminal."""

    patch: Path | None = None
    json: Path | None = None

    @property
    def prints(self) -> bool:
        """Whether a document takes the place of the table."""
        return self.json == Path("-")


def wish_of(
    project: Project,
    task: str,
    *,
    budget: Budget,
    tolerance: float,
    calls_a_month: float | None,
) -> Wish:
    """What to do, with the volume that is stated, else as it was recorded."""
    volume = Volume(calls_a_month, "as stated")
    if calls_a_month is None:
        volume = recorded_volume(project, task)
    return Wish(
        task=task,
        budget=budget,
        tolerance=tolerance,
        calls_a_month=volume.calls_a_month,
        volume=volume.source,
    )


def recorded_volume(project: Project, task: str) -> Volume:
    """From the database, if there is one."""
    from roadworthy.storage.database import open_database
    from roadworthy.storage.overview import overview

    state = state_of(project)
    if not state.is_dir():
        return Volume(None, "no calls are recorded")
    load_journal(state)
    now_us = time.time_ns() // 1000
    try:
        engine = open_database(StateFolder(state))
        try:
            found = overview(
                engine,
                since_us=now_us - DAYS * 86_400_000_000,
                until_us=now_us,
                task=task,
                buckets=DAYS,
            )
        finally:
            engine.dispose()
    except RoadworthyError as error:
        return Volume(None, f"what was recorded cannot be read: {error.message}")
    return monthly_volume(found)


def show_plan(project: Project, options: Options, wish: Wish, *, outputs: Outputs) -> None:
    """Print what would be asked."""
    session = Session(project=project, options=options, registry=lambda: open_registry(project))
    plan = plan_trim(session, wish)
    write_document(outputs.json, lambda: _json(plan, "trim_plan"))
    if not outputs.prints:
        typer.echo(plan_text(plan, wish.budget))


def trim_and_report(project: Project, options: Options, wish: Wish, *, outputs: Outputs) -> int:
    """Trim, write and print; the exit status."""
    report = in_session(project, options, lambda session: run_trim(session, wish))
    keep_report(state_of(project), report)
    proposal = report.proposal
    if outputs.patch is not None and proposal is not None:
        try:
            outputs.patch.parent.mkdir(parents=True, exist_ok=True)
            # As bytes: line ends are those of the files that it changes.
            outputs.patch.write_bytes(proposal.patch.encode())
        except OSError as error:
            raise InvalidInput(f"cannot write {outputs.patch}: {error.strerror}") from error
    write_document(outputs.json, lambda: _json(report, "trim"))
    if not outputs.prints:
        typer.echo(trim_text(report, patch_file=outputs.patch))
    if report.left_out == "stopped":
        return INTERRUPTED
    return EXIT_STATUS["passed" if report.left_out is None else "incomplete"]


def _json(value: Any, kind: str) -> str:
    document = {"kind": kind} | msgspec.to_builtins(value)
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode()
