"""One run of one case: asked through the path of a call, and scored as a row that can be kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from roadworthy.core import NUSD_PER_USD, Call, Outcome, Usage
from roadworthy.core.errors import InvalidRequest, RoadworthyError
from roadworthy.evaluation.blame import DELIVERED
from roadworthy.evaluation.expectations import Answer, AnswerError, passed_of
from roadworthy.evaluation.step_runs import ChainCalls
from roadworthy.evaluation.step_scores import of_step, step_scores
from roadworthy.evaluation.subjects import AskedCase, Subject
from roadworthy.pipeline import CallRequest, Finished, Pipeline
from roadworthy.registry import CaseResult
from roadworthy.tasks.definition import ChainDefinition

__all__ = ["UNMEASURED", "Asked", "ask_once", "score"]

UNMEASURED: frozenset[Outcome] = frozenset({"errored", "cancelled"})
"""Outcomes that say nothing lasting of a version: such runs are asked anew."""


class Asked(NamedTuple):
    """What became of a question, not yet scored."""

    result: CaseResult
    text: str | None = None
    """What the model wrote; not kept with the result."""
    below: ChainCalls | None = None
    """The calls of a chain's steps; None: it is no chain, or nobody remembers them."""
    failed_step: str = ""
    """The step whose error the chain ended with."""


async def ask_once(
    pipeline: Pipeline, subject: Subject, case: AskedCase, run: int, *, environment: str = ""
) -> Asked:
    """What becomes of asking now. A provider that fails is a result, not an exception."""
    started_us = pipeline.clock.elapsed_us()
    chain = subject.definition.chain
    calls: list[Call] = []
    request = CallRequest(
        target=subject.target,
        surface="test",
        input=case.input,
        steps=None if chain is None else calls,
    )
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
    return Asked(
        result,
        text=attempts[-1].text if attempts else None,
        below=None if chain is None else _below(finished, result.call_id, calls),
        failed_step="" if error is None else error.step or "",
    )


def _below(finished: Finished | None, root: str | None, calls: Sequence[Call]) -> ChainCalls:
    if finished is not None:
        return ChainCalls.of(finished.call, calls)
    return ChainCalls(root or "", tuple(calls), {})


async def score(asked: Asked, case: AskedCase, chain: ChainDefinition | None = None) -> CaseResult:
    """The row with the scores of what is expected now, those of a chain's steps included."""
    result = asked.result
    cost_usd = None if result.cost_nusd is None else result.cost_nusd / NUSD_PER_USD
    answer = Answer(
        input=case.input,
        value=result.value,
        error=_error(result.error),
        text=asked.text,
        latency_ms=result.latency_ms,
        cost_usd=cost_usd,
    )
    scores = await case.expectations.score(answer)
    if asked.failed_step:
        scores = tuple(of_step(s, asked.failed_step) if s.name == DELIVERED else s for s in scores)
    if case.steps and chain is not None and asked.below is not None:
        scores += await step_scores(case.steps, asked.below.runs(chain))
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
