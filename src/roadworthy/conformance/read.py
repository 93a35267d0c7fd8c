"""Reading an answer: from a model's text to a value that is known to conform, or why it does not.

The fast path is one strict parse and one validation. Everything else (fences, prose, broken
syntax, values in the wrong spelling) is tried only when that fails, is recorded, and counts only
if the outcome validates against the original schema.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal, TypeAlias

import msgspec

from roadworthy.conformance.extract import (
    Candidate,
    candidates,
    fenced,
    inside_fences,
    unescaped,
    unfenced,
)
from roadworthy.conformance.fitting import FAIL, Fitted, fit, has_aliases
from roadworthy.conformance.kinds import GUESSES
from roadworthy.conformance.locate import in_place, wants_scalar
from roadworthy.conformance.mend import mend
from roadworthy.conformance.parsing.nodes import (
    Fields,
    Items,
    Node,
    Text,
    natural,
    node_of,
    notes_of,
)
from roadworthy.conformance.parsing.parser import parse_scalar
from roadworthy.conformance.restore import Form, restore
from roadworthy.conformance.schema import OutputSchema
from roadworthy.conformance.strict_json import MISSING, decode
from roadworthy.conformance.violations import MAX_VALUE_DEPTH, faults_of, shorten
from roadworthy.core import Repair, StopReason, Violation

__all__ = ["Reading", "RepairLevel", "assess", "read_answer"]

RepairLevel: TypeAlias = Literal["none", "lossless", "schema"]
"""``none``: strict JSON alone. ``lossless``: also JSON inside fences and prose, and broken syntax
whose content is certain. ``schema``: also syntax and values that only the schema makes plain."""

_AFTER_AN_END: Final = " \t\r\n`~"
_MAX_MENDED: Final = 40
"""Beyond so many reports the answer is another one than was asked for, and each repair takes a
validation of the whole."""
MAX_REPAIRED_CHARS: Final = 64_000
"""Longer answers are read as strict JSON alone; broken ones take some microseconds a character."""
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
        if _passes(value, text, schema):
            named = repair == "schema" and has_aliases(schema)
            return _renamed(value, schema) if named else Reading(value, True)
    if repair == "none" or len(text) > MAX_REPAIRED_CHARS:
        return assess(value, schema, repair=repair) if value is not MISSING else _unread(BROKEN)
    best: Reading | None = None
    text = text.lstrip("\ufeff")
    for ways in (_weighable, _fenced):
        found = ways(text, schema, stop_reason, repair)
        readings = [_weigh(weighable, schema, repair, form) for weighable in found]
        # In the order of the text, so that `min` takes the first of equals.
        known = [reading for reading in (best, *readings) if reading is not None]
        best = min(known, key=lambda reading: _rank(reading, schema), default=None)
        if best is not None and best.conforms:
            return best
    if best is not None:
        return best
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
            return _fitted(node_of(value), schema, made)
    return Reading(value, True, made, schema.violations(value))


def _fitted(node: Node, schema: OutputSchema, made: tuple[Repair, ...]) -> Reading:
    """The node under the schema: read by its types and names, then by the validator's reports."""
    found = fit(node, schema)
    value, made = found.value, made + found.repairs
    if _is_cut(found, node) and schema.is_valid(value):
        return Reading(value, True, made, (CUT_OFF,))
    if faults_of(value):
        return Reading(value, True, made, schema.violations(value))
    if not schema.is_valid(value) and len(schema.errors(value)) <= _MAX_MENDED:
        value, mended = mend(value, schema)
        made += mended
    return Reading(value, True, made, schema.violations(value))


def _is_cut(found: Fitted, node: Node) -> bool:
    """Whether the text ended inside a string that only fits as it stands by chance."""
    return found.cost >= FAIL and "tail" in notes_of(node)


def _renamed(value: Any, schema: OutputSchema) -> Reading:
    """A valid value whose open objects may still hold a declared alias."""
    found = fit(node_of(value), schema)
    if found.repairs and schema.is_valid(found.value):
        return Reading(found.value, True, found.repairs)
    return Reading(value, True)


class _Weighable(msgspec.Struct, frozen=True):
    node: Any
    made: tuple[Repair, ...] = ()
    strict: str = ""
    """The JSON that it is, if it is JSON as it stands."""
    bare: bool = False
    """Words without any JSON: they may be what the schema wants, or say it, and nothing else."""


def _weigh(
    found: _Weighable, schema: OutputSchema, repair: RepairLevel, form: Form
) -> Reading | None:
    node: Node = found.node
    if found.strict and not has_aliases(schema):
        value = decode(found.strict)
        value = value if value is MISSING else restore(value, schema, form)
        if _passes(value, found.strict, schema):
            return Reading(value, True, found.made)
    if found.bare and repair == "schema":
        # Fitted and no more: mending would wrap a sentence into whatever is wanted.
        said = fit(node, schema)
        if faults_of(said.value) or not schema.is_valid(said.value) or _is_cut(said, node):
            return None
        return Reading(said.value, True, found.made + said.repairs)
    if repair == "lossless" or form != "plain":
        notes = dict.fromkeys(notes_of(node))
        if repair == "lossless" and not GUESSES.isdisjoint(notes):
            return None
        made = (*found.made, *(_repair(note, "", "") for note in notes))
        return assess(restore(natural(node), schema, form), schema, repair=repair, made=made)
    return _fitted(node, schema, found.made)


