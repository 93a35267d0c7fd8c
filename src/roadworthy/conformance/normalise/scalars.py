"""Constraints on strings and numbers, and enumerations, in a target's form."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec

from roadworthy.conformance.alternatives import kind_of
from roadworthy.conformance.codec import Text
from roadworthy.conformance.normalise.keywords import APPLIES_TO, format_binds
from roadworthy.conformance.normalise.loss import CANNOT_COME_BACK
from roadworthy.conformance.normalise.spots import Impossible, Sources, Spot
from roadworthy.conformance.normalise.work import Shape, Work

__all__ = ["constraints", "enumeration", "options_of"]

_BOUNDS: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_OF_SCALARS: Final = frozenset(
    k for k, kinds in APPLIES_TO.items() if kinds <= {"string", "number", "integer"}
)


class _Bound(NamedTuple):
    value: Any
    exclusive: bool
    spot: Spot
    keyword: str


def constraints(work: Work, spots: list[Spot], types: frozenset[str]) -> dict[str, Any]:
    """What the parts say about strings and numbers, as far as it binds; the rest is lost."""
    sent: dict[str, Any] = {}
    if types & {"number", "integer"}:
        sent |= _bounds(work, list(_lows(spots)), types, lowest=True)
        sent |= _bounds(work, list(_highs(spots)), types, lowest=False)
    for spot in spots:
        for keyword in work.sources.binding(spot):
            applies = keyword in _OF_SCALARS and APPLIES_TO[keyword] & types
            if not applies or keyword in _BOUNDS:
                continue
            value = spot.schema[keyword]
            if keyword == "multipleOf" and keyword in sent:
                value = _common_multiple(sent[keyword], value)
            elif keyword in sent and sent[keyword] != value:
                work.lose(spot, keyword, f"only one {keyword} can be sent for one place")
                continue
            if value is not None and work.facts.keeps(keyword, value):
                sent[keyword] = value
                if keyword == "format":
                    _note_unchecked(work, spot)
            else:
                work.lose(spot, keyword)
    return sent


def _note_unchecked(work: Work, spot: Spot) -> None:
    """A format that the schema's draft only mentions binds all the same where it is sent."""
    name, draft = spot.schema["format"], work.sources.root.get("$schema")
    if not format_binds(name, draft if isinstance(draft, str) else ""):
        reason = f"bound there, though not in this draft: other strings {CANNOT_COME_BACK}"
        work.lose_at((*spot.path, "format"), "format", reason)


def _lows(spots: list[Spot]) -> Iterator[_Bound]:
    return _bounds_of(spots, "minimum", "exclusiveMinimum")


def _highs(spots: list[Spot]) -> Iterator[_Bound]:
    return _bounds_of(spots, "maximum", "exclusiveMaximum")


def _bounds_of(spots: list[Spot], inclusive: str, exclusive: str) -> Iterator[_Bound]:
    for spot in spots:
        flag = spot.get(exclusive)
        if _is_number(spot.get(inclusive)):
            # Draft 4: `exclusiveMinimum` is true or false, and speaks of `minimum`.
            yield _Bound(spot.schema[inclusive], flag is True, spot, inclusive)
        if _is_number(flag):
            yield _Bound(flag, True, spot, exclusive)


def _bounds(
    work: Work, bounds: list[_Bound], types: frozenset[str], *, lowest: bool
) -> dict[str, Any]:
    """The tightest of these bounds, which implies all others."""
    if not bounds:
        return {}
    inclusive, exclusive = _BOUNDS[0:4:2] if lowest else _BOUNDS[1:4:2]
    sign = 1 if lowest else -1
    tightest = max(bounds, key=lambda bound: (sign * bound.value, bound.exclusive))
    value = tightest.value
    if tightest.exclusive and work.facts.keeps(exclusive, value):
        return {exclusive: value}
    if not work.facts.keeps(inclusive, value):
        for bound in bounds:
            work.lose(bound.spot, bound.keyword)
        return {}
    if not tightest.exclusive:
        return {inclusive: value}
    if "number" not in types and float(value).is_integer():
        return {inclusive: int(value) + sign}
    work.lose(tightest.spot, exclusive, f"{work.facts.label} enforces {inclusive} in its place")
    return {inclusive: value}


