"""A call whose answer flows to the caller while the model is still writing it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Self

from roadworthy.core import Attempt, Outcome, StopReason, Usage
from roadworthy.core.errors import RoadworthyError
from roadworthy.models import Delta, Model, Reply
from roadworthy.pipeline.generate import Generation
from roadworthy.pipeline.recorder import Recorder
from roadworthy.pipeline.request import Finished

__all__ = ["Flow", "Whole", "outcome_of"]

MAX_RECORDED_CHARS = 4_000_000
"""What is kept of a streamed answer for the record; the caller is sent all of it."""


def outcome_of(reply: Reply) -> Outcome:
    """How a call without a schema ended."""
    if reply.refusal is not None or reply.stop_reason in ("content_filter", "refusal"):
        return "refused"
    return "truncated" if reply.stop_reason == "length" else "unchecked"


class Flow:
    """Deltas of one upstream stream. The last ones are held back until the call is settled.

    Not an async generator: one that was never started runs no ``finally``, and a caller who
    goes away before the first event would leave an open connection and an unrecorded call.
    """

    def __init__(
        self,
        generation: Generation,
        settle: Callable[[Outcome, RoadworthyError | None], None],
    ) -> None:
        self._model: Model = generation.prepared.model
        self._recorder: Recorder = generation.recorder
        self._upstream: AbstractAsyncContextManager[AsyncIterator[list[Delta]]] = (
            generation.upstream.stream(
                self._model,
                generation.ask(generation.prepared.messages, generation.prepared.structured),
            )
        )
        self._settle = settle
        self._settled = False
        self._open = False
        self._held: list[Delta] = []
        self._pieces: list[str] = []
        self._chars = 0
        self._stop_reason: StopReason = "unknown"
        self._usage = Usage()
        self._upstream_model = ""
        self._attempt = Attempt(model=self._model.name, provider=self._model.provider)

    async def open(self) -> Self:
        """Wait for the upstream's first event.

        Raises:
            RoadworthyError: the upstream failed before it; the call is settled.
        """
        self._recorder.begin_attempt(self._attempt)
        try:
            self._deltas = await self._upstream.__aenter__()
        except RoadworthyError as error:
            self._fail(error)
            raise
        except BaseException:
            self._end("cancelled", None, "cancelled")
            raise
        self._open = True
        return self

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[Delta]:
        try:
            while not self._settled:
                try:
                    batch = await anext(self._deltas)
                except StopAsyncIteration:
                    await self._close_upstream()
                    self._finish()
                    break
                if ready := self._note(batch):
                    return ready
        except RoadworthyError as error:
            await self._close_upstream()
            if not self._settled:  # else it is the journal that failed
                self._fail(error)
            raise
        except BaseException:
            await self.aclose()
            raise
        if not self._held:
            raise StopAsyncIteration
        held, self._held = self._held, []
        return held

    async def aclose(self) -> None:
        """End the call, whatever its state; a caller who goes away is recorded as such."""
        await self._close_upstream()
        if not self._settled:
            self._end("cancelled", None, "cancelled")

    async def _close_upstream(self) -> None:
        if self._open:
            self._open = False
            await self._upstream.__aexit__(None, None, None)

    def _note(self, batch: list[Delta]) -> list[Delta]:
        """Write these into the record; those that may be passed on before the call is settled."""
        ready = 0 if self._held else len(batch)
        for position, delta in enumerate(batch):
            if delta.text:
                self._note_text(delta.text)
            if delta.usage is not None:
                self._usage = delta.usage
            if delta.upstream_model:
                self._upstream_model = delta.upstream_model
            if delta.retries:
                self._attempt.retries = delta.retries
            if delta.stop_reason is not None:
                self._stop_reason = delta.stop_reason
                ready = min(ready, position)
        self._held += batch[ready:]
        return batch[:ready]

    def _note_text(self, text: str) -> None:
        if self._attempt.first_token_us is None:
            self._attempt.first_token_us = self._recorder.offset_us()
        if self._chars < MAX_RECORDED_CHARS:
            self._pieces.append(text)
            self._chars += len(text)

    def _finish(self) -> None:
        self._end(outcome_of(Reply(stop_reason=self._stop_reason)), None, None)

    def _fail(self, error: RoadworthyError) -> None:
        error.call_id = self._recorder.call.id
        self._end("errored", error, error.code)

    def _end(
        self, outcome: Outcome, error: RoadworthyError | None, attempt_error: str | None
    ) -> None:
        self._settled = True
        text = "".join(self._pieces)
        reply = Reply(
            text=text,
            stop_reason=self._stop_reason,
            usage=self._usage,
            upstream_model=self._upstream_model,
            retries=self._attempt.retries,
        )
        self._recorder.end_attempt(self._attempt, self._model, reply)
        self._attempt.error = attempt_error
        self._recorder.call.value = text
        self._settle(outcome, error)


def _whole_delta(finished: Finished) -> Delta:
    reply = finished.reply
    delta: dict[str, Any] = {"role": "assistant"}
    if reply is not None and reply.refusal is not None:
        delta["refusal"] = reply.refusal
    elif reply is not None and reply.tool_calls and not reply.text:
        delta["tool_calls"] = [{"index": i, **call} for i, call in enumerate(reply.tool_calls)]
    else:
        return Delta(text=finished.text)
    return Delta(chunk={"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})


class Whole:
    """The deltas of an answer that is already whole and settled."""

    def __init__(self, finished: Finished) -> None:
        stop = finished.reply.stop_reason if finished.reply else "stop"
        self._deltas = [_whole_delta(finished), Delta(stop_reason=stop)]

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[Delta]:
        if not self._deltas:
            raise StopAsyncIteration
        deltas, self._deltas = self._deltas, []
        return deltas

    async def aclose(self) -> None:
        """Nothing is left to end."""
