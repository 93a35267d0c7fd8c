"""A call whose answer flows to the caller as the model writes it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Self, TypeAlias

from roadworthy.conformance import describe
from roadworthy.conformance.streaming import Abort, FieldStream, StreamTerms
from roadworthy.core import Attempt, Outcome
from roadworthy.core.errors import OutputNonconforming, RoadworthyError
from roadworthy.models import Delta
from roadworthy.pipeline.conformed import conform_reply
from roadworthy.pipeline.generate import Generation
from roadworthy.pipeline.reception import Reception
from roadworthy.pipeline.recorder import bug_error
from roadworthy.pipeline.request import Finished

__all__ = ["Flow", "Settle", "Whole", "given_up", "whole_delta"]

_log = logging.getLogger(__name__)

Settle: TypeAlias = Callable[[Outcome, RoadworthyError | None], None]


class Flow:
    """Deltas of one upstream stream. The last ones are held back until the call is settled.

    Where the answer has a schema it is validated once it is whole, and given up as soon as it can
    no longer conform: nothing of it can be mended, since all of it has been sent.

    Not an async generator: one that was never started runs no ``finally``, and a caller who
    goes away before the first event would leave an open connection and an unrecorded call.
    """

    def __init__(self, generation: Generation, settle: Settle) -> None:
        prepared = generation.prepared
        if prepared.schema is not None:
            terms = replace(prepared.terms, repair="none", max_reasks=0)
            generation = replace(generation, prepared=replace(prepared, terms=terms))
        self._generation = generation
        attempt = Attempt(
            model=prepared.model.name,
            provider=prepared.model.provider,
            mode=generation.recorder.call.mode,
        )
        self._reception = Reception(generation, attempt)
        self._watch = None if prepared.schema is None else FieldStream(prepared.schema, _AS_IT_IS)
        self._settle = settle
        self._settled = False
        self._held: list[Delta] = []

    async def open(self) -> Self:
        """Wait for the upstream's first event.

        Raises:
            RoadworthyError: the upstream failed before it; the call is settled.
        """
        prepared = self._generation.prepared
        try:
            await self._reception.open(prepared.messages, prepared.structured)
        except RoadworthyError as error:
            self._fail(error)
            raise
        except BaseException:
            self._end("cancelled", None)
            raise
        return self

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[Delta]:
        try:
            while not self._settled:
                batch = await self._reception.receive()
                if batch is None:
                    await self._finish()
                elif ready := await self._passed(batch):
                    return ready
        except RoadworthyError as error:
            await self._reception.close()
            if not self._settled:  # else it is the journal that failed, or the answer
                self._fail(error)
            raise
        except Exception as bug:
            call = self._generation.recorder.call
            _log.exception("call %s failed inside the gateway", call.id)
            await self._reception.close()
            failure = bug_error(call)
            if not self._settled:
                self._fail(failure)
            raise failure from bug
        except BaseException:
            await self.aclose()
            raise
        if not self._held:
            raise StopAsyncIteration
        held, self._held = self._held, []
        return held

    async def aclose(self) -> None:
        """End the call, whatever its state; a caller who goes away is recorded as such."""
        await self._reception.close()
        if not self._settled:
            self._generation.recorder.call.value = self._reception.end("cancelled").text
            self._end("cancelled", None)

    async def _passed(self, batch: list[Delta]) -> list[Delta]:
        """Those of the deltas that may be passed on before the call is settled."""
        ready = 0 if self._held else len(batch)
        for position, delta in enumerate(batch):
            if delta.stop_reason is not None:
                ready = min(ready, position)
            if delta.text and self._watch is not None:
                self._watch.feed(delta.text)
        self._held += batch[ready:]
        if self._watch is not None and self._watch.abort is not None:
            await self._give_up(self._watch.abort)
        return batch[:ready]

    async def _give_up(self, abort: Abort) -> None:
        """
        Raises:
            OutputNonconforming: always; the call is settled.
        """
        await self._reception.close()
        self._reception.end(abort.code, (abort.violation,))
        error = given_up(abort, self._generation)
        self._end("failed", error)
        raise error

    async def _finish(self) -> None:
        """
        Raises:
            OutputError: the whole answer may not be delivered; the call is settled.
        """
        finished = await conform_reply(self._generation, self._reception.end())
        self._end(finished.call.outcome, finished.error)
        if finished.error is not None:
            raise finished.error

    def _fail(self, error: RoadworthyError) -> None:
        error.call_id = self._generation.recorder.call.id
        self._generation.recorder.call.value = self._reception.fail(error).text
        self._end("errored", error)

    def _end(self, outcome: Outcome, error: RoadworthyError | None) -> None:
        self._settled = True
        self._settle(outcome, error)


_AS_IT_IS = StreamTerms(repair="none", may_reask=False, emit=False)


def given_up(abort: Abort, generation: Generation) -> OutputNonconforming:
    """The error where an answer was given up while it was being written."""
    remedy = (
        "Use a stronger model, or ask for less in one answer."
        if abort.code == "looped"
        else "Raise max_reasks, loosen the schema at this place, or use a stronger model."
    )
    error = OutputNonconforming(
        "The answer was given up while it was being written, because it can no longer conform to"
        f" the output schema: {describe((abort.violation,))}. {remedy}"
    )
    error.call_id = generation.recorder.call.id
    return error


def whole_delta(finished: Finished) -> Delta:
    """All that is delivered, in one piece."""
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
        self._deltas = [whole_delta(finished), Delta(stop_reason=stop)]

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[Delta]:
        if not self._deltas:
            raise StopAsyncIteration
        deltas, self._deltas = self._deltas, []
        return deltas

    async def aclose(self) -> None:
        """Nothing is left to end."""
