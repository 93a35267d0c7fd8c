"""The guarantee: what is delivered conforms to the original schema, or a typed error is raised.

The order is always the same: why the model stopped, then reading, then validation, then asking
again. No provider's mode is believed; every value passes the validator here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Literal, TypeAlias

import msgspec

from roadworthy.conformance.read import Reading, RepairLevel, assess, read_answer
from roadworthy.conformance.reask import Reask, merge, plan_reask
from roadworthy.conformance.restore import Form
from roadworthy.conformance.schema import OutputSchema, compile_schema
from roadworthy.conformance.violations import describe
from roadworthy.core import Message, Repair, Violation
from roadworthy.core.errors import OutputNonconforming, OutputRefused, OutputTruncated
from roadworthy.models import Reply

__all__ = [
    "AskAgain",
    "Constraints",
    "Delivered",
    "Further",
    "Record",
    "Terms",
    "constrained",
    "deliver",
]


class Further(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a further question, and the form in which it was asked for: a patch is
    planned by its own schema, so that is not the first answer's form."""

    reply: Reply
    form: Form


AskAgain: TypeAlias = Callable[[Reask], Awaitable[Further]]
Record: TypeAlias = Callable[[tuple[Violation, ...]], None]
Constraints: TypeAlias = Callable[[Any], tuple[Violation, ...]]
"""What a value that conforms to its schema still breaks; empty: nothing. Never raises."""

_LONG_CHARS: Final = 16_000
"""Beyond these a reply is read in a thread of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How far delivery may go for one answer."""

    repair: RepairLevel = "schema"
    max_reasks: int = 2
    form: Form = "plain"
    """`Plan.form`: the form that the model was asked to answer in."""
    constraints: Constraints | None = None
    """Bound to the call's input. None: the schema is all there is to hold."""
    patches_only: bool = False
    """Whether what is right has to stay as it is, however cheap asking all again would be."""


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
    model, in a mode planned for the question's own schema, and says in which form. ``record`` is
    told the violations of every reply, the first and each further one, as soon as they are known;
    empty: none were left.

    Raises:
        OutputRefused: the model refused, or the provider's filter stopped it.
        OutputTruncated: the token limit cut the answer off.
        OutputNonconforming: it does not conform after `max_reasks` further questions.
    """
    reading = await _apart(reply, partial(_read, reply, schema, terms, record))
    text = reply.text
    asked: list[Reask] = []
    while not reading.conforms:
        if len(asked) >= terms.max_reasks:
            raise _nonconforming(reading, len(asked))
        question = plan_reask(
            schema,
            reading,
            messages=messages,
            text=text,
            before=asked,
            patches_only=terms.patches_only,
        )
        further = await ask(question)
        asked.append(question)
        exchange = _Exchange(schema, replace(terms, form=further.form), record)
        reading = await _apart(
            further.reply, partial(exchange.after, further.reply, asked, reading)
        )
        text = further.reply.text
    outcome: Literal["first_pass", "repaired"] = "repaired" if reading.repairs else "first_pass"
    return Delivered(
        value=reading.value,
        outcome="reasked" if asked else outcome,
        repairs=reading.repairs,
        reasks=len(asked),
    )


async def _apart(reply: Reply, read: Callable[[], Reading]) -> Reading:
    """A long answer is read in a thread: a broken one takes a second at worst, and other calls
    must not wait for it."""
    return await asyncio.to_thread(read) if len(reply.text) > _LONG_CHARS else read()


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


@dataclass(frozen=True, slots=True)
class _Exchange:
    """One further question and its answer."""

    schema: OutputSchema
    terms: Terms
    record: Record

    def after(self, reply: Reply, asked: Sequence[Reask], before: Reading) -> Reading:
        """The reading after the last of these questions was answered."""
        if not asked[-1].whole:
            return self._patched(reply, asked[-1], before)
        found = self._belated(reply, asked[:-1], before)
        if found is not None:
            return found
        found = _read(reply, self.schema, self.terms, self.record)
        # What cannot be read takes nothing back of what was.
        return found if found.found else before if before.found else found

    def _patched(self, reply: Reply, question: Reask, before: Reading) -> Reading:
        """The patch merged in, and all of it validated."""
        _require_willing(reply)
        patch = self._read_patch(reply, question, self.terms.form)
        if not patch.conforms:
            # Asked for a part, models now and then give the whole again, as it was shown to them.
            whole = self._constrained(
                read_answer(
                    reply.text,
                    self.schema,
                    stop_reason=reply.stop_reason,
                    repair=self.terms.repair,
                )
            )
            if whole.conforms or any(v.keyword == "constraint" for v in whole.violations):
                self.record(whole.violations)
                return whole
        after = self._merged(patch, question, before) if isinstance(patch.value, dict) else before
        self.record(after.violations)
        _require_complete(reply, patch)
        return after

    def _belated(self, reply: Reply, asked: Sequence[Reask], before: Reading) -> Reading | None:
        """Asked for the whole, models now and then answer the question before that."""
        if not asked or asked[-1].whole or not before.found or reply.refusal is not None:
            return None
        patch = self._read_patch(reply, asked[-1], "plain")
        if not patch.conforms or reply.stop_reason not in ("stop", "unknown"):
            return None
        after = self._merged(patch, asked[-1], before)
        self.record(after.violations)
        return after

    def _read_patch(self, reply: Reply, question: Reask, form: Form) -> Reading:
        return read_answer(
            reply.text,
            compile_schema(question.schema),
            stop_reason=reply.stop_reason,
            repair=self.terms.repair,
            form=form,
        )

    def _merged(self, patch: Reading, question: Reask, before: Reading) -> Reading:
        merged = merge(before.value, patch.value, question)
        kept = _repairs_outside(before.repairs, question.paths)
        made = (*kept, *_renamed(patch.repairs, question))
        return self._constrained(assess(merged, self.schema, repair=self.terms.repair, made=made))

    def _constrained(self, reading: Reading) -> Reading:
        return constrained(reading, self.terms.constraints)


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