def _common_multiple(one: Any, other: Any) -> Any:
    if one == other:
        return one
    whole = isinstance(one, int) and isinstance(other, int)
    return math.lcm(one, other) if whole else None


def options_of(sources: Sources, spots: list[Spot]) -> list[Any] | None:
    """The values that an `enum` or a `const` leaves; None where there is neither."""
    left: dict[Any, Any] | None = None
    for spot in spots:
        for keyword in ("enum", "const"):
            value = spot.get(keyword)
            if not spot.has(keyword) or not sources.binds(keyword, value):
                continue
            listed = value if keyword == "enum" and isinstance(value, list) else [value]
            named = {_identity(option): option for option in listed}
            left = named if left is None else {k: v for k, v in left.items() if k in named}
    return None if left is None else list(left.values())


def _identity(value: Any) -> tuple[str, Any]:
    """Equal for values that JSON Schema calls equal: 1 is 1.0, and is not true."""
    if isinstance(value, dict | list):
        return kind_of(value), msgspec.json.encode(value, order="sorted")
    return kind_of(value), value


def enumeration(work: Work, spots: list[Spot], types: frozenset[str] | None) -> Shape | None:
    """An enumeration in the target's form; None where there is none, or it cannot be sent."""
    options = options_of(work.sources, spots)
    if options is None:
        return None
    if types is not None:
        options = [option for option in options if types & _types_of(option)]
    options = _that_hold(work, spots, options)
    if not options:
        raise Impossible
    if len(options) > work.limits.max_enum:
        for spot in spots:
            if spot.has("enum"):
                reason = f"{len(options)} values are more than {work.facts.label} takes"
                work.lose(spot, "enum", reason)
        return None
    if any(isinstance(option, dict | list) for option in options):
        texts = [msgspec.json.encode(option).decode() for option in options]
        return Shape({"type": "string", "enum": texts}, Text())
    if work.facts.caseless_enums and any(isinstance(option, str) for option in options):
        for spot in spots:
            for keyword in ("enum", "const"):
                if spot.has(keyword):
                    reason = f"{work.facts.label} may change the letter case of its values"
                    work.lose_at((*spot.path, keyword), keyword, reason)
    return Shape(_listed(work, spots, options))


def _that_hold(work: Work, spots: list[Spot], options: list[Any]) -> list[Any]:
    """Those options that all else that is said of the place allows, which then need not be sent."""
    further = [
        (spot, keyword)
        for spot in spots
        for keyword in work.sources.binding(spot)
        if keyword not in ("enum", "const", "type")
    ]
    if not further:
        return options
    check = work.documents.of_original([spot.path for spot in spots])
    if check is None:
        for spot, keyword in further:
            work.lose(spot, keyword)
        return options
    return [option for option in options if check.is_valid(option)]


def _listed(work: Work, spots: list[Spot], options: list[Any]) -> dict[str, Any]:
    allowed = [option for option in options if kind_of(option) in work.facts.enum_kinds]
    branches = [_enum(work, spots, allowed)] if allowed else []
    for kind in ("boolean", "null"):
        of_kind = [option for option in options if kind_of(option) == kind]
        if not of_kind or kind in work.facts.enum_kinds:
            continue
        branches.append({"type": kind})
        if kind == "boolean" and len(of_kind) == 1:
            for spot in spots:
                for keyword in ("enum", "const"):
                    if spot.has(keyword):
                        work.lose(spot, keyword, "a boolean cannot be bound to one value")
    return branches[0] if len(branches) == 1 else {"anyOf": branches}


def _enum(work: Work, spots: list[Spot], options: list[Any]) -> dict[str, Any]:
    types = sorted({_type_of(option) for option in options} - {"null"})
    if "number" in types and "integer" in types:
        types.remove("integer")
    types += ["null"] if None in options else []
    sent: dict[str, Any] = {"type": types[0] if len(types) == 1 else types}
    constant = len(options) == 1 and any(spot.has("const") for spot in spots)
    return sent | ({"const": options[0]} if constant and work.facts.const else {"enum": options})


def _type_of(option: Any) -> str:
    return (
        "integer" if isinstance(option, int) and not isinstance(option, bool) else kind_of(option)
    )


def _types_of(option: Any) -> set[str]:
    """The types that this value is of; 1.0 is an integer too."""
    kind = kind_of(option)
    return {"number", "integer"} if kind == "number" and float(option).is_integer() else {kind}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
