"""Runs a test for the command line: progress, Ctrl-C, and everything that is written."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import typer

from roadworthy.cli.place import load_journal, state_of
from roadworthy.cli.registry_access import actor_of, open_registry
from roadworthy.cli.test.comparison_table import comparison_text
from roadworthy.cli.test.table import report_text
from roadworthy.core.errors import InvalidInput
from roadworthy.evaluation.comparison import run_comparison
from roadworthy.evaluation.documents import comparison_json, report_json
from roadworthy.evaluation.junit import junit_xml
from roadworthy.evaluation.markdown import comparison_markdown, report_markdown
from roadworthy.evaluation.report import EXIT_STATUS
from roadworthy.evaluation.runner import Measured
from roadworthy.evaluation.session import Options, Session, Watch
from roadworthy.evaluation.testing import run_tests
from roadworthy.registry import Registry
from roadworthy.tasks import Project

__all__ = [
    "INTERRUPTED",
    "Outputs",
    "compare_and_report",
    "in_session",
    "run_and_report",
    "stopped_by_ctrl_c",
    "write_document",
]

INTERRUPTED = 130
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """Where a report goes beside the terminal."""

    junit: Path | None = None
    json: Path | None = None
    markdown: Path | None = None
    show_all: bool = False

    @property
    def prints(self) -> bool:
        """Whether a document takes the place of the table."""
        return Path("-") in (self.json, self.markdown)


def run_and_report(
    project: Project,
    options: Options,
    tasks: tuple[str, ...],
    *,
    version: str | None,
    outputs: Outputs,
) -> int:
    """Test, write and print; the exit status."""
    if options.from_calls is not None:
        load_journal(state_of(project))
    report = in_session(
        project, options, lambda session: run_tests(session, tasks, version=version)
    )
    write_document(outputs.json, lambda: report_json(report))
    write_document(outputs.markdown, lambda: report_markdown(report))
    write_document(outputs.junit, lambda: junit_xml(report))
    if not outputs.prints:
        typer.echo(report_text(report, everything=outputs.show_all))
    return INTERRUPTED if report.left_out == "stopped" else EXIT_STATUS[report.status]


def compare_and_report(
    project: Project, options: Options, task: str, *, pair: tuple[str, str], outputs: Outputs
) -> int:
    """Compare, write and print; the exit status."""
    if outputs.junit is not None:
        raise InvalidInput("--junit writes the cases of one version; leave it out with --compare")
    found = in_session(project, options, lambda session: run_comparison(session, task, *pair))
    write_document(outputs.json, lambda: comparison_json(found))
    write_document(outputs.markdown, lambda: comparison_markdown(found))
    if not outputs.prints:
        typer.echo(comparison_text(found, everything=outputs.show_all))
    if found.left_out == "stopped":
        return INTERRUPTED
    if found.verdict == "worse":
        return EXIT_STATUS["failed"]
    return EXIT_STATUS["passed" if found.left_out is None else "incomplete"]


def in_session(
    project: Project, options: Options, run: Callable[[Session], Coroutine[Any, Any, T]]
) -> T:
    """What the session gives; its calls are in the database when this returns."""

    def opened() -> AbstractContextManager[Registry]:
        return open_registry(project)

    async def under_watch() -> T:
        stop = asyncio.Event()
        with stopped_by_ctrl_c(stop), _progress() as watch:
            session = Session(
                project=project,
                options=options,
                registry=opened,
                by=actor_of(project),
                stop=stop,
                watch=watch,
            )
            return await run(session)

    try:
        return asyncio.run(under_watch())
    finally:
        load_journal(state_of(project))


@contextlib.contextmanager
def stopped_by_ctrl_c(stop: asyncio.Event) -> Iterator[None]:
    """The first Ctrl-C ends the asking; the second one ends the command."""
    loop = asyncio.get_running_loop()

    def first() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        typer.echo("\nStopping; what was measured is kept.", err=True)
        stop.set()

    try:
        loop.add_signal_handler(signal.SIGINT, first)
    except (NotImplementedError, RuntimeError, ValueError):  # not the main thread, or Windows
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)


@contextlib.contextmanager
def _progress() -> Iterator[Watch | None]:
    """A bar on the terminal; None where there is none."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failed]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield _Bar(bar)


class _Bar:
    def __init__(self, progress: Any) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None, failed="")
        self._failed = 0

    def plan(self, runs: int) -> None:
        self._progress.update(self._task, total=runs)

    def run(self, measured: Measured) -> None:
        self._failed += measured.result.passed is False
        said = f"{self._failed} failed" if self._failed else ""
        self._progress.update(self._task, advance=1, failed=said)


def write_document(path: Path | None, text: Callable[[], str]) -> None:
    if path is None:
        return
    if path == Path("-"):
        typer.echo(text())
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text() + "\n", encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"cannot write {path}: {error.strerror}") from error
