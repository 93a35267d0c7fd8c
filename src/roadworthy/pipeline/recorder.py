"""Writes stages and attempts into a `Call` as they happen."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from roadworthy.conformance import OutputSchema
from roadworthy.conformance.reasons import general_path, reasons_of
from roadworthy.core import (
    Attempt,
    Call,
    CallError,
    Clock,
    Outcome,
    Stage,
    Usage,
    cost_nusd,
)
from roadworthy.core.errors import RoadworthyError, UpstreamError, without_quotes
from roadworthy.models import Model, Reply
from roadworthy.pipeline.purse import Purse

__all__ = ["Recorder", "bug_error", "outcome_of", "without_texts"]


def outcome_of(reply: Reply) -> Outcome:
    """How a call without a schema ended."""
    if reply.refusal is not None or reply.stop_reason in ("content_filter", "refusal"):
        return "refused"
    return "truncated" if reply.stop_reason == "length" else "unchecked"


class _StageTimer:
    """A class, because a generator's context costs 4 µs more, five times a call."""

    __slots__ = ("_name", "_recorder", "_start_us")

    def __init__(self, recorder: Recorder, name: str) -> None:
        self._recorder = recorder
        self._name = name

    def __enter__(self) -> None:
        self._start_us = self._recorder.offset_us()

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self._recorder.call.stages.append(
            Stage(
                name=self._name,
                start_us=self._start_us,
                duration_us=self._recorder.offset_us() - self._start_us,
                note=error.code if isinstance(error, RoadworthyError) else "",
            )
        )


class Recorder:
    """The pen of one call. Times it writes are microseconds from the call's start."""

    schema: OutputSchema | None = None
    """What the answer must conform to, once that is known."""

    purse: Purse | None = None
    """What the call may spend; None: there is no limit."""

    settled: bool = False
    """Whether the call has ended and stands in the journal."""

    def __init__(self, call: Call, clock: Clock, *, above: Recorder | None = None) -> None:
        self.call = call
        self.above = above
        """The chain's that this call is a step of; None: a caller made it."""
        self.below: list[Call] = []
        """The calls of its steps, and theirs, as they end."""
        self._clock = clock
        self._began_us = clock.elapsed_us()

    @property
    def began_us(self) -> int:
        """The call's start, on `Clock.elapsed_us`."""
        return self._began_us

    def offset_us(self) -> int:
        return self._clock.elapsed_us() - self._began_us

    def branch(self) -> Recorder:
        """A pen for one of several answers to the same call: how that ends is said of the answer
        alone, and its attempts stand in the call as well."""
        return _Branch(self, self._clock)

    def stage(self, name: str) -> _StageTimer:
        """A context that writes one stage into the call, however it is left."""
        return _StageTimer(self, name)

    def begin_attempt(self, attempt: Attempt) -> Attempt:
        """
        Raises:
            CostLimitReached: nothing is left to pay it with; it did not begin.
        """
        if self.purse is not None:
            self.purse.require()
        attempt.start_us = self.offset_us()
        self.call.attempts.append(attempt)
        return attempt

    def end_attempt(self, attempt: Attempt, model: Model, reply: Reply) -> None:
        attempt.duration_us = self.offset_us() - attempt.start_us
        attempt.status = reply.status
        attempt.retries = reply.retries
        attempt.stop_reason = reply.stop_reason
        attempt.upstream_model = reply.upstream_model
        attempt.usage = reply.usage
        attempt.cost_nusd = cost_nusd(reply.usage, model.price)
        attempt.text = reply.text
        if self.purse is not None:
            self.purse.spend(attempt.cost_nusd)

    def fail_attempt(self, attempt: Attempt, error: RoadworthyError | None) -> None:
        """None: the call was given up."""
        attempt.duration_us = self.offset_us() - attempt.start_us
        attempt.error = "cancelled" if error is None else error.code
        if isinstance(error, UpstreamError):
            attempt.status, attempt.retries = error.upstream_status, error.retries

    def finish(self, outcome: Outcome, error: RoadworthyError | None = None) -> None:
        """Sum the attempts and the steps up, and fix how the call ended."""
        call = self.call
        call.outcome = outcome
        if error is not None:
            call.error = CallError(
                status=error.status, code=error.code, message=error.message, param=error.param
            )
        spent: Sequence[Attempt | Call] = call.attempts
        if self.below:
            spent = [*spent, *(step for step in self.below if step.parent_id == call.id)]
        if not spent:  # no model was asked: nothing was spent, which is known
            call.usage, call.cost_nusd = Usage(input_tokens=0, output_tokens=0), 0
        for each in spent:
            call.usage += each.usage
            if each.cost_nusd is not None:
                call.cost_nusd = (call.cost_nusd or 0) + each.cost_nusd
        if self.schema is not None and outcome != "first_pass":
            call.reasons = call.reasons or reasons_of(call, self.schema)
        call.duration_us = self.offset_us()


class _Branch(Recorder):
    """See `Recorder.branch`."""

    def __init__(self, trunk: Recorder, clock: Clock) -> None:
        call = msgspec.structs.replace(trunk.call, attempts=[], stages=[])
        super().__init__(call, clock, above=trunk.above)
        self._trunk = trunk
        self._began_us = trunk.began_us
        self.schema, self.purse = trunk.schema, trunk.purse

    def begin_attempt(self, attempt: Attempt) -> Attempt:
        super().begin_attempt(attempt)
        self._trunk.call.attempts.append(attempt)
        return attempt


def bug_error(call: Call) -> RoadworthyError:
    """What a caller is told of a fault of the gateway's own, which its log explains."""
    error = RoadworthyError(
        f"the gateway failed on this call; its log names the cause under {call.id}"
    )
    error.call_id = call.id
    return error


def without_texts(call: Call, schema: OutputSchema | None = None) -> Call:
    """A copy that holds figures only: no input, messages, raw answers, values or repairs, and no
    error's words about them. Its reasons stay, and confidence in fields that the schema declares:
    they hold the schema's names and no others."""
    attempts = [
        msgspec.structs.replace(attempt, text=None, violations=()) for attempt in call.attempts
    ]
    error = call.error
    if error is not None:
        message = without_quotes(error.code, error.message)
        # Below a field of the request stand names that its caller chose.
        param = None if error.param is None else error.param.partition("/")[0]
        error = msgspec.structs.replace(error, message=message, param=param)
    confidence = {
        path: found
        for path, found in call.confidence.items()
        if schema is not None and general_path(path, schema) == path
    }
    return msgspec.structs.replace(
        call,
        input=None,
        messages=[],
        value=None,
        repairs=(),
        attempts=attempts,
        error=error,
        confidence=confidence,
    )
