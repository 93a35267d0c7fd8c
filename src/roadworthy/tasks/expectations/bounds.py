"""`range` and `length`: a number, and a size, within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from roadworthy.expressions import SchemaType
from roadworthy.tasks.expectations.answer import Verdict
from roadworthy.tasks.expectations.kind import Placed

__all__ = ["Length", "Range"]

Count = Annotated[int, msgspec.Meta(ge=0)]


class NumberBounds(msgspec.Struct, frozen=True, kw_only=True):
    """Both ends belong to it; one that is left out does not bind."""

    min: float | None = None
    max: float | None = None


class SizeBounds(msgspec.Struct, frozen=True, kw_only=True):
    """Both ends belong to it; one that is left out does not bind."""

    min: Count | None = None
    max: Count | None = None


class Range(Placed, frozen=True, kw_only=True):
    """The number lies within bounds, which belong to it."""

    kind: ClassVar[str] = "range"
    takes: ClassVar[frozenset[str]] = frozenset({"int", "double"})
    example: ClassVar[str] = '{"range": {"min": 0.5, "max": 1}, "at": "/confidence"}'

    range: NumberBounds
    """`min` and `max`, or one of them."""

    def look(self, value: Any) -> Verdict:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self.wrong_type(value)
        passed = _within(value, self.range)
        return Verdict(passed=passed, reason="" if passed else f"{value:.6g} is out of range")

    def faults_at(self, _place: SchemaType, /) -> Iterator[str]:
        yield from _faults(self.kind, self.range)


class Length(Placed, frozen=True, kw_only=True):
    """The text has so many characters or words, or the list so many items."""

    kind: ClassVar[str] = "length"
    takes: ClassVar[frozenset[str]] = frozenset({"string", "list", "map"})
    example: ClassVar[str] = '{"length": {"max": 30}, "unit": "words", "at": "/summary"}'

    length: SizeBounds
    """`min` and `max`, or one of them."""
    unit: Literal["characters", "words"] = "characters"
    """Of a text; words stand between white space. Lists count items, objects fields."""

    def look(self, value: Any) -> Verdict:
        if not isinstance(value, str | list | dict):
            return self.wrong_type(value)
        words = self.unit == "words" and isinstance(value, str)
        size = len(value.split()) if words and isinstance(value, str) else len(value)
        passed = _within(size, self.length)
        unit = self.unit if isinstance(value, str) else "items"
        return Verdict(passed=passed, reason="" if passed else f"it has {size:,} {unit}")

    def faults_at(self, _place: SchemaType, /) -> Iterator[str]:
        yield from _faults(self.kind, self.length)


def _within(value: float, bounds: NumberBounds | SizeBounds) -> bool:
    low = bounds.min is None or value >= bounds.min
    return low and (bounds.max is None or value <= bounds.max)


def _faults(kind: str, bounds: NumberBounds | SizeBounds) -> Iterator[str]:
    if bounds.min is None and bounds.max is None:
        yield f"{kind}: neither min nor max is given; name one"
    elif bounds.min is not None and bounds.max is not None and bounds.min > bounds.max:
        yield f"{kind}: min ({bounds.min:g}) is greater than max ({bounds.max:g})"
