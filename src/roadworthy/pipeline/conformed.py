"""The conform stage: from a model's reply to what may be delivered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from roadworthy.conformance import (
    Further,
    OutputSchema,
    Plan,
    Reask,
    compile_schema,
    deliver,
    describe,
    plan_request,
)
from roadworthy.conformance.strict_json import MISSING, decode
from roadworthy.core import Message, Outcome, Violation
from roadworthy.core.errors import (
    OutputError,
    OutputNonconforming,
    OutputRefused,
    OutputTruncated,
)
from roadworthy.models import Reply
from roadworthy.pipeline.generate import Generation
from roadworthy.pipeline.prepare import Prepared
from roadworthy.pipeline.recorder import outcome_of
from roadworthy.pipeline.request import Finished

__all__ = ["MayAsk", "conform_reply"]

MayAsk: TypeAlias = Callable[[tuple[str, ...]], bool]
"""Whether what is answered for these places can still be delivered."""


async def conform_reply(
    generation: Generation, reply: Reply, *, may_ask: MayAsk | None = None
) -> Finished:
    """What may be delivered of this reply; asks failing fields again where need be.

    ``may_ask`` is asked before a question leaves; None: any may.

    Raises:
        UpstreamError: the model could not be reached to ask again.
    """
    schema = generation.prepared.schema
    if schema is None or _calls_tools(generation, reply):
        return _unchecked(generation, reply)
    return await _checked(generation, reply, schema, may_ask)


def _calls_tools(generation: Generation, reply: Reply) -> bool:
    """Whether this is a call of tools that the caller offered, and can be told of.

    Models call tools that nobody offered; where a schema was given that is no answer.
    """
    chat = generation.recorder.call.surface == "chat"
    offered = chat and bool(generation.prepared.parameters.get("tools"))
    return offered and bool(reply.tool_calls) and not reply.text


def _unchecked(generation: Generation, reply: Reply) -> Finished:
    """Text, or calls of the caller's own tools: nothing of ours to conform to."""
    call = generation.recorder.call
    call.outcome = outcome_of(reply)
    call.value = reply.text
    error: OutputError | None = None
    if call.outcome == "refused":
        error = OutputRefused()
    elif call.outcome == "truncated":
        error = OutputTruncated()
    return _finished(generation, reply, reply.text, error)


async def _checked(
    generation: Generation, reply: Reply, schema: OutputSchema, may_ask: MayAsk | None
) -> Finished:
    prepared, call = generation.prepared, generation.recorder.call
    last = reply

    async def ask_again(question: Reask) -> Further:
        nonlocal last
        if may_ask is not None and not may_ask(question.paths):
            raise _beyond_recall(call.attempts[-1].violations)
        plan = plan_request(compile_schema(question.schema), prepared.modes)
        last = await generation.reask(_messages_of(question, plan, prepared), plan)
        return Further(reply=last, form=plan.form)

    def record(violations: tuple[Violation, ...]) -> None:
        if call.attempts:  # else all of it was given, and no model was asked
            call.attempts[-1].violations = violations

    try:
        delivered = await deliver(
            reply,
            schema,
            messages=prepared.messages,
            ask=ask_again,
            terms=prepared.terms,
            record=record,
        )
    except OutputError as error:
        call.outcome = _outcome_of_error(error)
        # A truncated text is what OpenAI's own shape shows beside `finish_reason: length`.
        return _finished(generation, last, last.text, error)
    call.value = delivered.value
    call.outcome = delivered.outcome
    call.repairs = delivered.repairs
    as_it_came = delivered.outcome == "first_pass" and prepared.terms.form == "plain"
    if as_it_came and decode(reply.text) is MISSING:
        as_it_came = False  # a byte order mark or a no-break space around it is not JSON's
    text = reply.text if as_it_came else msgspec.json.encode(delivered.value).decode()
    return _finished(generation, last, text, None)


def _messages_of(question: Reask, plan: Plan, prepared: Prepared) -> list[Message]:
    """What is sent. A plan's own words, the patch's or those of the whole answer, would be a
    second, contradicting instruction beside a patch's."""
    if question.whole:
        return question.messages
    binds_unseen = plan.mode == "grammar"
    in_words = plan.structured is None or plan.instruction is not None or binds_unseen
    messages = question.messages if in_words else question.without_words()
    return [*prepared.asked, *messages[len(prepared.messages) :]]


def _beyond_recall(violations: tuple[Violation, ...]) -> OutputNonconforming:
    return OutputNonconforming(
        f"The answer does not conform to the output schema: {describe(violations)}. Asking again"
        " would replace what has been sent of it already. Send it once it is whole, with"
        ' stream = "buffered", or use a stronger model.'
    )


def _outcome_of_error(error: OutputError) -> Outcome:
    if isinstance(error, OutputRefused):
        return "refused"
    if isinstance(error, OutputTruncated):
        return "truncated"
    assert isinstance(error, OutputNonconforming)
    return "failed"


def _finished(
    generation: Generation, reply: Reply, text: str, error: OutputError | None
) -> Finished:
    call = generation.recorder.call
    if call.surface == "chat" and isinstance(error, OutputRefused | OutputTruncated):
        error = None  # OpenAI's shape says it: `refusal`, or `finish_reason: length`
    if error is not None:
        error.call_id = call.id
    return Finished(call=call, reply=reply, text=text, error=error)
