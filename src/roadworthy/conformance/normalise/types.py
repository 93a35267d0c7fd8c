"""Which types of value a place may have: those that it states, or plainly means."""

from __future__ import annotations

from typing import Any, Final

from roadworthy.conformance.normalise.keywords import APPLIES_TO
from roadworthy.conformance.normalise.loss import CANNOT_COME_BACK
from roadworthy.conformance.normalise.spots import Impossible, NoForm, Spot
from roadworthy.conformance.normalise.work import Work

__all__ = ["ORDER", "either", "implied_types", "stated_types"]

ORDER: Final = ("string", "integer", "number", "boolean", "object", "array", "null")


def stated_types(spots: list[Spot]) -> frozenset[str] | None:
    """The types that all parts allow; None where none of them states any.

    Raises:
        Impossible: no type is left.
    """
    left: frozenset[str] | None = None
    for spot in spots:
        value = spot.get("type")
        if value is None:
            continue
        named = frozenset(value if isinstance(value, list) else [value])
        left = named if left is None else _both(left, named)
    if left is not None and not left:
        raise Impossible
    # A number may be an integer; to name both says nothing more.
    return left - {"integer"} if left is not None and "number" in left else left


def implied_types(work: Work, spots: list[Spot]) -> frozenset[str]:
    """The one type that the keywords speak of, where no type is stated.

    Raises:
        NoForm: they speak of none, or of several.
    """
    meant: dict[str, Spot] = {}
    for spot in spots:
        for keyword in work.sources.binding(spot):
            kinds = APPLIES_TO.get(keyword, frozenset())
            kind = "number" if "number" in kinds else next(iter(kinds), None)
            if kind is not None:
                meant.setdefault(kind, spot)
    if len(meant) != 1:
        raise NoForm("its type is not stated" if not meant else "it speaks of several types")
    ((kind, spot),) = meant.items()
    reason = f"not stated; taken to be {kind}: values of other types {CANNOT_COME_BACK}"
    work.lose_at((*spot.path, "type"), "type", reason)
    return frozenset({kind})


def either(types: frozenset[str]) -> Any:
    """The types as `type` has them, in a steady order."""
    listed = [name for name in ORDER if name in types]
    return listed[0] if len(listed) == 1 else listed


def _both(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    both = one & other
    for this, that in ((one, other), (other, one)):
        if "integer" in this and "number" in that:
            both |= {"integer"}
    return both
