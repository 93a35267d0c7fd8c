"""Two states of a task on the same cases: what differs, and whether that can be told from chance.

Cases are pairs, and each counts once however often it ran. Expectations are those of the second
state where both have the case, for both, so that a changed expectation is no difference.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from roadworthy.core import NUSD_PER_USD
from roadworthy.core.errors import InvalidInput
from roadworthy.evaluation.runner import SubjectRuns, WhyLeftOut
from roadworthy.evaluation.session import Session
from roadworthy.evaluation.states import State, bound_models, cases_beside, read_state
from roadworthy.evaluation.subjects import AskedCase
from roadworthy.registry import CaseResult, Registry
from roadworthy.registry.binding import binding_of_task, describe_task_binding
from roadworthy.stats import (
    cases_needed,
    detectable,
    mean_difference,
    share_difference,
    sign_test,
)
from roadworthy.tasks import Suite

__all__ = [
    "CaseChange",
    "Comparison",
    "FigureDifference",
    "Verdict",
    "compare_runs",
    "run_comparison",
]

Verdict: TypeAlias = Literal["better", "worse", "cannot_tell", "same"]
"""Of the second state. ``same``: both answer by one definition on one model."""


class FigureDifference(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of both, and the second less the first."""

    name: str
    """``pass_rate``, ``score``, ``latency_ms``, ``cost_usd``; or a tag."""
    a: float
    b: float
    difference: float
    low: float
    high: float
    """Ends of the 95 % interval of the difference."""
    cases: int

    @property
    def told(self) -> bool:
        """Whether the data tell it from none."""
        return self.low > 0 or self.high < 0


class CaseChange(msgspec.Struct, frozen=True, kw_only=True):
    """A case that passes more often on one side."""

    id: str
    tags: tuple[str, ...]
    a: float
    b: float
    """Shares of the runs that passed."""
    reason: str = ""
    """Of the first failure on the side that passes less."""
    call: str | None = None
    """That failure's call."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What comparing found."""

    format: int = 1
    task: str
    a: str
    b: str
    models: tuple[str, str]
    same: bool = False
    cases: int = 0
    """Pairs with a verdict on both sides."""
    pass_rate: FigureDifference | None = None
    figures: tuple[FigureDifference, ...] = ()
    """Score, latency and cost, as far as they were measured on both sides."""
    tags: tuple[FigureDifference, ...] = ()
    """Pass rates by tag. Of twenty tags one differs by chance alone."""
    better: tuple[CaseChange, ...] = ()
    worse: tuple[CaseChange, ...] = ()
    sign_p: float = 1.0
    """How likely chance alone gives as uneven a count of better and worse; McNemar's exact test
    where every case ran once."""
    needed: int | None = None
    """Cases like these that would show a pass rate as different as this four times out of five;
    None: there is no difference to show."""
    detectable: float = math.inf
    """The smallest difference in pass rate that these cases show four times out of five."""
    unpaired: tuple[str, ...] = ()
    """Ids of cases that only one side accepts, or has a verdict of."""
    left_out: WhyLeftOut | None = None
    recalled: int = 0
    asked: int = 0
    spent_usd: float = 0.0
    unpriced: int = 0
    """Runs asked now whose cost is not known."""
    seconds: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """What the pass rate says."""
        if self.same:
            return "same"
        if self.pass_rate is None or not self.pass_rate.told:
            return "cannot_tell"
        return "better" if self.pass_rate.difference > 0 else "worse"


async def run_comparison(session: Session, task: str, a: str, b: str) -> Comparison:
    """Measure what is missing of both, and compare.

    Raises:
        NotFound: there is no such version.
        InvalidInput: there is no case to compare by.
    """
    project = session.project

    def read_both(registry: Registry | None) -> list[State]:
        first = read_state(project, task, a, registry)
        second = read_state(project, task, b, registry)
        pairs = [(case, second.suite) for case in second.suite.cases]
        pairs += cases_beside(second.suite, first.suite)
        if not pairs:
            raise InvalidInput(
                f"neither {first.version} nor {second.version} of {task} has cases to compare by;"
                f" write tasks/{task}/cases.jsonl"
            )
        return [replace(state, suite=Suite(), beside=tuple(pairs)) for state in (first, second)]

    with session.reading() as registry:
        first, second = read_both(registry)
    bound = [bound_models(project, state.definition).__getitem__ for state in (first, second)]
    definitions = (first.definition, second.definition)
    bindings = [binding_of_task(*pair) for pair in zip(definitions, bound, strict=True)]
    named = Comparison(
        task=task,
        a=first.version,
        b=second.version,
        models=(
            describe_task_binding(first.definition, bound[0]),
            describe_task_binding(second.definition, bound[1]),
        ),
        same=first.definition.digest == second.definition.digest and bindings[0] == bindings[1],
    )
    if named.same:
        return named
    _, found = await session.measure(read_both, keep_scores=False)
    new = [measured.result for runs in found.runs for measured in runs.new]
    return msgspec.structs.replace(
        compare_runs(named, *found.runs),
        left_out=found.left_out,
        asked=len(new),
        recalled=sum(len(of) for runs in found.runs for of in runs.runs.values()) - len(new),
        unpriced=sum(result.cost_nusd is None for result in new),
        spent_usd=found.spent_nusd / NUSD_PER_USD,
        seconds=round(found.seconds, 3),
    )


