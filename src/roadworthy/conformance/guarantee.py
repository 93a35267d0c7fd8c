"""The guarantee: what is delivered conforms to the original schema, or a typed error is raised.

The order is always the same: why the model stopped, then reading, then validation, then asking
again. No provider's mode is believed; every value passes the validator here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec

from roadworthy.conformance.read import Reading, RepairLevel, assess, read_answer
from roadworthy.conformance.reask import Reask, merge, plan_reask
from roadworthy.conformance.restore import Form, restore
from roadworthy.conformance.schema import OutputSchema, compile_schema
from roadworthy.conformance.violations import describe
from roadworthy.core import Message, Repair, Violation
from roadworthy.core.errors import OutputNonconforming, OutputRefused, OutputTruncated
from roadworthy.models import Reply

__all__ = ["AskAgain", "Constraints", "Delivered", "Record", "Terms", "constrained", "deliver"]

AskAgain: TypeAlias = Callable[[Reask], Awaitable[Reply]]
Record: TypeAlias = Callable[[tuple[Violation, ...]], None]
Constraints: TypeAlias = Callable[[Any], tuple[Violation, ...]]
"""What a value that conforms to its schema still breaks; empty: nothing. Never raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How far delivery may go for one answer."""

    repair: RepairLevel = "schema"
    max_reasks: int = 2
    form: Form = "plain"
    """`Plan.form`: the form that the model was asked to answer in."""
    constraints: Constraints | None = None
    """Bound to the call's input. None: the schema is all there is to hold."""


class Delivered(msgspec.Struct, frozen=True, kw_only=True):
    """A value that conforms."""

    value: Any
    outcome: Literal["first_pass", "repaired", "reasked"]
    repairs: tuple[Repair, ...] = ()
    reasks: int = 0


def _forget(_: tuple[Violation, ...]) -> None:
    return None


async def deliver(
    reply: Reply,
    schema: OutputSchema,
    *,
    messages: Sequence[Message],
    ask: AskAgain,
    terms: Terms = Terms(),
    record: Record = _forget,
) -> Delivered:
    """The value of this reply, repaired or asked again where need be and allowed.

    ``messages`` are those that led to the reply. ``ask`` sends one further question to the same
    model, in a mode planned for the question's own schema. ``record`` is told the violations of
    every reply, the first and each further one, as soon as they are known; empty: none were left.

    Raises:
        OutputRefused: the model refused, or the provider's filter stopped it.
        OutputTruncated: the token limit cut the answer off.
        OutputNonconforming: it does not conform after `max_reasks` further questions.
    """
    reading = _read(reply, schema, terms, record)
    text, reasks = reply.text, 0
    while not reading.conforms:
        if reasks >= terms.max_reasks:
            raise _nonconforming(reading, reasks)
        question = plan_reask(schema, reading, messages=messages, text=text)
        further = await ask(question)
        reasks += 1
        reading = _reread(further, question, reading, schema, terms, record)
        text = further.text
    outcome: Literal["first_pass", "repaired"] = "repaired" if reading.repairs else "first_pass"
    return Delivered(
        value=reading.value,
        outcome="reasked" if reasks else outcome,
        repairs=reading.repairs,
        reasks=reasks,
    )


def _read(reply: Reply, schema: OutputSchema, terms: Terms, record: Record) -> Reading:
    """The reading of a whole answer."""
    _require_willing(reply)
    reading = read_answer(
        reply.text,
        schema,
        stop_reason=reply.stop_reason,
        repair=terms.repair,
        form=terms.form,
    )
    reading = constrained(reading, terms.constraints)
    record(reading.violations)
    _require_complete(reply, reading)
    return reading


def constrained(reading: Reading, constraints: Constraints | None) -> Reading:
    """The reading with the constraints that it breaks; they are asked of conforming values only,
    because they may rely on what the schema promises."""
    if constraints is None or not reading.conforms:
        return reading
    broken = constraints(reading.value)
    return msgspec.structs.replace(reading, violations=broken) if broken else reading


def _reread(
    reply: Reply,
    question: Reask,
    before: Reading,
    schema: OutputSchema,
    terms: Terms,
    record: Record,
) -> Reading:
    """The reading after a further question: the patch merged in, and all of it validated."""
    if question.whole:
        return _read(reply, schema, terms, record)
    _require_willing(reply)
    patch_schema = compile_schema(question.schema)
    patch = read_answer(
        reply.text,
        patch_schema,
        stop_reason=reply.stop_reason,
        repair=terms.repair,
        form=terms.form,
    )
    if not patch.conforms:
        # Asked for a part, models now and then give the whole again.
        whole = read_answer(
            reply.text, schema, stop_reason=reply.stop_reason, repair=terms.repair, form=terms.form
        )
        if whole.conforms:
            whole = constrained(whole, terms.constraints)
            record(whole.violations)
            return whole
    after = before
    if isinstance(patch.value, dict):
        merged = merge(before.value, patch.value, question)
        kept = _repairs_outside(before.repairs, question.paths)
        made = (*kept, *_renamed(patch.repairs, question))
        after = assess(restore(merged, schema, terms.form), schema, repair=terms.repair, made=made)
        after = constrained(after, terms.constraints)
    record(after.violations)
    _require_complete(reply, patch)
    return after


def _require_willing(reply: Reply) -> None:
    if reply.stop_reason == "content_filter":
        raise OutputRefused(
            "The provider's content filter stopped the answer. Change the input, or the filter."
        )
    if reply.stop_reason == "refusal" or reply.refusal is not None:
        raise OutputRefused("The model refused to answer. Change the prompt, or ask another model.")


def _require_complete(reply: Reply, reading: Reading) -> None:
    if reply.stop_reason == "length" and not reading.conforms:
        raise OutputTruncated


def _repairs_outside(repairs: tuple[Repair, ...], paths: tuple[str, ...]) -> tuple[Repair, ...]:
    """Repairs of what the patch did not replace."""
    return tuple(
        repair
        for repair in repairs
        if not any(repair.path == path or repair.path.startswith(path + "/") for path in paths)
    )


def _renamed(repairs: tuple[Repair, ...], question: Reask) -> Iterator[Repair]:
    """Repairs of the patch, named by their places in the whole; what it held besides is no loss."""
    for repair in repairs:
        name, slash, below = repair.path.removeprefix("/").partition("/")
        if not repair.path:
            yield repair
        elif name in question.names:
            path = question.paths[question.names.index(name)]
            yield msgspec.structs.replace(repair, path=path + slash + below)


def _nonconforming(reading: Reading, reasks: int) -> OutputNonconforming:
    asked = f" after {reasks} further questions" if reasks else ""
    return OutputNonconforming(
        f"The answer does not conform to the output schema{asked}: {describe(reading.violations)}. "
        "Raise max_reasks, loosen the schema at these paths, or use a stronger model."
    )
