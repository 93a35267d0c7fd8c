"""A place in a schema, with everything that the schema says about it.

References are followed and the parts of `allOf` are laid side by side, each with its path in the
original, so that what several parts say together can be joined and what is lost can be named.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from roadworthy.conformance.locate import resolve
from roadworthy.conformance.normalise.keywords import draft_of, says_something
from roadworthy.conformance.pointer import Part, parts_of

__all__ = ["ANYTHING", "ANY_STRING", "Impossible", "NoForm", "Sources", "Spot"]

# Spots are known by the identity of their parts, so those made here must live on.
ANYTHING: Final[dict[str, Any]] = {}
ANY_STRING: Final[dict[str, Any]] = {"type": "string"}
_MAX_PARTS: Final = 100
_NOTHING: Final[frozenset[str]] = frozenset()


class Impossible(Exception):
    """No value can be at this place."""


class NoForm(Exception):
    """What is said about this place cannot be said in the mode; the message says why."""


@dataclass(frozen=True, slots=True, eq=False)
class Spot:
    """One part of what a schema says about a place."""

    schema: dict[str, Any]
    path: tuple[Part, ...]
    """Where it stands in the original."""
    without: frozenset[str] = _NOTHING
    """Keywords that have been dealt with."""

    @property
    def key(self) -> tuple[int, frozenset[str]]:
        """The same for the same part, by whichever way it was reached."""
        return id(self.schema), self.without

    def get(self, keyword: str) -> Any:
        """The keyword's value; None where it is not there."""
        return None if keyword in self.without else self.schema.get(keyword)

    def has(self, keyword: str) -> bool:
        return keyword in self.schema and keyword not in self.without

    def minus(self, keyword: str) -> Spot:
        return Spot(self.schema, self.path, self.without | {keyword})


class Sources:
    """The schema that spots are taken from."""

    def __init__(self, root: dict[str, Any]) -> None:
        self.root = root
        self._draft = draft_of(root)
        self.legacy = self._draft <= 7
        """Whether nothing beside a `$ref` counts."""
        self._bindings: dict[tuple[int, frozenset[str]], list[str]] = {}

    def binding(self, spot: Spot) -> list[str]:
        """The keywords of this part that can make a value fail."""
        found = self._bindings.get(spot.key)
        if found is None:
            if self.legacy and spot.has("$ref"):
                found = ["$ref"]
            else:
                found = [k for k, v in spot.schema.items() if spot.has(k) and self.binds(k, v)]
            self._bindings[spot.key] = found
        return found

    def binds(self, keyword: str, value: Any) -> bool:
        return says_something(keyword, value, self._draft)

    def below(self, schema: Any, path: tuple[Part, ...]) -> list[Spot]:
        """What a sub-schema says; nothing where it lets everything through.

        Raises:
            Impossible: it lets nothing through.
        """
        if schema is False:
            raise Impossible
        if not isinstance(schema, dict):
            return []
        spot = Spot(schema, path)
        return [spot] if self.binding(spot) or _speaks(schema) else []

    def target(self, spot: Spot) -> Spot:
        """What a part's reference leads to.

        Raises:
            NoForm: that is not in plain sight.
            Impossible: it lets nothing through.
        """
        reference = spot.get("$ref")
        found = resolve(reference, self.root)
        if found is None or isinstance(found, list):
            raise NoForm("its reference cannot be followed")
        path = tuple(parts_of(unquote(reference[1:])))
        if found is False:
            raise Impossible
        return Spot(found if isinstance(found, dict) else ANYTHING, path)

    def lone_reference(self, spots: list[Spot]) -> Spot | None:
        """The part, where all that is said about a place is a reference."""
        if len(spots) != 1 or not isinstance(spots[0].get("$ref"), str):
            return None
        return spots[0] if self.binding(spots[0]) == ["$ref"] else None

    def flat(self, spots: list[Spot]) -> list[Spot]:
        """The parts with references followed and `allOf` laid side by side.

        Raises:
            NoForm: a reference cannot be followed, or there are too many parts.
            Impossible: one of them lets nothing through.
        """
        found: list[Spot] = []
        seen: set[tuple[int, frozenset[str]]] = set()
        waiting = list(spots)
        while waiting:
            spot = waiting.pop(0)
            if spot.key in seen:
                continue
            seen.add(spot.key)
            if len(seen) > _MAX_PARTS:
                raise NoForm(f"more than {_MAX_PARTS} parts are joined there")
            if isinstance(spot.get("$ref"), str):
                waiting.insert(0, self.target(spot))
                if not self.legacy:
                    waiting.insert(0, spot.minus("$ref"))
            elif isinstance(spot.get("allOf"), list):
                parts: list[Spot] = []
                for index, part in enumerate(spot.schema["allOf"]):
                    parts += self.below(part, (*spot.path, "allOf", index))
                waiting = [spot.minus("allOf"), *parts, *waiting]
            else:
                found.append(spot)
        return found

    def property_spots(self, spots: list[Spot], name: str) -> list[Spot]:
        """What these parts say about a property.

        Raises:
            Impossible: one of them forbids it.
        """
        found: list[Spot] = []
        for spot in spots:
            declared = spot.get("properties")
            known = isinstance(declared, dict) and name in declared
            if known:
                found += self.below(declared[name], (*spot.path, "properties", name))
            patterns = spot.get("patternProperties")
            for pattern, below in (patterns if isinstance(patterns, dict) else {}).items():
                if matches(pattern, name):
                    known = True
                    found += self.below(below, (*spot.path, "patternProperties", pattern))
            if not known and spot.has("additionalProperties"):
                path = (*spot.path, "additionalProperties")
                found += self.below(spot.schema["additionalProperties"], path)
        return found


def matches(pattern: str, name: str) -> bool:
    """Whether a property's name is one of a pattern; False where Python cannot read it."""
    compiled = compiled_pattern(pattern)
    return compiled is not None and compiled.search(name) is not None


def compiled_pattern(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except (re.error, OverflowError):  # ECMA 262 has what Python's patterns have not
        return None


def _speaks(schema: dict[str, Any]) -> bool:
    """Whether an otherwise empty part has something to say to the model."""
    return isinstance(schema.get("description"), str)
