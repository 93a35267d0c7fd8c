"""The rows and sentences that all forms of a report show. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from roadworthy.core import ANSWERED, NUSD_PER_USD, format_usd
from roadworthy.evaluation.report import (
    BlameReport,
    CaseReport,
    RecordedReport,
    RepeatsReport,
    Report,
    RunReport,
    TaskReport,
)
from roadworthy.registry import Score, Share

__all__ = [
    "BLAME_HEAD",
    "Row",
    "blame_rows",
    "blame_sentence",
    "case_note",
    "gate_sentence",
    "headline",
    "interval",
    "left_out_sentence",
    "percent",
    "recorded_lines",
    "repeats_lines",
    "rows_of",
    "run_reasons",
    "spent",
    "spent_sentence",
    "unexplained_sentence",
    "unkept_sentence",
    "usd",
]


class Row(NamedTuple):
    """One line of the table: all cases, or those of a tag."""

    name: str
    passed: int
    scored: int
    """Cases with a verdict."""
    share: Share | None
    """Weighted; None: no case has a verdict."""
    delivered: int
    runs: int
    p95_ms: float | None
    cost_usd: float | None
    """Mean of a run; None: it is not known."""


def rows_of(task: TaskReport) -> list[Row]:
    """All cases, then tag by tag, the most frequent first."""
    tags = Counter(tag for case in task.cases if case.runs for tag in case.tags)
    ordered = sorted(tags, key=lambda tag: (-tags[tag], tag))
    rows = [_row("all", task.cases, task.figures.pass_rate)]
    for tag in ordered:
        cases = [case for case in task.cases if tag in case.tags]
        rows.append(_row(tag, cases, task.figures.tags.get(tag)))
    return rows


def _row(name: str, cases: Sequence[CaseReport], share: Share | None) -> Row:
    runs = [run for case in cases for run in case.runs]
    costs = [run.cost_usd for run in runs if run.cost_usd is not None]
    times = sorted(run.latency_ms for run in runs)
    return Row(
        name=name,
        passed=sum(case.verdict == "passed" for case in cases),
        scored=sum(case.verdict in ("passed", "failed", "flaky") for case in cases),
        share=share,
        delivered=sum(run.outcome in ANSWERED for run in runs),
        runs=len(runs),
        p95_ms=times[math.ceil(0.95 * len(times)) - 1] if times else None,
        cost_usd=sum(costs) / len(runs) if runs and len(costs) == len(runs) else None,
    )


def headline(task: TaskReport) -> str:
    """``41 of 56 cases pass``, and what else there is to know at once."""
    whole = rows_of(task)[0]
    said = f"{whole.passed} of {whole.scored} cases pass"
    extra = [
        f"{number} {what}"
        for number, what in (
            (len(task.figures.flaky), "flaky"),
            (sum(case.verdict == "unscored" for case in task.cases), "unscored"),
            (sum(case.verdict == "left_out" for case in task.cases), "not asked"),
        )
        if number
    ]
    return f"{said} ({', '.join(extra)})" if extra else said


def gate_sentence(task: TaskReport) -> str:
    """What the gate says, in a line; empty: it has no thresholds."""
    if not task.gate:
        return ""
    if task.partial:
        return "The gate is not decided: not all that it asks for was selected."
    if task.left_out:
        return f"The gate is not decided: {task.left_out} runs are missing."
    if not task.misses:
        return "The gate holds."
    number = len(task.misses)
    return f"The gate does not hold: {number} threshold{'s' * (number != 1)} missed."


def repeats_lines(repeats: RepeatsReport) -> list[str]:
    """What repeats say: how alike answers are, and how often they go right."""
    cases = f"{repeats.cases} case{'s' * (repeats.cases != 1)}"
    alike = (
        f"most frequent answer {percent(repeats.identical)},"
        f" pairs that agree {percent(repeats.agreement)}"
    )
    if repeats.fields:
        by_field = sorted(repeats.fields.items(), key=lambda field: (field[1], field[0]))
        alike += f" ({', '.join(f'{name} {percent(share)}' for name, share in by_field)})"
    lines = [f"Repeats ({cases}, {repeats.k} runs each or more):", alike]
    if repeats.pass_at:
        k = repeats.k
        at, hat = percent(repeats.pass_at[-1]), percent(repeats.pass_hat[-1])
        lines.append(f"pass@{k} {at}, pass^{k} {hat}")
    return lines


def recorded_lines(found: RecordedReport) -> list[str]:
    """What was asked where recorded calls stand in for cases, and what has changed since."""
    inputs = f"{found.inputs} different input{'s' * (found.inputs != 1)}"
    said = f"Asked of recorded calls: {inputs} of {found.calls} call{'s' * (found.calls != 1)}"
    if found.without_input:
        said += f"; {found.without_input} more had no input kept"
    lines = [said + "."]
    if found.same is not None:
        by_field = sorted(found.fields.items(), key=lambda field: (field[1], field[0]))
        named = f" ({', '.join(f'{name} {percent(share)}' for name, share in by_field)})"
        same = f"{percent(found.same.value)} of calls, 95 % interval {interval(found.same)}"
        lines.append(f"Same answer as recorded: {same}{named if by_field else ''}.")
    return lines


BLAME_HEAD: Final = (
    "step",
    "failed first",
    "of failures",
    "95 % interval",
    "fails in",
    "runs",
    "p95",
    "cost a run",
)


def blame_rows(found: BlameReport) -> list[tuple[str, ...]]:
    """A row a step, in topological order, and one for failures that nothing explains."""
    rows: list[tuple[str, ...]] = [
        (
            step.step if step.step == step.task else f"{step.step} ({step.task})",
            str(step.first),
            "" if step.share is None else percent(step.share.value),
            "" if step.share is None else interval(step.share),
            str(step.failing),
            str(step.runs),
            "" if step.p95_ms is None else f"{step.p95_ms:,.0f} ms",
            usd(step.cost_usd),
        )
        for step in found.steps
    ]
    if found.unexplained:
        share = percent(found.unexplained / found.failing)
        rows.append(("no step", str(found.unexplained), share, "", "", "", "", ""))
    return rows


def blame_sentence(found: BlameReport) -> str:
    """Where to look first."""
    if not found.failing:
        return "No run fails, so no step is to blame."
    runs = f"{found.failing} failing run{'s' * (found.failing != 1)}"
    worst = max(found.steps, key=lambda step: step.first, default=None)
    if worst is None or not worst.first:
        return f"Nothing speaks against any step in {runs}."
    return f"Of {runs}, {worst.first} failed first at step {worst.step!r}."


def unexplained_sentence(found: BlameReport) -> str:
    """What to do about failures that nothing explains; empty: there are none."""
    if not found.unexplained:
        return ""
    return (
        f"Nothing speaks against any step in: {', '.join(found.unexplained_cases)}. Say what their"
        ' steps should give: "steps": {"NAME": {"expect": {…}}} in the case.'
    )


def left_out_sentence(report: Report) -> str:
    """What was not asked and why; empty: everything was."""
    missing = [(task, task.left_out) for task in report.tasks if task.left_out]
    if not missing:
        return ""
    number = sum(runs for _, runs in missing)
    cases = sum(case.verdict == "left_out" for task, _ in missing for case in task.cases)
    what = f"{number} run{'s' * (number != 1)} ({cases} whole case{'s' * (cases != 1)})"
    if report.left_out == "cost":
        return (
            f"Left out: {what}, because the next could exceed --max-cost. The same command with"
            " more goes on from here."
        )
    return f"Left out: {what}, because the test was stopped. The same command goes on from here."


def unkept_sentence(report: Report) -> str:
    """That results are no evidence; empty: they were kept, or were not to be."""
    if report.unkept is None:
        return ""
    return f"The results could not be kept, and no gate knows of them: {report.unkept}"


def spent_sentence(report: Report) -> str:
    """How much was asked and what it took."""
    asked = sum(task.asked for task in report.tasks)
    recalled = sum(task.recalled for task in report.tasks)
    rescored = sum(task.rescored for task in report.tasks)
    said = f"{asked + recalled} run{'s' * (asked + recalled != 1)}: {asked} asked"
    if report.replayed:
        said += " of the cassette"
    if recalled:
        said += f", {recalled} measured before"
        said += f" ({rescored} scored anew)" if rescored else ""
    if report.judged:
        said += f", judges asked {report.judged} times ({usd(report.judges_usd)})"
    unpriced = sum(task.unpriced for task in report.tasks)
    return f"{said}; {spent(report.spent_usd, unpriced)}, {report.seconds:.1f} s."


def spent(amount_usd: float, unpriced: int) -> str:
    """What was spent, in words; ``unpriced`` runs are of unknown cost, which is not nothing."""
    if not unpriced:
        return usd(amount_usd)
    return f"{usd(amount_usd)} and {unpriced} of unknown cost" if amount_usd else "cost unknown"


def run_reasons(run: RunReport) -> Iterator[str]:
    """Each expectation that failed, or is unscored where none failed; first the step of a chain
    that is to blame, and what speaks against it beside the expectations."""
    if run.blamed:
        yield f"failed first at step {run.blamed!r}"
        said = [
            f"{score.name}: {score.reason}" if score.reason else score.name for score in run.scores
        ]
        yield from (f"{run.blamed}: {reason}" for reason in run.because if reason not in said)
    wanted = False if run.passed is False else None
    for score in run.scores:
        if score.passed is wanted:
            yield _reason(score)
    if run.error is not None:
        yield run.error


def _reason(score: Score) -> str:
    degree = "" if score.score is None else f" ({score.score:.2f})"
    return f"{score.label}{degree}: {score.reason or 'failed'}"


def case_note(case: CaseReport) -> str:
    """``de, irony; passed in 3 of 5 runs``."""
    notes = [", ".join(case.tags)] if case.tags else []
    if case.verdict == "flaky":
        passed = sum(run.passed is True for run in case.runs)
        notes.append(f"passed in {passed} of {len(case.runs)} runs")
    elif len(case.runs) > 1 and case.verdict == "failed":
        notes.append(f"failed in all {len(case.runs)} runs")
    return "; ".join(notes)


def percent(share: float) -> str:
    """``73.2%``: rounded down, so that only all of them are 100 %."""
    return f"{math.floor(share * 1000 + 1e-9) / 10:.1f}%"


def interval(share: Share) -> str:
    return f"{100 * share.low:.0f} to {100 * share.high:.0f}%"


def usd(amount: float | None) -> str:
    return format_usd(None if amount is None else round(amount * NUSD_PER_USD))
