"""A structured answer, sent on field by field while the model still writes it.

What is sent is a serialisation of the gateway's own: compact JSON in which every node has been
found to conform before it leaves. Free strings flow piece by piece; numbers, booleans, null and
strings that the schema binds are held until they are closed and valid; a node of which it is not
certain what the schema says is held as a whole; properties that the schema does not know, or that
do not conform, are left for the end. Nothing that was sent is ever replaced: `finish` adds what is
missing of the final value, or says that it contradicts what was sent. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec

from roadworthy.conformance.failures import Failure, failures_of
from roadworthy.conformance.fitting import has_aliases
from roadworthy.conformance.pointer import parts_of, pointer_of
from roadworthy.conformance.read import RepairLevel, assess
from roadworthy.conformance.restore import Form
from roadworthy.conformance.schema import OutputSchema
from roadworthy.conformance.streaming.draft import Draft, Fault
from roadworthy.conformance.streaming.emitter import Emitter
from roadworthy.conformance.streaming.forms import Unboxing, unboxed
from roadworthy.conformance.streaming.loops import LoopWatch
from roadworthy.conformance.streaming.places import Place, root_place
from roadworthy.conformance.streaming.tokens import Lead, Token, Tokens
from roadworthy.conformance.strict_json import MISSING
from roadworthy.core import Violation

__all__ = ["Abort", "FieldStream", "StreamTerms"]

AbortCode: TypeAlias = Literal["aborted_nonconforming", "looped"]


class Abort(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no use in reading on."""

    code: AbortCode
    violation: Violation


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamTerms:
    """How an answer may be sent on."""

    repair: RepairLevel = "schema"
    form: Form = "plain"
    may_reask: bool = True
    """Whether what does not conform can be asked for again."""
    emit: bool = True
    """Whether anything may be sent before the answer is whole."""


class FieldStream:
    """Reads one answer piece by piece and says what of it can be sent."""

    def __init__(self, schema: OutputSchema, terms: StreamTerms = StreamTerms()) -> None:
        place = root_place(schema)
        box, codec = unboxed(terms.form)
        self._terms = terms
        self._tokens = Tokens(lead=_lead(place, terms, boxed=box is not None))
        self._loops = LoopWatch(self._tokens)
        self._unboxing = None if box is None else Unboxing(box)
        self._draft = Draft(place, codec)
        # A declared alias may rename what was read strictly, once all of it is there.
        self._emitter = Emitter(self._draft, emits=terms.emit and not has_aliases(schema))
        self._judged = 0
        self.abort: Abort | None = None
        """Set once reading on is of no use: the answer can no longer conform, whatever follows and
        whatever may be repaired or asked again, or it goes round in circles."""

    @property
    def draft(self) -> Draft:
        return self._draft

    @property
    def sent(self) -> bool:
        """Whether anything was sent."""
        return self._emitter.sent

    def feed(self, piece: str) -> str:
        """What can be sent after this piece of the answer; often nothing."""
        if self.abort is not None or not piece:
            return ""
        tokens = self._tokens.feed(piece)
        loop = self._loops.see(piece, tokens)
        self._take(tokens)
        if loop is not None and self.abort is None:
            reason = f"was cut off because {loop} repeats without an end"
            path = pointer_of(self._draft.parts)
            self.abort = Abort(
                code="looped", violation=Violation(path=path, keyword="loop", message=reason)
            )
        return self._emitter.flush()

    def finish(self, value: Any) -> str | None:
        """The rest of the final value's serialisation; None: it contradicts what was sent."""
        return self._emitter.finish(value)

    def may_ask_for(self, paths: tuple[str, ...]) -> bool:
        """Whether what is answered for these places can still be sent."""
        return not any(self._emitter.has_sent(tuple(parts_of(path))) for path in paths)

    def _take(self, tokens: list[Token]) -> None:
        if self._unboxing is not None:
            tokens = self._unboxing.take(tokens)
        for token in tokens:
            self._draft.take(token)
            if len(self._draft.faults) > self._judged and self._is_over():
                return
            self._emitter.take(token)
        if self._tokens.broken or (self._unboxing is not None and self._unboxing.broken):
            self._emitter.stop()

    def _is_over(self) -> bool:
        """Whether one of the new faults ends it."""
        faults, self._judged = self._draft.faults[self._judged :], len(self._draft.faults)
        for fault in faults:
            if self._can_be_asked(fault) or self._can_be_mended(fault):
                continue
            violation = _named(fault)
            self.abort = Abort(code="aborted_nonconforming", violation=violation)
            return True
        return False

    def _can_be_asked(self, fault: Fault) -> bool:
        if not self._terms.may_reask:
            return False
        parts = tuple(str(part) for part in fault.parts)
        places = [
            (*parts, *below)
            for failure in _failures(fault)
            for below in failure.together or (failure.place,)
        ]
        return not any(self._emitter.has_sent(place) for place in places or [parts])

    def _can_be_mended(self, fault: Fault) -> bool:
        """Also where it cannot be said before the node is closed."""
        if self._terms.repair != "schema":
            return False
        if fault.avoidable or (fault.mendable and fault.value is MISSING) or fault.place is None:
            return True
        if fault.value is MISSING:
            return False
        schema = fault.place.schema
        return schema is None or assess(fault.value, schema, repair="schema").conforms


def _failures(fault: Fault) -> list[Failure]:
    """What is wrong inside a closed node; nothing where that cannot be told."""
    if fault.value is MISSING or fault.place is None or fault.place.schema is None:
        return []
    return failures_of(fault.place.schema, fault.value, ()).found


def _named(fault: Fault) -> Violation:
    """The fault by its place."""
    path = pointer_of(fault.parts)
    for failure in _failures(fault)[:1]:
        return msgspec.structs.replace(failure.reason, path=path + pointer_of(failure.place))
    return msgspec.structs.replace(fault.violation, path=path)


def _lead(place: Place, terms: StreamTerms, *, boxed: bool) -> Lead:
    if terms.repair == "none":
        return "none"
    if boxed:
        return "object"
    takes_object, takes_array = (place.view(kind).possible for kind in ("object", "array"))
    if takes_object and takes_array:
        return "any"
    return "array" if takes_array else "object"