def _weighable(
    text: str, schema: OutputSchema, stop_reason: StopReason, repair: RepairLevel
) -> Iterator[_Weighable]:
    """Every value that the text may mean, in its order."""
    scalar = wants_scalar(schema.source, schema.source)
    inner = None if scalar else unescaped(text)
    if inner is not None:
        fence = () if unfenced(text) == text.strip() else (_repair("fence", text, inner),)
        encoded = (*fence, _repair("encoded", unfenced(text), inner))
        for found_inside in _weighable(inner, schema, stop_reason, repair):
            yield msgspec.structs.replace(found_inside, made=(*encoded, *found_inside.made))
        return
    found = candidates(text)
    if scalar:
        # Brackets inside a sentence belong to it: a citation is not the number asked for.
        found = [c for c in found if c.kind == "whole"]
    if stop_reason == "length":
        # Whatever comes before a cut is a draft; only a complete value at the end may stand.
        ends = len(text.rstrip(_AFTER_AN_END))
        found = [c for c in found if c.value is not MISSING and c.end >= ends]
    mend_tails = stop_reason in ("stop", "unknown")
    for candidate in found:
        if (candidate.closed or mend_tails) and _may_be_list(candidate, schema):
            yield _weighed(candidate, text)
    whole = any(c.kind == "whole" and c.value is not MISSING for c in found)
    if stop_reason != "length" and not whole and (scalar or not found):
        yield from _scalars(text, schema, words=repair == "schema", scalar=scalar)


def _fenced(
    text: str, schema: OutputSchema, stop_reason: StopReason, _: RepairLevel
) -> Iterator[_Weighable]:
    """What fences set apart inside what was taken for one broken value."""
    mend_tails = stop_reason in ("stop", "unknown")
    found = [] if stop_reason == "length" else inside_fences(text, candidates(text))
    if not wants_scalar(schema.source, schema.source):
        yield from (_weighed(c, text) for c in found if c.closed or mend_tails)


def _may_be_list(candidate: Candidate, schema: OutputSchema) -> bool:
    """Whether values that follow one another may be taken together: a list was asked for, or
    anything, and there is nothing else in the text."""
    if candidate.kind not in ("collected", "sequence"):
        return True
    wanted = list(in_place(schema.source, schema.source))
    if any("array" in _types(part) for part in wanted):
        return True
    anything = not any(_types(part) or "properties" in part for part in wanted)
    return candidate.kind == "sequence" and anything


def _types(part: dict[str, Any]) -> list[Any]:
    types = part.get("type", [])
    return types if isinstance(types, list) else [types]


def _weighed(candidate: Candidate, text: str) -> _Weighable:
    source = text[candidate.start : candidate.end]
    made: list[Repair] = []
    if candidate.kind != "whole":
        made.append(_repair(candidate.kind, text.strip(), source))
    if candidate.node is None:
        node = node_of(candidate.value)
        if isinstance(node, Items | Fields):
            node.written = source
        return _Weighable(node, tuple(made), strict=source)
    if not candidate.closed:
        made.append(_repair("tail", source, natural(candidate.node)))
    return _Weighable(candidate.node, tuple(made))


def _scalars(text: str, schema: OutputSchema, *, words: bool, scalar: bool) -> Iterator[_Weighable]:
    """An answer without brackets: a JSON scalar, perhaps fenced, or bare words."""
    whole, content = text.strip(), unfenced(text)
    made = () if content == whole else (_repair("fence", whole, content),)
    value = decode(content)
    if isinstance(value, dict | list):  # too deep to be delivered, or it would be a candidate
        return
    if value is not MISSING:
        yield _Weighable(node_of(value), made)
        if isinstance(value, str) and (inner := decode(value)) is not MISSING:
            yield _Weighable(node_of(inner), (*made, _repair("encoded", value, inner)))
        return
    if content.startswith(("{", "[")) and not (scalar and schema.is_valid(content)):
        return
    for block in fenced(text) if content == whole else ():
        yield _Weighable(parse_scalar(block), (_repair("fence", whole, block),), bare=True)
    node = parse_scalar(content)
    if not content or (isinstance(node, Text) and not node.quoted and not words):
        return
    if isinstance(node, Text) and not node.quoted:
        if _takes_anything(schema):
            return
        node.prose = True
        made = (*made, _repair("bare_text", content, content))
        node.notes = ()
    yield _Weighable(node, made, bare=True)


def _takes_anything(schema: OutputSchema) -> bool:
    """Then words are no answer: they may as well say that there is none."""
    return not any(_SAYS.intersection(part) for part in in_place(schema.source, schema.source))


_SAYS: Final = frozenset(("type", "enum", "const", "properties", "items"))


def _rank(reading: Reading, schema: OutputSchema) -> tuple[int, int, bool, int]:
    """The best first: fewest violations, most of the schema's properties, not empty, fewest
    repairs."""
    known = schema.source.get("properties")
    hits = 0
    if isinstance(known, dict) and isinstance(reading.value, dict):
        hits = len(known.keys() & reading.value.keys())
    elif isinstance(reading.value, list):
        hits = len(reading.value)
    return len(reading.violations), -hits, reading.value in ({}, []), len(reading.repairs)


def _passes(value: Any, text: str, schema: OutputSchema) -> bool:
    """Whether a value decoded from this text may be delivered as it is."""
    if value is MISSING or not schema.is_valid(value):
        return False
    return _is_shallow(text) or not faults_of(value)


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
