"""A report as text for a terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from roadworthy.cli.columns import columns
from roadworthy.evaluation.report import BlameReport, CaseReport, Report, TaskReport
from roadworthy.evaluation.rows import (
    BLAME_HEAD,
    Row,
    blame_rows,
    blame_sentence,
    case_note,
    gate_sentence,
    headline,
    interval,
    left_out_sentence,
    percent,
    recorded_lines,
    repeats_lines,
    rows_of,
    run_reasons,
    spent_sentence,
    unexplained_sentence,
    unkept_sentence,
    usd,
)
from roadworthy.evaluation.subjects import WORKING

__all__ = ["printable", "report_text"]

FEW_TAGS = 12
FEW_CASES = 10
_WIDEST_REASON = 160


def report_text(report: Report, *, everything: bool = False) -> str:
    """Task by task: what passed, by tag, what failed and where to look, what the gate says."""
    sections = ["\n".join(_task(task, everything)) for task in report.tasks]
    last = [left_out_sentence(report), unkept_sentence(report), spent_sentence(report)]
    sections.append("\n".join(filter(None, last)))
    return "\n\n".join(sections)


def _task(task: TaskReport, everything: bool) -> Iterator[str]:
    state = "working copy" if task.version == WORKING else task.version
    yield f"{task.task}, {state}, on {task.model}: {headline(task)}."
    if task.recorded is not None:
        yield from recorded_lines(task.recorded)
    rows = rows_of(task)
    shown = rows if everything else rows[: FEW_TAGS + 1]
    if rows[0].runs:
        yield _table(shown)
    if len(rows) > len(shown):
        yield f"  and {len(rows) - len(shown)} tags more; --all shows them"
    yield from _cases("Failing", task.failing, everything)
    unscored = [case for case in task.cases if case.verdict == "unscored"]
    yield from _cases("Unscored", unscored, everything)
    if task.blame is not None:
        yield from _blame(task.blame)
    if task.figures.flaky:
        yield f"Flaky: {', '.join(task.figures.flaky)}."
    if task.invalid:
        listed = ", ".join(task.invalid)
        yield f"Not asked, as their input is not this version's any more: {listed}."
    if task.repeats is not None:
        head, *lines = repeats_lines(task.repeats)
        yield from (head, *(f"  {line}" for line in lines))
    gate = gate_sentence(task)
    if gate:
        yield gate
        if task.decided:
            yield from (f"  {miss.message}" for miss in task.misses)


def _blame(found: BlameReport) -> Iterator[str]:
    yield blame_sentence(found)
    yield columns([BLAME_HEAD, *blame_rows(found)], indent=2)
    if found.unexplained:
        yield unexplained_sentence(found)


def _table(rows: Sequence[Row]) -> str:
    head = ("cases", "pass", "", "95 % interval", "conform", "p95", "cost a run")
    return columns([head, *(_cells(row) for row in rows)], indent=2)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.name,
        f"{row.passed} of {row.scored}",
        "" if row.share is None else percent(row.share.value),
        "" if row.share is None else interval(row.share),
        f"{row.delivered} of {row.runs}",
        "" if row.p95_ms is None else f"{row.p95_ms:,.0f} ms",
        usd(row.cost_usd),
    )


def _cases(title: str, cases: Sequence[CaseReport], everything: bool) -> Iterator[str]:
    if not cases:
        return
    yield f"{title} ({len(cases)}):"
    shown = cases if everything else cases[:FEW_CASES]
    for case in shown:
        note = case_note(case)
        yield f"  {case.id}{f' ({note})' if note else ''}"
        run = (case.failing or case.runs)[0]
        yield from (f"    {printable(reason)}" for reason in run_reasons(run))
        if run.call is not None:
            yield f"    roadworthy call {run.call}"
    if len(cases) > len(shown):
        yield f"  and {len(cases) - len(shown)} more; --all shows them"


def printable(reason: str) -> str:
    """The reason in a line that a terminal shows as it is."""
    # Answers stand in reasons, and an answer may hold what a terminal takes for a command.
    line = "".join(sign if sign.isprintable() else "�" for sign in " ".join(reason.split()))
    return line if len(line) <= _WIDEST_REASON else f"{line[:_WIDEST_REASON]}…"
