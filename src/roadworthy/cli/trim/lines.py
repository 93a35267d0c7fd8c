"""What `roadworthy trim` prints. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from roadworthy.cli.columns import columns
from roadworthy.core.visible import visible
from roadworthy.evaluation.comparison import FigureDifference
from roadworthy.evaluation.rows import percent, spent, usd
from roadworthy.evaluation.trimming import Budget, TrimPart, TrimPlan, TrimReport
from roadworthy.evaluation.trimming.report import Proposal

__all__ = ["plan_text", "trim_text"]

_TOO_WIDE: Final = 0.05
"""A loss that nobody would take unseen."""
_HEAD: Final = ("", "tokens", "a month", "pass rate", "95 % interval", "cases", "part", "where")
_PLAN_HEAD: Final = ("tokens", "a month", "part", "where")
_WHY: Final = {
    "questions": "the budget of questions was used up",
    "cost": "the next call could exceed --max-cost",
    "stopped": "it was stopped",
}


def plan_text(plan: TrimPlan, budget: Budget) -> str:
    """The parts, and what it takes to ask for each."""
    rows = [(_tokens(part), _month(part), _name(part), _where(part)) for part in plan.parts]
    cost = "cost unknown" if plan.usd is None else f"at most about {usd(plan.usd)}"
    return "\n".join(
        [
            f"{_title(plan.task, plan.model, plan.tokens, plan.estimated)}.",
            columns(_aligned([_PLAN_HEAD, *rows], numbers=2), indent=2),
            f"{plan.questions:,} questions to ask for each part alone, {cost}; each combination"
            f" {plan.runs:,} more. Budget: {_budget(budget.questions, budget.cost_usd)}.",
            _volume(plan.calls_a_month, plan.volume),
        ]
    )


def trim_text(report: TrimReport, *, patch_file: Path | None = None) -> str:
    """Part by part, then the proposal with its patch."""
    return "\n".join(_lines(report, patch_file))


def _lines(report: TrimReport, patch_file: Path | None) -> Iterator[str]:
    yield f"{_title(report.task, report.model, report.tokens, report.estimated)}."
    if report.pass_rate is not None:
        cases = f"{report.cases} case{'s' * (report.cases != 1)}"
        yield f"As it is, {percent(report.pass_rate.value)} of {cases} pass."
    for miss in report.misses:
        yield f"  {miss}"
    rows = [_row(part) for part in report.parts]
    yield columns(_aligned([_HEAD, *rows], numbers=3, first=1), indent=2)
    for part in report.parts:
        if part.verdict == "doubtful":
            yield f"  {visible(_name(part))}: {visible(part.reason)}"
    yield _volume(report.calls_a_month, report.volume)
    yield _spent(report)
    unmeasured = sum(part.verdict == "unmeasured" for part in report.parts)
    if report.left_out is not None:
        what = f"{unmeasured} parts were not measured" if unmeasured else "Not all was tried"
        yield f"{what}: {_WHY[report.left_out]}. The same command with more goes on from here."
    yield ""
    yield from _proposal(report, patch_file)


def _proposal(report: TrimReport, patch_file: Path | None) -> Iterator[str]:
    proposal = report.proposal
    if proposal is None:
        yield "Nothing is proposed: no part was seen to be spare."
        return
    number = len(proposal.parts)
    yield f"Proposed: leave out {number} part{'s' * (number != 1)}. {_saving(report, proposal)}."
    yield (
        f"Measured together: {_points(proposal.pass_rate.difference)} points of pass rate (95 %"
        f" interval {_span(proposal.pass_rate)}) on {proposal.pass_rate.cases} cases, which also"
        " chose what goes."
    )
    if proposal.pass_rate.low < -_TOO_WIDE:
        yield (
            f"So few cases cannot tell: it may have lost up to {-100 * proposal.pass_rate.low:.0f}"
            " points. Write more of them before you take it."
        )
    if proposal.worse:
        listed = ", ".join(visible(case) for case in proposal.worse[:10])
        yield f"Cases that pass less often: {listed}."
    if report.replayed:
        yield "Answers came from the cassette; this is no evidence."
    if patch_file is not None:
        yield f"git apply {patch_file}"
    else:
        yield "The patch, for `git apply` in the project's folder (-o FILE writes it):"
        yield ""
        yield proposal.patch.rstrip("\n")


def _saving(report: TrimReport, proposal: Proposal) -> str:
    said = f"{proposal.tokens:,.0f} tokens less a call"
    if report.tokens:
        after = report.tokens - proposal.tokens
        share = proposal.tokens / report.tokens
        said = f"{report.tokens:,.0f} → {after:,.0f} tokens a call ({percent(share)} less)"
    if proposal.usd_a_month is not None:
        said += f", {usd(proposal.usd_a_month)} a month"
    return said


def _title(task: str, model: str, tokens: float | None, estimated: bool) -> str:
    about = " (estimates)" if estimated else ""
    length = "" if tokens is None else f": {tokens:,.0f} tokens a call in the mean{about}"
    return f"{visible(task)}, on {visible(model)}{length}"


def _row(part: TrimPart) -> tuple[str, ...]:
    rate = part.pass_rate
    return (
        "goes" if part.proposed else part.verdict,
        _tokens(part),
        _month(part),
        "" if rate is None else _points(rate.difference),
        "" if rate is None else _span(rate),
        "" if rate is None else str(part.cases),
        _name(part),
        _where(part),
    )


def _aligned(rows: list[tuple[str, ...]], *, numbers: int, first: int = 0) -> list[tuple[str, ...]]:
    """The rows with these columns of figures flush right."""
    widths = {at: max(len(row[at]) for row in rows) for at in range(first, first + numbers)}
    return [
        tuple(cell.rjust(widths[at]) if at in widths else cell for at, cell in enumerate(row))
        for row in rows
    ]


def _name(part: TrimPart) -> str:
    return f"block {part.name}" if part.kind == "block" else part.name


def _where(part: TrimPart) -> str:
    return f"{part.file}:{part.line}"


def _tokens(part: TrimPart) -> str:
    return f"{part.tokens:,.0f}"


def _month(part: TrimPart) -> str:
    return "" if part.usd_a_month is None else usd(part.usd_a_month)


def _points(difference: float) -> str:
    return f"{100 * difference:+.1f}"


def _span(figure: FigureDifference) -> str:
    return f"{_points(figure.low)} to {_points(figure.high)}"


def _budget(questions: int | None, cost_usd: float | None) -> str:
    calls = "any number of questions" if questions is None else f"{questions:,} questions"
    return f"{calls}, {'no limit on money' if cost_usd is None else usd(cost_usd)}"


def _volume(calls: float | None, source: str) -> str:
    if calls is None:
        why = f": {source}" if source else ""
        return f"Money saved is not known{why}; state --calls-per-month."
    return f"Money at {calls:,.0f} calls a month ({source}), input at list price."


def _spent(report: TrimReport) -> str:
    runs = report.asked + report.recalled
    said = f"{runs:,} run{'s' * (runs != 1)}: {report.asked:,} asked"
    if report.recalled:
        said += f", {report.recalled:,} measured before"
    cost = spent(report.spent_usd, report.unpriced)
    return (
        f"{said}; {cost}; budget: {_budget(report.max_questions, report.max_cost_usd)};"
        f" {report.seconds:.1f} s."
    )
