"""Telling alternatives of a union apart, so that each value is mapped by the one it is of.

Kinds of JSON value come first, then tags (a property whose constants differ), then validation:
against the mode's own schema, and of what is restored against the original. Validators are made
when first needed, and kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import jsonschema_rs

from roadworthy.conformance.codec import Codec, Named, Properties
from roadworthy.conformance.pointer import pointer_of

__all__ = ["Alternative", "Documents", "Union", "kind_of"]

_KINDS: Final[dict[type, str]] = {
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    dict: "object",
    list: "array",
    type(None): "null",
}
_MAX_REFERENCES: Final = 20
_ORIGINAL: Final = "urn:roadworthy:original"
_SENT: Final = "urn:roadworthy:sent"


def kind_of(value: Any) -> str:
    """The kind of JSON value; integers are numbers."""
    return _KINDS.get(type(value), "")


class Documents:
    """The original schema and the one sent, as what validators of their parts refer to."""

    def __init__(self, original: dict[str, Any]) -> None:
        self._original = original
        self._registry: jsonschema_rs.Registry | None = None
        self.sent: dict[str, Any] = {"$defs": {}, "unions": []}

    def of_original(self, paths: Sequence[tuple[str | int, ...]]) -> Any:
        """A validator of all these parts of the original; None where there can be none."""
        return self._validator([_ORIGINAL + "#" + quote(pointer_of(path)) for path in paths])

    def of_sent(self, union: int, branch: int) -> Any:
        return self._validator([f"{_SENT}#/unions/{union}/{branch}"])

    def _validator(self, references: list[str]) -> Any:
        try:
            if self._registry is None:
                self._registry = jsonschema_rs.Registry(
                    [(_ORIGINAL, self._original), (_SENT, self.sent)]
                )
            return jsonschema_rs.validator_for(
                {"allOf": [{"$ref": reference} for reference in references]},
                registry=self._registry,
                validate_formats=True,
                offline=True,
            )
        except (ValueError, jsonschema_rs.ReferencingError):
            # The original compiled as a whole; a part of it may need what only the whole has.
            return None


@dataclass(slots=True, eq=False)
class Alternative:
    """One alternative: how its values are mapped, and how they are known."""

    codec: Codec | None
    paths: tuple[tuple[str | int, ...], ...]
    """The parts of the original that its values conform to, all of them."""
    kinds: frozenset[str] = frozenset()
    """Kinds of value that it takes in the form sent."""
    tags: dict[str, frozenset[Any]] = field(default_factory=dict)
    """Properties that are always there and have one of few strings, in the form sent."""
    names: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    nullable: frozenset[str] = frozenset()
    """Properties that may be null in the form sent."""
    closed: bool = False
    item_kinds: frozenset[str] | None = None
    """Kinds of the items where it is a list; None: it is none, or they may be any."""
    _checks: tuple[Any, Any] | None = None

    def checks(self, documents: Documents, union: int, branch: int) -> tuple[Any, Any]:
        """Validators of the form sent and of the original."""
        if self._checks is None:
            self._checks = (documents.of_sent(union, branch), documents.of_original(self.paths))
        return self._checks

    def may_be_like(self, other: Alternative) -> bool:
        """Whether a value, as sent, may be of both, as far as can plainly be seen."""
        shared = self.kinds & other.kinds & {"object", "array"}
        if "array" in shared:
            kinds = (self.item_kinds, other.item_kinds)
            # An empty list is of both, and is the same for both.
            if None in kinds or kinds[0] & kinds[1] & {"object", "array"}:  # type: ignore[operator]
                return True
        if "object" not in shared:
            return False
        if any(
            not allowed & other.tags[name]
            for name, allowed in self.tags.items()
            if name in other.tags
        ):
            return False
        if (self.closed and other.required - self.names) or (
            other.closed and self.required - other.names
        ):
            return False
        return self._reads_apart(other)

    def _reads_apart(self, other: Alternative) -> bool:
        """Whether the same object, as sent, is one value here and another there."""
        one, two = followed(self.codec), followed(other.codec)
        if not isinstance(one, Properties | None) or not isinstance(two, Properties | None):
            return True
        for name in self.names & other.names:
            missing, missing_there = _is_missing(one, name), _is_missing(two, name)
            if missing != missing_there and name in (other if missing else self).nullable:
                return True
            if (one and one.fields.get(name)) is not (two and two.fields.get(name)):
                return True
        further = [(c.others, c.entries) if c else (None, None) for c in (one, two)]
        return further[0] != further[1]

    def may_be(self, value: Any) -> bool:
        """Whether kind and tags allow that this value, as sent, is of this alternative."""
        if kind_of(value) not in self.kinds:
            return False
        if isinstance(value, dict):
            for name, allowed in self.tags.items():
                tag = value.get(name)
                if isinstance(tag, str) and tag not in allowed:
                    return False
        return True


@dataclass(slots=True, eq=False)
class Union:
    """A value of one of several forms."""

    documents: Documents
    number: int
    """Which of the documents' unions it is."""
    alternatives: tuple[Alternative, ...]

    def forward(self, value: Any) -> Any:
        first: Any = value
        found = False
        for index, alternative in enumerate(self.alternatives):
            sent_check, check = alternative.checks(self.documents, self.number, index)
            if not _passes(check, value):
                continue
            sent = value if alternative.codec is None else alternative.codec.forward(value)
            if not found:
                first, found = sent, True
            if _passes(sent_check, sent) and self.restore(sent) == value:
                return sent
        return first

    def restore(self, value: Any) -> Any:
        able = [(i, a) for i, a in enumerate(self.alternatives) if a.may_be(value)]
        if len(able) > 1 and all(a.codec is None for _, a in able):
            return value
        if len(able) > 1:
            return self._by_validation(value, able)
        if not able or able[0][1].codec is None:
            return value
        return able[0][1].codec.restore(value)

    def _by_validation(self, value: Any, able: list[tuple[int, Alternative]]) -> Any:
        """What the first alternative makes of it whose form it has, and whose values it gives."""
        second: list[Any] = []
        for index, alternative in able:
            sent_check, check = alternative.checks(self.documents, self.number, index)
            if not _passes(sent_check, value):
                continue
            restored = value if alternative.codec is None else alternative.codec.restore(value)
            if _passes(check, restored):
                return restored
            second.append(restored)
        if second:
            return second[0]
        if isinstance(value, dict):  # not of any form yet: the one whose fields it has
            best = max(able, key=lambda found: len(found[1].names & value.keys()))[1]
            return value if best.codec is None else best.codec.restore(value)
        return value

    def inner(self) -> Iterator[Codec]:
        return (a.codec for a in self.alternatives if a.codec is not None)

    def acts(self) -> bool:
        return False

    def drop(self, idle: set[int]) -> None:
        for alternative in self.alternatives:
            if id(alternative.codec) in idle:
                alternative.codec = None


def _is_missing(codec: Properties | None, name: str) -> bool:
    """Whether null stands for a missing property there."""
    return codec is not None and name in codec.absent


def followed(codec: Codec | None) -> Codec | None:
    """What a reference leads to."""
    for _ in range(_MAX_REFERENCES):
        if not isinstance(codec, Named):
            break
        codec = codec.target
    return codec


def _passes(validator: Any, value: Any) -> bool:
    if validator is None:
        return True
    try:
        return bool(validator.is_valid(value))
    except ValueError:
        return False
