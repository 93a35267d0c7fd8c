"""One schema on its way to a target's form: what has been lost, named and written so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from roadworthy.conformance.alternatives import Documents, Union
from roadworthy.conformance.codec import Codec, Named, Text
from roadworthy.conformance.normalise.facts import Facts
from roadworthy.conformance.normalise.loss import Loss
from roadworthy.conformance.normalise.spots import Sources, Spot
from roadworthy.conformance.pointer import Part, pointer_of

__all__ = ["Builder", "Limits", "Shape", "Work", "is_text"]

_MAX_SHOWN_CHARS: Final = 600
_MAX_WORDS_CHARS: Final = 300


class Shape(NamedTuple):
    """A place in the target's form, and how its values get there and back."""

    schema: dict[str, Any]
    codec: Codec | None = None


def is_text(shape: Shape) -> bool:
    """Whether the place holds JSON written as a string."""
    return isinstance(shape.codec, Text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an earlier attempt at the same schema has taught."""

    first_level: int = 0
    max_enum: int = 1_000_000
    """Longer enumerations are left to validation."""
    nullable_fields: int = 0
    """So many optional fields are sent as nullable ones, where the target counts optional ones."""


@dataclass(slots=True)
class Work:
    """What the parts of the builder share."""

    sources: Sources
    facts: Facts
    limits: Limits
    documents: Documents
    losses: dict[tuple[str, str], Loss] = field(default_factory=dict)
    notes: list[list[str]] = field(default_factory=lambda: [[]])
    """What to tell the model in words, for each place under way, the innermost last."""
    definitions: dict[str, dict[str, Any]] = field(default_factory=dict)
    codecs: dict[str, Named] = field(default_factory=dict)
    unions: list[tuple[Union, tuple[Part, ...]]] = field(default_factory=list)
    """Those with alternatives that differ in form, and the keywords that they stem from."""
    shapes: int = 0
    nullable_fields: int = 0

    def lose(self, spot: Spot, keyword: str, reason: str = "") -> None:
        """Note that a keyword of this part is not enforced, and tell the model of it."""
        told = keyword in spot.schema
        self.lose_at((*spot.path, keyword), keyword, reason, told=told)
        if told:
            self.notes[-1].append(f"{keyword}: {_shown(spot.schema[keyword], _MAX_WORDS_CHARS)}")

    def lose_at(
        self, path: tuple[Part, ...], keyword: str, reason: str = "", *, told: bool = False
    ) -> None:
        pointer = pointer_of(path)
        self.losses.setdefault(
            (pointer, keyword),
            Loss(
                mode="strict",
                path=pointer,
                keyword=keyword,
                reason=reason or f"{self.facts.label} does not enforce it",
                told=told,
            ),
        )

    def text(self, spots: list[Spot], why: str) -> Shape:
        """A string that holds JSON: what says nothing can be said about in the target's form."""
        said = [f"JSON, written as a string ({why})."]
        for spot in spots:
            keywords = self.sources.binding(spot)
            for keyword in keywords:
                reason = f"written as JSON text: {why}"
                self.lose_at((*spot.path, keyword), keyword, reason, told=True)
            if keywords:
                said.append("Its JSON Schema: " + _shown(spot.schema, _MAX_SHOWN_CHARS))
        return Shape(self.described({"type": "string"}, spots, said), Text())

    def described(
        self, schema: dict[str, Any], spots: list[Spot], notes: list[str]
    ) -> dict[str, Any]:
        """The schema with a description: the parts' own, and what only words say."""
        own = [spot.schema.get("description") for spot in spots]
        said = [text for text in own if isinstance(text, str) and text]
        lines = list(dict.fromkeys([*said, *notes]))
        return {**schema, "description": "\n".join(lines)} if lines else schema


def _shown(value: Any, limit: int) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= limit else text[: limit - 1] + "…"


class Builder(Protocol):
    """What the parts of the builder ask of the whole."""

    work: Work

    def node(self, spots: list[Spot], level: int) -> Shape:
        """The form of a place.

        Raises:
            Impossible: nothing can stand there.
        """
        ...

    def field(self, spots: list[Spot], level: int, *, optional: bool) -> Shape:
        """The form of a property or of an item; optional ones may lead back to what is above."""
        ...

    def may_be_null(self, spots: list[Spot], depth: int = 8) -> bool:
        """Whether the original allows null at this place."""
        ...
