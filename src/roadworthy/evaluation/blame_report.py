"""From the runs of a chain to which step fails first, and what share of failures that is. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from roadworthy.evaluation.blame import Blame, blame, findings_of, top_step, wired_from
from roadworthy.evaluation.report import BlameReport, StepBlame
from roadworthy.evaluation.runner import Measured, SubjectRuns
from roadworthy.evaluation.step_runs import StepRun, answer_of_step
from roadworthy.evaluation.subjects import AskedCase
from roadworthy.registry.figures import share_of
from roadworthy.tasks.chain.order import topological
from roadworthy.tasks.definition import ChainDefinition, StepDefinition

__all__ = ["Blamed", "blamed_runs", "reasons_of"]


@dataclass(frozen=True, kw_only=True)
class Blamed:
    """What failing runs of one chain are blamed on."""

    report: BlameReport
    by_run: Mapping[tuple[str, int], Blame] = field(default_factory=dict)
    """By question and run; runs that nothing explains are not among them."""


def blamed_runs(found: SubjectRuns) -> Blamed | None:
    """None: it is no chain, or nobody wants to know."""
    subject, chain = found.subject, found.subject.definition.chain
    if chain is None or subject.own is None:
        return None
    by_run: dict[tuple[str, int], Blame] = {}
    failing, unexplained = 0, []
    failed_in = Counter[str]()
    for case, measured in _runs(found):
        if measured.result.passed is not False:
            continue
        failing += 1
        blamed = _blame(chain, case, measured)
        if blamed is None:
            unexplained.append(case.id)
            continue
        by_run[case.question, measured.result.key.run] = blamed
        failed_in.update([blamed.step, *blamed.behind])
    firsts = [blamed.step for blamed in by_run.values()]
    steps = _steps(chain, [measured for _, measured in _runs(found)])
    report = BlameReport(
        failing=failing,
        unexplained=len(unexplained),
        unexplained_cases=tuple(dict.fromkeys(unexplained)),
        steps=tuple(
            _step_blame(chain, step, runs, failed_in[step.name], _against(firsts, step, failing))
            for step, runs in steps
        ),
    )
    return Blamed(report=report, by_run=by_run)


def _runs(found: SubjectRuns) -> Iterator[tuple[AskedCase, Measured]]:
    for case in found.subject.cases:
        runs = found.runs.get(case.question, {})
        yield from ((case, runs[run]) for run in sorted(runs))


def _blame(chain: ChainDefinition, case: AskedCase, measured: Measured) -> Blame | None:
    result = measured.result
    # Without a value every expectation of one fails, whichever step it would have come from.
    places = case.expectations.places if result.error is None else {}
    findings = findings_of(result.scores, wired_from(chain), places)
    return blame(chain, [*findings, *measured.own])


def _against(firsts: Sequence[str], step: StepDefinition, failing: int) -> list[bool]:
    """For each failing run, whether this step failed first; those that nothing explains are no
    step's."""
    own = [first == step.name for first in firsts]
    return own + [False] * (failing - len(own))


def _steps(
    chain: ChainDefinition, measured: Sequence[Measured]
) -> Iterator[tuple[StepDefinition, list[StepRun]]]:
    known = [one.below.runs(chain) for one in measured if one.below is not None]
    for step in topological(chain):
        yield step, [runs[step.name] for runs in known if runs[step.name].calls]


def _step_blame(
    chain: ChainDefinition,
    step: StepDefinition,
    runs: Sequence[StepRun],
    failed: int,
    first: Sequence[bool],
) -> StepBlame:
    answers = [answer_of_step(run) for run in runs]
    times = sorted(answer.latency_ms for answer in answers if answer.latency_ms is not None)
    costs = [answer.cost_usd for answer in answers if answer.cost_usd is not None]
    return StepBlame(
        step=step.name,
        task=step.task,
        version=chain.tasks[step.task].version,
        runs=len(runs),
        failing=failed,
        first=sum(first),
        share=share_of(first),
        p50_ms=_quantile(times, 0.5),
        p95_ms=_quantile(times, 0.95),
        cost_usd=sum(costs) / len(costs) if costs and len(costs) == len(runs) else None,
    )


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    return round(ordered[math.ceil(share * len(ordered)) - 1], 3) if ordered else None


def reasons_of(blamed: Blame) -> tuple[str, ...]:
    """What speaks against the step, where an inner step or an item is meant with its name."""
    return tuple(
        one.reason if one.step == top_step(one.step) else f"{one.step}: {one.reason}"
        for one in blamed.findings
    )
