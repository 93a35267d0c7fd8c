"""From runs of cases to the figures that a gate compares. Pure.

A case passes if none of its runs failed and at least one was scored as passed; it fails with one
run that failed; else it is unscored, and counts in no share.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from roadworthy.core import ANSWERED
from roadworthy.registry.moves import Figures, Share
from roadworthy.registry.results import CaseResult
from roadworthy.stats import wilson_interval

__all__ = ["CaseRuns", "by_case", "case_verdict", "figures_of", "share_of"]

NUSD_PER_USD = 1e9


class CaseRuns(NamedTuple):
    """One case with its runs."""

    id: str
    tags: Sequence[str]
    weight: float
    runs: Sequence[CaseResult]


def case_verdict(runs: Iterable[CaseResult]) -> bool | None:
    """Whether a case passes; None: it is unscored."""
    verdicts = {run.passed for run in runs}
    if False in verdicts:
        return False
    return True if True in verdicts else None


def figures_of(cases: Sequence[CaseRuns]) -> Figures:
    """The figures of these cases. What was not measured is None, which is not nought."""
    scored = [(case, verdict) for case in cases if (verdict := case_verdict(case.runs)) is not None]
    runs = [run for case in cases for run in case.runs]
    tags = sorted({tag for case in cases for tag in case.tags})
    by_tag = {
        tag: share
        for tag in tags
        if (share := _pass_rate((c, v) for c, v in scored if tag in c.tags)) is not None
    }
    return Figures(
        pass_rate=_pass_rate(scored),
        tags=by_tag,
        conformance=_conformance(cases),
        stability=_stability(cases),
        p95_ms=_quantile([run.latency_ms for run in runs], 0.95),
        cost_usd=_mean_cost_usd(runs),
        cases=len(cases),
        runs=len(runs),
        unscored=len(cases) - len(scored),
        flaky=tuple(case.id for case in cases if {True, False} <= {r.passed for r in case.runs}),
    )


def share_of(held: Sequence[bool], weights: Sequence[float] | None = None) -> Share | None:
    """The weighted share of what held, with its 95 % interval; None of nothing.

    Weights make few cases count for many, so the interval is that of as many cases as would tell
    as much: the square of the weights' sum over the sum of their squares.

    Source: Kish, Survey Sampling, 1965, section 11.7 (effective sample size).
    """
    weights = [1.0] * len(held) if weights is None else weights
    total = math.fsum(weights)
    if total <= 0:
        return None
    value = math.fsum(w for w, ok in zip(weights, held, strict=True) if ok) / total
    effective = total**2 / math.fsum(w * w for w in weights)
    interval = wilson_interval(value * effective, effective)
    return Share(value=value, low=interval.low, high=interval.high, n=len(held))


def _pass_rate(scored: Iterable[tuple[CaseRuns, bool]]) -> Share | None:
    pairs = list(scored)
    return share_of([verdict for _, verdict in pairs], [case.weight for case, _ in pairs])


def _conformance(cases: Sequence[CaseRuns]) -> Share | None:
    """The share of the runs that delivered. Runs of one case resemble each other, so the interval
    is that of as many independent runs as would vary as much as the cases do, at least one a case.

    Source: Kish, Survey Sampling, 1965 (ratio means of clusters, and their design effect).
    """
    delivered = [[run.outcome in ANSWERED for run in case.runs] for case in cases if case.runs]
    runs = sum(map(len, delivered))
    if not runs:
        return None
    value, n = sum(map(sum, delivered)) / runs, len(delivered)
    variance = math.fsum((sum(of) - value * len(of)) ** 2 for of in delivered) / runs**2
    variance *= n / max(1, n - 1)
    independent = float(n)
    if 0 < value < 1 and n > 1:
        by_runs = value * (1 - value) / runs
        independent = min(runs, max(n, runs * by_runs / variance)) if variance else float(runs)
    interval = wilson_interval(min(value * independent, independent), independent)
    return Share(value=value, low=interval.low, high=interval.high, n=runs)


def _stability(cases: Sequence[CaseRuns]) -> float | None:
    """How many of a case's runs give its most frequent answer, in the mean of those that ran more
    than once. Errors of one code are one answer."""
    repeated = [[_answer(run) for run in case.runs] for case in cases if len(case.runs) > 1]
    if not repeated:
        return None
    shares = [Counter(answers).most_common(1)[0][1] / len(answers) for answers in repeated]
    return math.fsum(shares) / len(shares)


def _answer(run: CaseResult) -> bytes:
    if run.error is not None:
        return b"error " + run.error.partition(":")[0].encode()
    return msgspec.json.encode(run.value, order="deterministic")


def _quantile(values: Sequence[float], share: float) -> float | None:
    """The least value that at least this share of them does not exceed."""
    if not values:
        return None
    return sorted(values)[math.ceil(share * len(values)) - 1]


def _mean_cost_usd(runs: Sequence[CaseResult]) -> float | None:
    costs: list[int] = [run.cost_nusd for run in runs if run.cost_nusd is not None]
    if not runs or len(costs) < len(runs):
        return None  # a price that is not known is not nought
    return sum(costs) / len(costs) / NUSD_PER_USD


def by_case(results: Iterable[CaseResult]) -> Mapping[str, list[CaseResult]]:
    """Results by the question they answer, in the order of their runs."""
    found: dict[str, list[CaseResult]] = {}
    for result in sorted(results, key=lambda result: result.key.run):
        found.setdefault(result.key.question, []).append(result)
    return found