class _Pair(NamedTuple):
    case: AskedCase
    a: list[CaseResult]
    b: list[CaseResult]

    @property
    def difference(self) -> float:
        return _passing(self.b) - _passing(self.a)


def compare_runs(named: Comparison, a: SubjectRuns, b: SubjectRuns) -> Comparison:
    """The comparison of what was measured. Pure."""
    pairs, unpaired = _paired(a, b)
    differences = [pair.difference for pair in pairs]
    better = [pair for pair in pairs if pair.difference > 0]
    worse = [pair for pair in pairs if pair.difference < 0]
    return msgspec.structs.replace(
        named,
        cases=len(pairs),
        pass_rate=_pass_rate("pass_rate", pairs) if pairs else None,
        figures=tuple(_figures(pairs)),
        tags=tuple(
            _pass_rate(tag, [pair for pair in pairs if tag in pair.case.case.tags])
            for tag in sorted({tag for pair in pairs for tag in pair.case.case.tags})
        ),
        better=tuple(_change(pair, pair.a) for pair in better),
        worse=tuple(_change(pair, pair.b) for pair in worse),
        sign_p=sign_test(len(better), len(worse)),
        needed=cases_needed(differences),
        detectable=detectable(differences),
        unpaired=unpaired,
    )


def _paired(a: SubjectRuns, b: SubjectRuns) -> tuple[list[_Pair], tuple[str, ...]]:
    first, second = _decided(a), _decided(b)
    cases = {case.question: case for case in (*a.subject.cases, *b.subject.cases)}
    pairs = [_Pair(cases[q], first[q], second[q]) for q in cases if q in first and q in second]
    unpaired = [case.id for q, case in cases.items() if (q in first) != (q in second)]
    return pairs, tuple(unpaired)


def _decided(runs: SubjectRuns) -> Mapping[str, list[CaseResult]]:
    """By question, the runs with a verdict; questions without one are left out."""
    found = {
        question: [
            measured.result for measured in of.values() if measured.result.passed is not None
        ]
        for question, of in runs.runs.items()
    }
    return {question: results for question, results in found.items() if results}


def _pass_rate(name: str, pairs: Sequence[_Pair]) -> FigureDifference:
    weights = [pair.case.case.weight for pair in pairs]
    found = share_difference([pair.difference for pair in pairs], weights)
    total = math.fsum(weights) or 1.0

    def mean(side: Callable[[_Pair], list[CaseResult]]) -> float:
        shares = (w * _passing(side(pair)) for w, pair in zip(weights, pairs, strict=True))
        return math.fsum(shares) / total

    return FigureDifference(
        name=name,
        a=mean(lambda pair: pair.a),
        b=mean(lambda pair: pair.b),
        difference=found.value,
        low=found.low,
        high=found.high,
        cases=len(pairs),
    )


def _figures(pairs: Sequence[_Pair]) -> Iterator[FigureDifference]:
    of_run: dict[str, Callable[[CaseResult], float | None]] = {
        "score": _degree,
        "latency_ms": lambda result: result.latency_ms,
        "cost_usd": lambda result: (
            None if result.cost_nusd is None else result.cost_nusd / NUSD_PER_USD
        ),
    }
    for name, value in of_run.items():
        means = [(_mean(value, pair.a), _mean(value, pair.b)) for pair in pairs]
        both = [(a, b) for a, b in means if a is not None and b is not None]
        found = mean_difference([b - a for a, b in both])
        if found is not None and any(a or b for a, b in both):
            yield FigureDifference(
                name=name,
                a=math.fsum(a for a, _ in both) / len(both),
                b=math.fsum(b for _, b in both) / len(both),
                difference=found.value,
                low=found.low,
                high=found.high,
                cases=len(both),
            )


def _passing(results: Sequence[CaseResult]) -> float:
    return sum(result.passed is True for result in results) / len(results)


def _degree(result: CaseResult) -> float | None:
    """The mean of a run's scores that have degrees."""
    degrees = [score.score for score in result.scores if score.score is not None]
    return math.fsum(degrees) / len(degrees) if degrees else None


def _mean(
    value: Callable[[CaseResult], float | None], results: Sequence[CaseResult]
) -> float | None:
    values = [found for result in results if (found := value(result)) is not None]
    return math.fsum(values) / len(values) if values else None


def _change(pair: _Pair, failing: Sequence[CaseResult]) -> CaseChange:
    failed = next(result for result in failing if result.passed is False)
    score = next((score for score in failed.scores if score.passed is False), None)
    return CaseChange(
        id=pair.case.id,
        tags=tuple(pair.case.case.tags),
        a=_passing(pair.a),
        b=_passing(pair.b),
        reason="" if score is None else f"{score.label}: {score.reason or 'failed'}",
        call=failed.call_id,
    )
