"""A call whose answer has a schema, sent on field by field while the model writes it.

What is sent has been validated as far as it goes, and is never replaced. At the end the answer is
read as a whole one is: repaired, held to its constraints, asked again. What was sent stays; the
rest of the final value follows, or an error where the two contradict each other. An answer that
can no longer conform, or goes round in circles, is given up at once, and asked for again as long
as nothing of it was sent.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Literal, Self

from roadworthy.conformance import Reading, plan_reask
from roadworthy.conformance.streaming import Abort, FieldStream, StreamTerms
from roadworthy.core import Attempt, Message
from roadworthy.core.errors import OutputNonconforming, RoadworthyError, UpstreamError
from roadworthy.models import Delta, Reply
from roadworthy.pipeline.conformed import conform_reply
from roadworthy.pipeline.flow import Settle, given_up, whole_delta
from roadworthy.pipeline.generate import Generation
from roadworthy.pipeline.reception import Reception
from roadworthy.pipeline.recorder import bug_error
from roadworthy.pipeline.request import Finished

__all__ = ["Fields"]

_log = logging.getLogger(__name__)
_RETRIES = 1
"""How often a stream that broke off is asked for once more, if nothing of it was sent."""


class Fields:
    """The deltas of one answer. The last ones come once the call is settled.

    A class for the same reason as `Flow`: its end does not hang on whether it was begun.
    """

    def __init__(self, generation: Generation, settle: Settle) -> None:
        schema = generation.prepared.schema
        assert schema is not None
        self._schema = schema
        self._generation = generation
        self._settle = settle
        self._settled = False
        self._asked = 0
        self._retried = 0
        self._reception = self._attempt("answer")
        self._fields = self._read_anew()
        self._batches = self._produce()
        self._first: list[Delta] | None = None

    async def open(self) -> Self:
        """Wait for the first thing to send, so that an answer of which nothing can be sent is an
        error with a status of its own.

        Raises:
            RoadworthyError: there is nothing to send; the call is settled.
        """
        self._first = await self._next()
        return self

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[Delta]:
        first, self._first = self._first, None
        return await self._next() if first is None else first

    async def aclose(self) -> None:
        """End the call, whatever its state; a caller who goes away is recorded as such."""
        await self._reception.close()
        if not self._settled:
            self._reception.end("cancelled")
            self._settled = True
            self._settle("cancelled", None)

    async def _next(self) -> list[Delta]:
        try:
            return await anext(self._batches)
        except StopAsyncIteration:
            raise
        except RoadworthyError as error:
            await self._fail(error)
            raise
        except Exception as bug:
            call = self._generation.recorder.call
            _log.exception("call %s failed inside the gateway", call.id)
            failure = bug_error(call)
            await self._fail(failure)
            raise failure from bug
        except BaseException:
            await self.aclose()
            raise

    async def _produce(self) -> AsyncIterator[list[Delta]]:
        recorder = self._generation.recorder
        messages = self._generation.prepared.messages
        with recorder.stage("generate"):
            while True:
                async for text in self._received(messages):
                    yield [Delta(text=text)]
                if self._fields.abort is None:
                    break
                messages = self._again(self._fields.abort)
        reply = self._reception.end()
        with recorder.stage("conform"):
            finished = await self._conform(reply)
        last = self._last(finished)
        self._settled = True
        self._settle(recorder.call.outcome, finished.error)
        if finished.error is not None:
            raise finished.error
        yield last

    async def _received(self, messages: list[Message]) -> AsyncIterator[str]:
        """What can be sent of one attempt, until it is whole or given up."""
        prepared = self._generation.prepared
        while True:
            try:
                await self._reception.open(messages, prepared.structured)
                while (batch := await self._reception.receive()) is not None:
                    text = "".join([self._fields.feed(delta.text) for delta in batch])
                    if text:
                        yield text
                    if self._fields.abort is not None:
                        await self._reception.close()
                        return
                return
            except UpstreamError as error:
                if not error.transient or self._fields.sent or self._retried == _RETRIES:
                    raise
                await self._reception.close()
                self._reception.fail(error)
                self._retried += 1
                self._reception, self._fields = self._attempt("answer"), self._read_anew()

    def _again(self, abort: Abort) -> list[Message]:
        """The question for the whole answer, after one that was given up.

        Raises:
            OutputNonconforming: it may not be asked: too often, or too late.
        """
        reply = self._reception.end(abort.code, (abort.violation,))
        prepared = self._generation.prepared
        if self._fields.sent or self._asked >= prepared.terms.max_reasks:
            raise given_up(abort, self._generation)
        self._asked += 1
        reading = Reading(violations=(abort.violation,))
        question = plan_reask(self._schema, reading, messages=prepared.messages, text=reply.text)
        self._reception, self._fields = self._attempt("reask"), self._read_anew()
        return question.messages

    async def _conform(self, reply: Reply) -> Finished:
        prepared = self._generation.prepared
        terms = replace(
            prepared.terms,
            max_reasks=prepared.terms.max_reasks - self._asked,
            patches_only=self._fields.sent,
        )
        generation = replace(self._generation, prepared=replace(prepared, terms=terms))
        finished = await conform_reply(generation, reply, may_ask=self._fields.may_ask_for)
        if self._asked and finished.call.outcome in ("first_pass", "repaired"):
            finished.call.outcome = "reasked"
        return finished

    def _last(self, finished: Finished) -> list[Delta]:
        """What is left to send; an end that contradicts what was sent becomes the call's error."""
        call, reply = finished.call, finished.reply
        stop = Delta(stop_reason=reply.stop_reason if reply is not None else "stop")
        if finished.error is not None or call.outcome in ("refused", "truncated", "unchecked"):
            return [stop] if self._fields.sent else [whole_delta(finished), stop]
        rest = self._fields.finish(call.value)
        if rest is None:
            call.outcome, call.value, call.repairs = "failed", None, ()
            finished.error = _contradicted()
            finished.error.call_id = call.id
            return []
        return [Delta(text=rest), stop]

    async def _fail(self, error: RoadworthyError) -> None:
        await self._reception.close()
        if self._settled:  # it is the journal that failed, or the whole answer
            return
        self._reception.fail(error)
        error.call_id = self._generation.recorder.call.id
        self._settled = True
        self._settle("failed" if isinstance(error, OutputNonconforming) else "errored", error)

    def _attempt(self, purpose: Literal["answer", "reask"]) -> Reception:
        model = self._generation.prepared.model
        attempt = Attempt(
            model=model.name,
            provider=model.provider,
            mode=self._generation.recorder.call.mode,
            purpose=purpose,
        )
        return Reception(self._generation, attempt)

    def _read_anew(self) -> FieldStream:
        terms = self._generation.prepared.terms
        may_reask = self._asked < terms.max_reasks
        return FieldStream(
            self._schema, StreamTerms(repair=terms.repair, form=terms.form, may_reask=may_reask)
        )


def _contradicted() -> OutputNonconforming:
    return OutputNonconforming(
        "The answer as a whole reads otherwise than the part of it that has been sent, which is"
        ' never replaced. Send it once it is whole, with stream = "buffered".'
    )
