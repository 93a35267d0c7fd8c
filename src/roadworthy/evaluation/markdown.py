"""Reports as Markdown, for the comment of a pull request: short, details folded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from roadworthy.evaluation import comparison_rows
from roadworthy.evaluation.comparison import CaseChange, Comparison
from roadworthy.evaluation.report import CaseReport, Report, TaskReport
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

__all__ = ["comparison_markdown", "report_markdown"]

_SIGNS: Final = {"passed": "✅", "failed": "❌", "incomplete": "⚠️"}
_MAX_CASES: Final = 30
"""Of one task: a comment of GitHub's may have 65,536 characters."""
_MAX_REASON: Final = 200
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>|~])")
_LIVELY: Final = re.compile(r"([@#]|:(?=//))")
"""Mentions, references and addresses come alive however they are escaped; only not apart."""


def report_markdown(report: Report) -> str:
    """The whole summary."""
    sections = [line for task in report.tasks for line in _task(task)]
    if not report.tasks:
        sections.append("Nothing was tested.")
    warnings = filter(None, [left_out_sentence(report), unkept_sentence(report)])
    sections += [f"⚠️ {text(warning)}" for warning in warnings]
    sections.append(f"<sub>{spent_sentence(report)}</sub>")
    return "\n\n".join(sections)


def comparison_markdown(found: Comparison) -> str:
    """The whole comparison."""
    signs = {"better": "✅", "worse": "❌", "cannot_tell": "🤷", "same": "🟰"}
    title = f"### {signs[found.verdict]} {text(found.task)}: {text(found.a)} → {text(found.b)}"
    sections = [title, text(comparison_rows.verdict_sentence(found))]
    power = comparison_rows.power_sentence(found)
    if power:
        sections.append(text(power))
    if found.pass_rate is not None:
        rows = [comparison_rows.cells(one) for one in (found.pass_rate, *found.figures)]
        sections.append(_plain_table(comparison_rows.HEAD, rows))
        if found.tags:
            rows = [comparison_rows.cells(tag) for tag in found.tags]
            table = _plain_table(comparison_rows.HEAD, rows)
            sections.append(_folded(f"By tag ({len(found.tags)})", table))
    for name, cases in (("Better", found.better), ("Worse", found.worse)):
        if cases:
            sections.append(_folded(f"{name} ({len(cases)})", _changes(cases)))
    if not found.same:
        sections.append(f"<sub>{comparison_rows.spent_sentence(found)}</sub>")
    return "\n\n".join(sections)


def _changes(cases: Sequence[CaseChange]) -> str:
    lines = []
    for case in cases[:_MAX_CASES]:
        lines.append(f"- {text(comparison_rows.case_line(case))}")
        if case.reason:
            lines.append(f"  - {text(_cut(case.reason))}")
    if len(cases) > _MAX_CASES:
        lines.append(f"- and {len(cases) - _MAX_CASES} more")
    return "\n".join(lines)


def _task(task: TaskReport) -> Iterator[str]:
    yield (
        f"### {_SIGNS[task.status]} {text(task.task)} {text(task.version)}: {headline(task)}\n\n"
        f"on {text(task.model)}"
    )
    gate = gate_sentence(task)
    if gate:
        misses = [f"- {text(miss.message)}" for miss in task.misses if task.decided]
        yield "\n".join([gate, *misses])
    if task.recorded is not None:
        yield text(" ".join(recorded_lines(task.recorded)))
    rows = rows_of(task)
    yield _table(rows[:1])
    if len(rows) > 1:
        yield _folded(f"By tag ({len(rows) - 1})", _table(rows[1:]))
    if task.repeats is not None:
        head, alike, *passing = repeats_lines(task.repeats)
        yield f"{head} {'; '.join([text(alike), *passing])}."
    if task.blame is not None:
        yield text(f"{blame_sentence(task.blame)} {unexplained_sentence(task.blame)}".strip())
        yield _plain_table(BLAME_HEAD, blame_rows(task.blame))
    if task.failing:
        yield _folded(f"Failing cases ({len(task.failing)})", _failing(task.failing))
    if task.invalid:
        listed = ", ".join(map(text, task.invalid))
        yield f"Not asked, because their input is not this version's any more: {listed}."


def _table(rows: Sequence[Row]) -> str:
    head = ("cases", "pass", "95 % interval", "conform", "p95", "cost a run")
    return _plain_table(head, [_cells(row) for row in rows])


def _cells(row: Row) -> tuple[str, ...]:
    share = "-" if row.share is None else percent(row.share.value)
    return (
        row.name,
        f"{row.passed} of {row.scored} ({share})",
        "-" if row.share is None else interval(row.share),
        f"{row.delivered} of {row.runs}",
        "-" if row.p95_ms is None else f"{row.p95_ms:,.0f} ms",
        usd(row.cost_usd),
    )


def _plain_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([text(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _failing(cases: Sequence[CaseReport]) -> str:
    lines = []
    for case in cases[:_MAX_CASES]:
        note = case_note(case)
        lines.append(f"- **{text(case.id)}**{f' ({text(note)})' if note else ''}")
        run = case.failing[0]
        lines += [f"  - {text(_cut(reason))}" for reason in run_reasons(run)]
        if run.call is not None:
            lines.append(f"  - `roadworthy call {run.call}`")
    if len(cases) > _MAX_CASES:
        lines.append(f"- and {len(cases) - _MAX_CASES} more")
    return "\n".join(lines)


def _folded(title: str, content: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{content}\n\n</details>"


def _cut(reason: str) -> str:
    return reason if len(reason) <= _MAX_REASON else f"{reason[:_MAX_REASON]}…"


def text(words: str) -> str:
    """Words in a line, none of which Markdown or HTML takes for its own: answers of models stand
    in them."""
    quiet = _SPECIAL.sub(r"\\\1", " ".join(words.split()).replace("&", "&amp;"))
    return _LIVELY.sub(r"\1<!-- -->", quiet)
