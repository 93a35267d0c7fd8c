"""From runs to the report. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from roadworthy.core import NUSD_PER_USD
from roadworthy.evaluation.blame import Blame
from roadworthy.evaluation.blame_report import blamed_runs, reasons_of
from roadworthy.evaluation.recorded import RecordedCases
from roadworthy.evaluation.report import (
    CaseReport,
    CaseVerdict,
    RecordedReport,
    RepeatsReport,
    RunReport,
    TaskReport,
)
from roadworthy.evaluation.runner import Measured, SubjectRuns
from roadworthy.evaluation.subjects import AskedCase
from roadworthy.registry import CaseResult, Miss
from roadworthy.registry.figures import CaseRuns, figures_of, share_of
from roadworthy.registry.gate import decide, has_thresholds
from roadworthy.stats import pairwise_agreement, pass_at_k, pass_hat_k, share_identical
from roadworthy.tasks import Gate

__all__ = ["task_report"]


def task_report(
    found: SubjectRuns,
    *,
    gate: Gate,
    misses: Collection[Miss] | None = None,
    partial: bool = False,
    recorded: RecordedCases | None = None,
) -> TaskReport:
    """What became of the subject. ``misses`` are those that the registry found; None: they are
    found here. ``recorded`` is what its cases were made of, if that is calls."""
    answers = {} if recorded is None else recorded.answers
    subject = found.subject
    runs = {case.id: _runs(found, case) for case in subject.cases}
    asked = [case for case in subject.cases if runs[case.id]]
    figures = figures_of(
        [
            CaseRuns(
                id=case.id,
                tags=case.case.tags,
                weight=case.case.weight,
                runs=[measured.result for measured in runs[case.id]],
            )
            for case in asked
        ]
    )
    blamed = blamed_runs(found)
    by_run = {} if blamed is None else blamed.by_run
    new = [m.result for case in asked for m in runs[case.id] if m.asked]
    return TaskReport(
        task=subject.task,
        version=subject.version,
        definition=subject.definition.digest,
        model=subject.answered_by,
        binding=subject.binding,
        figures=figures,
        repeats=_repeats([(case, runs[case.id]) for case in asked]),
        cases=tuple(_case(case, runs[case.id], answers, by_run) for case in subject.cases),
        recorded=None
        if recorded is None
        else _recorded(recorded, [(case, runs[case.id]) for case in asked]),
        blame=None if blamed is None else blamed.report,
        gate=has_thresholds(gate),
        misses=tuple(decide(gate, figures) if misses is None else misses),
        invalid=subject.invalid,
        partial=partial,
        asked=found.asked,
        recalled=sum(map(len, runs.values())) - found.asked,
        rescored=found.rescored,
        left_out=found.left_out,
        cost_usd=sum(result.cost_nusd or 0 for result in new) / NUSD_PER_USD,
        unpriced=sum(result.cost_nusd is None for result in new),
    )


def _runs(found: SubjectRuns, case: AskedCase) -> list[Measured]:
    runs = found.runs.get(case.question, {})
    return [runs[run] for run in sorted(runs)]


def _case(
    case: AskedCase,
    runs: Sequence[Measured],
    recorded: Mapping[str, Any],
    blamed: Mapping[tuple[str, int], Blame],
) -> CaseReport:
    answers = [_answer(measured.result) for measured in runs]
    repeated = len(answers) > 1
    return CaseReport(
        id=case.id,
        verdict=_verdict([measured.result.passed for measured in runs]),
        tags=tuple(case.case.tags),
        weight=case.case.weight,
        question=case.question,
        runs=tuple(_run(one, blamed.get((case.question, one.result.key.run))) for one in runs),
        wanted=case.runs,
        identical=share_identical(answers) if repeated else None,
        agreement=pairwise_agreement(answers) if repeated else None,
        as_recorded=_as_recorded(case, runs, recorded),
    )


def _as_recorded(
    case: AskedCase, runs: Sequence[Measured], recorded: Mapping[str, Any]
) -> bool | None:
    if not runs or case.question not in recorded:
        return None
    then = _canonical(recorded[case.question])
    return all(_answer(measured.result) == then for measured in runs)


def _recorded(
    recorded: RecordedCases, cases: Sequence[tuple[AskedCase, Sequence[Measured]]]
) -> RecordedReport:
    known = recorded.answers
    compared = [(case, runs) for case, runs in cases if case.question in known]
    same = [_as_recorded(case, runs, known) is True for case, runs in compared]
    fields: dict[str, list[tuple[bool, float]]] = {}
    for case, runs in compared:
        then = known[case.question]
        for name in then if isinstance(then, dict) else ():
            answered = [run.result.value for run in runs]
            kept = all(isinstance(now, dict) and now.get(name) == then[name] for now in answered)
            fields.setdefault(name, []).append((kept, case.case.weight))
    return RecordedReport(
        calls=recorded.calls,
        inputs=len(recorded.suite.cases),
        without_input=recorded.without_input,
        same=share_of(same, [case.case.weight for case, _ in compared]),
        fields={
            name: sum(weight for kept, weight in seen if kept) / sum(weight for _, weight in seen)
            for name, seen in fields.items()
        },
    )


def _verdict(passed: Sequence[bool | None]) -> CaseVerdict:
    if not passed:
        return "left_out"
    if False in passed:
        return "flaky" if True in passed else "failed"
    return "passed" if True in passed else "unscored"


def _run(measured: Measured, blamed: Blame | None) -> RunReport:
    result = measured.result
    return RunReport(
        run=result.key.run,
        passed=result.passed,
        outcome=result.outcome,
        value=result.value,
        error=result.error,
        scores=result.scores,
        latency_ms=round(result.latency_ms, 3),
        cost_usd=None if result.cost_nusd is None else result.cost_nusd / NUSD_PER_USD,
        call=result.call_id,
        asked=measured.asked,
        blamed="" if blamed is None else blamed.step,
        because=() if blamed is None else reasons_of(blamed),
    )


def _repeats(cases: Sequence[tuple[AskedCase, Sequence[Measured]]]) -> RepeatsReport | None:
    repeated = [[m.result for m in runs] for _, runs in cases if len(runs) > 1]
    if not repeated:
        return None
    k = min(map(len, repeated))
    scored = [
        (len(verdicts), verdicts.count(True))
        for runs in repeated
        if None not in (verdicts := [run.passed for run in runs])
    ]
    return RepeatsReport(
        k=k,
        cases=len(repeated),
        identical=_mean(share_identical(list(map(_answer, runs))) for runs in repeated),
        agreement=_mean(pairwise_agreement(list(map(_answer, runs))) for runs in repeated),
        fields=_by_field(repeated),
        pass_at=_curve(pass_at_k, scored, k),
        pass_hat=_curve(pass_hat_k, scored, k),
    )


def _curve(
    figure: Callable[..., float], scored: Sequence[tuple[int, int]], most: int
) -> list[float]:
    if not scored:
        return []
    return [_mean(figure(n, passed, k=k) for n, passed in scored) for k in range(1, most + 1)]


def _by_field(repeated: Sequence[Sequence[CaseResult]]) -> dict[str, float]:
    """Agreement of each field, over the runs that delivered an object with it."""
    found: dict[str, list[float]] = {}
    for runs in repeated:
        values = [run.value for run in runs if run.error is None and isinstance(run.value, dict)]
        for name in dict.fromkeys(name for value in values for name in value):
            answers = [_canonical(value[name]) for value in values if name in value]
            if len(answers) > 1:
                found.setdefault(name, []).append(pairwise_agreement(answers))
    return {name: _mean(shares) for name, shares in found.items()}


def _answer(result: CaseResult) -> bytes:
    """Errors of one code are one answer, as in a gate's stability."""
    if result.error is not None:
        return b"error " + result.error.partition(":")[0].encode()
    return _canonical(result.value)


def _canonical(value: Any) -> bytes:
    return msgspec.json.encode(value, order="deterministic")


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return math.fsum(listed) / len(listed)
