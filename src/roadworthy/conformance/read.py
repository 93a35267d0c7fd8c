"""Reading an answer: from a model's text to a value that is known to conform, or why it does not.

The fast path is one strict parse and one validation. Everything else (fences, prose, broken
syntax, values in the wrong spelling) is tried only when that fails, is recorded, and counts only
if the outcome validates against the original schema.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal, TypeAlias

import msgspec

from roadworthy.conformance.extract import Candidate, candidates, unfenced
from roadworthy.conformance.lenient import repair_syntax
from roadworthy.conformance.locate import wants_scalar
from roadworthy.conformance.mend import mend
from roadworthy.conformance.restore import Form, restore
from roadworthy.conformance.schema import OutputSchema
from roadworthy.conformance.strict_json import MISSING, decode
from roadworthy.conformance.violations import MAX_VALUE_DEPTH, faults_of, shorten
from roadworthy.core import Repair, StopReason, Violation

__all__ = ["Reading", "RepairLevel", "assess", "read_answer"]

RepairLevel: TypeAlias = Literal["none", "lossless", "schema"]
"""``none``: strict JSON alone. ``lossless``: also JSON inside fences and prose, and broken syntax
whose content is certain. ``schema``: also values in another spelling than the schema's."""

_AFTER_AN_END: Final = " \t\r\n`~"
NO_JSON: Final = Violation(path="", keyword="parse", message="the answer holds no JSON value")
BROKEN: Final = Violation(path="", keyword="parse", message="the answer's JSON is broken")
CUT_OFF: Final = Violation(
    path="", keyword="parse", message="the answer was cut off before its end"
)


class Reading(msgspec.Struct, frozen=True):
    """What was read from one answer."""

    value: Any = None
    found: bool = False
    """Whether there was a JSON value at all; None is one."""
    repairs: tuple[Repair, ...] = ()
    violations: tuple[Violation, ...] = ()

    @property
    def conforms(self) -> bool:
        return self.found and not self.violations


def read_answer(
    text: str,
    schema: OutputSchema,
    *,
    stop_reason: StopReason = "unknown",
    repair: RepairLevel = "schema",
    form: Form = "plain",
) -> Reading:
    """The value of this answer if it conforms, else the best candidate and its violations.

    Of several candidates the one that fits the schema best wins; of equals the first. Where the
    stop reason is neither ``stop`` nor ``unknown`` nothing is assumed about a missing tail; where
    it is ``length``, only a complete value at the very end counts. Never raises, whatever the
    text holds.
    """
    value = decode(text)
    if _may_be_cut(value, stop_reason):
        return _unread(CUT_OFF)
    if value is not MISSING:
        value = restore(value, schema, form)
        if schema.is_valid(value) and (_is_shallow(text) or not faults_of(value)):
            return Reading(value, True)
    if repair == "none":
        return assess(value, schema, repair="none") if value is not MISSING else _unread(BROKEN)
    readings = [  # in the order of the text, so that `min` takes the first of equals
        reading
        for found in _weighable(text.lstrip("\ufeff"), schema, stop_reason, repair)
        if (reading := _weigh(found, schema, repair, form)) is not None
    ]
    if readings:
        return min(readings, key=lambda reading: _rank(reading, schema))
    if stop_reason == "length":
        return _unread(CUT_OFF)
    return _unread(BROKEN if "{" in text or "[" in text else NO_JSON)


def assess(
    value: Any,
    schema: OutputSchema,
    *,
    repair: RepairLevel = "schema",
    made: tuple[Repair, ...] = (),
) -> Reading:
    """Validate a value, mending it first where the level allows."""
    if not faults_of(value):
        if schema.is_valid(value):
            return Reading(value, True, made)
        if repair == "schema":
            value, mended = mend(value, schema)
            made += mended
    return Reading(value, True, made, schema.violations(value))


class _Weighable(msgspec.Struct, frozen=True):
    value: Any
    made: tuple[Repair, ...]
    bare: bool = False
    """Words without any JSON: they may be a scalar that the schema wants, and nothing else."""


def _weigh(
    found: _Weighable, schema: OutputSchema, repair: RepairLevel, form: Form
) -> Reading | None:
    reading = assess(restore(found.value, schema, form), schema, repair=repair, made=found.made)
    return None if found.bare and reading.violations else reading


def _weighable(
    text: str, schema: OutputSchema, stop_reason: StopReason, repair: RepairLevel
) -> Iterator[_Weighable]:
    """Every value that the text may mean, in its order."""
    found = candidates(text)
    scalar = wants_scalar(schema.source, schema.source)
    if scalar:
        # Brackets inside a sentence belong to it: a citation is not the number asked for.
        found = [c for c in found if c.kind == "whole"]
    if stop_reason == "length":
        # Whatever comes before a cut is a draft; only a complete value at the end may stand.
        ends = len(text.rstrip(_AFTER_AN_END))
        found = [c for c in found if c.value is not MISSING and c.end >= ends]
    mend_tails = stop_reason in ("stop", "unknown")
    for candidate in found:
        weighable = _parsed(candidate, text, mend_tails)
        if weighable is not None:
            yield weighable
    if not found and stop_reason != "length":
        yield from _scalars(unfenced(text), text, words=scalar and repair == "schema")


def _parsed(candidate: Candidate, text: str, mend_tails: bool) -> _Weighable | None:
    source = text[candidate.start : candidate.end]
    made: list[Repair] = []
    if candidate.kind != "whole":
        made.append(_repair(candidate.kind, text.strip(), source))
    if candidate.value is not MISSING:
        return _Weighable(candidate.value, tuple(made))
    if not candidate.closed and not mend_tails:
        return None
    value = repair_syntax(source, closed=candidate.closed)
    if value is MISSING:
        return None
    made.append(_repair("syntax" if candidate.closed else "tail", source, value))
    return _Weighable(value, tuple(made))


def _scalars(content: str, text: str, *, words: bool) -> Iterator[_Weighable]:
    """An answer without brackets: a JSON scalar, perhaps fenced, or bare words."""
    value = decode(content)
    made = () if content == text.strip() else (_repair("fence", text.strip(), content),)
    if value is not MISSING:
        yield _Weighable(value, made)
        if isinstance(value, str) and (inner := decode(value)) is not MISSING:
            yield _Weighable(inner, (*made, _repair("encoded", value, inner)))
    elif words and content:
        yield _Weighable(content, (*made, _repair("bare_text", content, content)), bare=True)


def _rank(reading: Reading, schema: OutputSchema) -> tuple[int, int, int]:
    """The best first: fewest violations, most of the schema's properties, fewest repairs."""
    known = schema.source.get("properties")
    hits = 0
    if isinstance(known, dict) and isinstance(reading.value, dict):
        hits = len(known.keys() & reading.value.keys())
    return len(reading.violations), -hits, len(reading.repairs)


def _is_shallow(text: str) -> bool:
    """A bound that costs no walk; exact only where it says yes."""
    return text.count("{") + text.count("[") < MAX_VALUE_DEPTH


def _may_be_cut(value: Any, stop_reason: StopReason) -> bool:
    """A number alone says nothing about whether its last digit was written."""
    return (
        stop_reason == "length" and isinstance(value, int | float) and not isinstance(value, bool)
    )


def _unread(why: Violation) -> Reading:
    return Reading(violations=(why,))


def _repair(kind: str, before: Any, after: Any) -> Repair:
    return Repair(path="", kind=kind, before=shorten(before), after=shorten(after))
