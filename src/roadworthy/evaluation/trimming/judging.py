"""Whether a shorter prompt answers as well, by paired cases. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from roadworthy.evaluation.comparison import Comparison, compare_runs
from roadworthy.evaluation.runner import SubjectRuns
from roadworthy.evaluation.summary import task_report
from roadworthy.evaluation.trimming.report import TrimVerdict
from roadworthy.registry import Miss
from roadworthy.tasks import Gate

__all__ = ["Judged", "Terms", "judge"]


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a shorter prompt has to keep."""

    gate: Gate
    tolerance: float
    """Share of the cases that may be lost, in the balance."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What the cases say of a shorter prompt."""

    verdict: TrimVerdict
    compared: Comparison
    reason: str = ""
    misses: tuple[Miss, ...] = field(default=())

    @property
    def difference(self) -> float:
        return 0.0 if self.compared.pass_rate is None else self.compared.pass_rate.difference


def judge(before: SubjectRuns, after: SubjectRuns, terms: Terms, *, whole: bool = True) -> Judged:
    """The verdict on ``after``. ``whole``: all cases were asked, so that the gate can be."""
    subject = after.subject
    named = Comparison(
        task=subject.task, a="as it is", b="shorter", models=(subject.definition.model,) * 2
    )
    compared = compare_runs(named, before, after)
    misses = _new_misses(before, after, terms.gate) if whole else ()
    verdict, reason = _verdict(compared, misses, terms, whole=whole)
    return Judged(verdict=verdict, compared=compared, reason=reason, misses=misses)


def _verdict(
    compared: Comparison, misses: tuple[Miss, ...], terms: Terms, *, whole: bool
) -> tuple[TrimVerdict, str]:
    rate = compared.pass_rate
    if rate is None:
        return "doubtful", "no case has a verdict on both sides"
    if rate.high < 0:
        return "needed", f"{len(compared.worse)} cases fail without it"
    score = next((figure for figure in compared.figures if figure.name == "score"), None)
    if score is not None and score.high < 0:
        return "needed", f"scores fall by {-score.difference:.3f} without it"
    if not whole:
        return "spare", ""
    if misses:
        return "doubtful", misses[0].message
    if rate.difference < -terms.tolerance - 1e-9:
        return "doubtful", (
            f"{100 * rate.difference:+.1f} points, more than the {100 * terms.tolerance:g} that are"
            " tolerated"
        )
    return "spare", ""


def _new_misses(before: SubjectRuns, after: SubjectRuns, gate: Gate) -> tuple[Miss, ...]:
    """Thresholds that the shorter prompt misses and the prompt as it is does not, or by less."""
    known = {miss.figure: miss for miss in task_report(before, gate=gate).misses}
    return tuple(
        miss
        for miss in task_report(after, gate=gate).misses
        if miss.figure not in known or _further(miss, known[miss.figure])
    )


def _further(miss: Miss, known: Miss) -> bool:
    if miss.figure == "p95_ms":
        return False  # of two that are too slow, one is slower by chance
    if miss.found is None or known.found is None:
        return miss.found is None
    return abs(miss.found - miss.wanted) > abs(known.found - known.wanted) + 1e-12
