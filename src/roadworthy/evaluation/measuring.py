"""One run of one case: asked through the path of a call, and scored as a row that can be kept."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from roadworthy.core import NUSD_PER_USD, Outcome, Usage
from roadworthy.core.errors import InvalidRequest, RoadworthyError
from roadworthy.evaluation.expectations import Answer, AnswerError, passed_of
from roadworthy.evaluation.subjects import AskedCase, Subject
from roadworthy.pipeline import CallRequest, Finished, Pipeline
from roadworthy.registry import CaseResult

__all__ = ["UNMEASURED", "Asked", "ask_once", "score"]

UNMEASURED: frozenset[Outcome] = frozenset({"errored", "cancelled"})
"""Outcomes that say nothing lasting of a version: such runs are asked anew."""


class Asked(NamedTuple):
    """What became of a question, not yet scored."""

    result: CaseResult
    text: str | None = None
    """What the model wrote; not kept with the result."""


async def ask_once(
    pipeline: Pipeline, subject: Subject, case: AskedCase, run: int, *, environment: str = ""
) -> Asked:
    """What becomes of asking now. A provider that fails is a result, not an exception."""
    started_us = pipeline.clock.elapsed_us()
    request = CallRequest(target=subject.target, surface="test", input=case.input)
    finished: Finished | None = None
    try:
        finished = await pipeline.run(request)
        error = finished.error
    except RoadworthyError as raised:
        error = raised
    latency_ms = (pipeline.clock.elapsed_us() - started_us) / 1000
    usage = Usage() if finished is None else finished.call.usage
    result = CaseResult(
        key=subject.key(case, run),
        expected=case.expected,
        case_id=case.id,
        outcome=_outcome(finished, error),
        value=None if finished is None or error is not None else finished.call.value,
        error=None if error is None else f"{error.code}: {error.message}",
        latency_ms=latency_ms,
        cost_nusd=None if finished is None else finished.call.cost_nusd,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        call_id=error.call_id if error is not None and finished is None else _call_id(finished),
        at_us=pipeline.clock.now_us(),
        environment=environment,
    )
    attempts = [] if finished is None else finished.call.attempts
    return Asked(result, attempts[-1].text if attempts else None)


async def score(asked: Asked, case: AskedCase) -> CaseResult:
    """The row with the scores of what is expected now."""
    result, text = asked
    cost_usd = None if result.cost_nusd is None else result.cost_nusd / NUSD_PER_USD
    answer = Answer(
        input=case.input,
        value=result.value,
        error=_error(result.error),
        text=text,
        latency_ms=result.latency_ms,
        cost_usd=cost_usd,
    )
    scores = await case.expectations.score(answer)
    return msgspec.structs.replace(
        result,
        case_id=case.id,
        expected=case.expected,
        scores=scores,
        passed=passed_of(scores),
    )


def _error(text: str | None) -> AnswerError | None:
    if text is None:
        return None
    code, _, message = text.partition(": ")
    return AnswerError(code, message)


def _call_id(finished: Finished | None) -> str | None:
    return None if finished is None else finished.call.id


def _outcome(finished: Finished | None, error: RoadworthyError | None) -> Outcome:
    if finished is not None:
        return finished.call.outcome
    return "rejected" if isinstance(error, InvalidRequest) else "errored"
