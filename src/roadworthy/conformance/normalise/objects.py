"""Objects in a target's form: closed, complete, and with dictionaries as lists of entries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from roadworthy.conformance.codec import KEY, VALUE, Codec, Entries, Entry, Properties
from roadworthy.conformance.normalise.loss import CANNOT_COME_BACK
from roadworthy.conformance.normalise.spots import (
    ANY_STRING,
    Impossible,
    NoForm,
    Spot,
    compiled_pattern,
)
from roadworthy.conformance.normalise.work import Builder, Shape, is_text

__all__ = ["nullable", "object_shape", "require_room"]

ENTRIES: Final = "additional_properties"
_HANDLED: Final = frozenset(
    (
        *("properties", "required", "additionalProperties", "patternProperties", "propertyNames"),
        *("minProperties", "maxProperties", "unevaluatedProperties"),
    )
)
_CLOSED: Final = f"closed there: properties that the schema does not name {CANNOT_COME_BACK}"
_NULLS: Final = (
    f"a missing field that may also be null comes back null: that it is missing {CANNOT_COME_BACK}"
)


@dataclass(slots=True)
class _Further:
    """What may stand beside the declared properties."""

    kinds: list[tuple[str | None, list[Spot]]] = field(default_factory=list)
    """Patterns of names, and what is said of their values; None: any other name."""
    open: bool = False
    """Properties of any name and value may stand, and nothing is said of them."""


def object_shape(builder: Builder, spots: list[Spot], level: int) -> Shape:
    """Raises NoForm where the target has no form for it, Impossible where no object can be."""
    work = builder.work
    required = _required(spots)
    names = _names(spots, required)
    further = _further(builder, spots)
    if not names and not _declares(spots) and further.open:
        raise NoForm("an object of anything")
    for spot in spots:
        for keyword in work.sources.binding(spot):
            if keyword in ("dependencies", "dependentRequired", "dependentSchemas"):
                work.lose(spot, keyword)
    if not names and further.kinds and (work.facts.closed or _several(further)):
        return _dictionary(builder, spots, further, level)
    if names or further.kinds:
        require_room(builder, level + 1)
    parts = _fields(builder, spots, names, required, level)
    return _assembled(builder, spots, parts, further, level)


def require_room(builder: Builder, level: int) -> None:
    """Raises NoForm where the target does not nest so deep."""
    most = builder.work.facts.max_levels
    if most is not None and level > most:
        raise NoForm(f"nested deeper than {most} levels")


@dataclass(slots=True)
class _Fields:
    shapes: dict[str, Shape] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    absent: set[str] = field(default_factory=set)
    filled: set[str] = field(default_factory=set)


def _fields(
    builder: Builder, spots: list[Spot], names: list[str], required: set[str], level: int
) -> _Fields:
    work = builder.work
    made = _Fields()
    for name in names:
        try:
            below = work.sources.property_spots(spots, name)
            shape = builder.field(below, level + 1, optional=name not in required)
        except Impossible:
            if name in required:
                raise
            if not work.facts.closed:
                _lose_forbidden(builder, spots, name)
            continue
        if name in required:
            made.required.append(name)
        elif _is_sent_nullable(builder):
            made.required.append(name)
            made.filled.add(name)
            if is_text(shape) or not builder.may_be_null(below):
                made.absent.add(name)
            else:
                work.lose_at((*spots[0].path, "required"), "required", _NULLS)
            shape = Shape(nullable(shape.schema), shape.codec)
        made.shapes[name] = shape
    return made


def _lose_forbidden(builder: Builder, spots: list[Spot], name: str) -> None:
    """A property that no value can have; an open object's form cannot rule it out."""
    for spot in spots:
        declared = spot.get("properties")
        if isinstance(declared, dict) and name in declared:
            path = (*spot.path, "properties", name)
            builder.work.lose_at(path, "properties", "no value can stand there, and one may")


def _is_sent_nullable(builder: Builder) -> bool:
    work = builder.work
    if work.facts.all_required:
        return True
    if work.nullable_fields < work.limits.nullable_fields:
        work.nullable_fields += 1
        return True
    return False


def _assembled(
    builder: Builder, spots: list[Spot], parts: _Fields, further: _Further, level: int
) -> Shape:
    work = builder.work
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: shape.schema for name, shape in parts.shapes.items()},
        "required": parts.required,
    }
    entries: Entries | None = None
    others: Codec | None = None
    holder = ""
    if further.kinds and (work.facts.closed or _several(further)):
        holder = ENTRIES
        while holder in parts.shapes:
            holder += "_"
        require_room(builder, level + 3)
        listed, entries = _entries(builder, spots, further, level + 1)
        schema["properties"][holder] = listed
        schema["required"] = [*parts.required, holder]
        schema["additionalProperties"] = False
    elif further.kinds:
        ((pattern, below),) = further.kinds
        if pattern is not None:
            _lose_pattern(builder, spots)
        shape = builder.node(below, level + 1)
        schema["additionalProperties"], others = shape.schema, shape.codec
    elif work.facts.closed or not further.open:
        schema["additionalProperties"] = False
        if further.open:
            work.lose_at((*spots[0].path, "additionalProperties"), "additionalProperties", _CLOSED)
    if not work.facts.all_required:  # where they may be left out, empty lists only take room
        schema = {k: v for k, v in schema.items() if v or k not in ("required", "properties")}
    _lose_counts(builder, spots, parts, is_closed=not further.open and not further.kinds)
    codec = Properties(
        names=tuple(parts.shapes),
        fields={n: s.codec for n, s in parts.shapes.items() if s.codec is not None},
        absent=frozenset(parts.absent),
        filled=frozenset(parts.filled),
        others=others,
        open=schema.get("additionalProperties", True) is not False,
        entries=entries,
        entries_name=holder,
    )
    return Shape(schema, codec)


def _dictionary(builder: Builder, spots: list[Spot], further: _Further, level: int) -> Shape:
    """An object of which no property is declared: the list of entries itself."""
    require_room(builder, level + 2)
    listed, entries = _entries(builder, spots, further, level)
    work = builder.work
    for spot in spots:
        for keyword, counted in (("minProperties", "minItems"), ("maxProperties", "maxItems")):
            value = spot.get(keyword)
            if value is None or not work.sources.binds(keyword, value):
                continue
            if not work.facts.keeps(counted, value):
                work.lose(spot, keyword)
                continue
            tighter = max if counted == "minItems" else min
            listed[counted] = tighter(value, listed.get(counted, value))
            reason = "enforced on the list of entries, where a key may be repeated"
            work.lose_at((*spot.path, keyword), keyword, reason)
    return Shape(listed, entries)


def _entries(
    builder: Builder, spots: list[Spot], further: _Further, level: int
) -> tuple[dict[str, Any], Entries]:
    branches: list[dict[str, Any]] = []
    kinds: list[Entry] = []
    for pattern, below in further.kinds:
        try:
            shape = builder.node(below, level + 2)
        except Impossible:
            continue
        kinds.append(Entry(None if pattern is None else compiled_pattern(pattern), shape.codec))
        branches.append(
            {
                "type": "object",
                "properties": {KEY: _key(builder, spots, pattern), VALUE: shape.schema},
                "required": [KEY, VALUE],
                "additionalProperties": False,
            }
        )
    if not branches:
        raise NoForm("an object of nothing")
    if len(branches) > 1:
        reason = "which pattern a name matches is told by the first that does"
        _lose_all(builder, spots, "patternProperties", reason)
    items = branches[0] if len(branches) == 1 else {"anyOf": branches}
    words = "An object, written as the list of its keys and values."
    return {"type": "array", "items": items, "description": words}, Entries(tuple(kinds))


def _key(builder: Builder, spots: list[Spot], pattern: str | None) -> dict[str, Any]:
    """What a key of an entry may be: a string of the pattern and of `propertyNames`."""
    work = builder.work
    below: list[Spot] = []
    for spot in spots:
        if spot.has("propertyNames") and work.sources.binding(spot):
            path = (*spot.path, "propertyNames")
            below += work.sources.below(spot.schema["propertyNames"], path)
    schema: dict[str, Any] = {"type": "string"}
    if below:
        # Names are strings, whether or not the schema says so.
        shape = builder.node([Spot(ANY_STRING, below[0].path), *below], 0)
        schema = shape.schema if shape.codec is None else schema
    if pattern is None:
        return schema
    if work.facts.keeps("pattern", pattern) and "pattern" not in schema and "enum" not in schema:
        return {**schema, "pattern": pattern}
    _lose_pattern(builder, spots)
    return schema


def _further(builder: Builder, spots: list[Spot]) -> _Further:
    """What the parts together say of properties that none of them declares."""
    sources = builder.work.sources
    patterned = [s for s in spots if isinstance(s.get("patternProperties"), dict)]
    patterned = [s for s in patterned if s.schema["patternProperties"]]
    for spot in patterned[1:]:
        builder.work.lose(
            spot,
            "patternProperties",
            f"several parts have patterns: names of this one {CANNOT_COME_BACK}",
        )
    typed: list[Spot] = []
    closed = False
    for spot in spots:
        if "unevaluatedProperties" in sources.binding(spot):
            if spot.schema["unevaluatedProperties"] is False and _is_around(spot, spots):
                closed = True
            else:
                builder.work.lose(spot, "unevaluatedProperties")
        if spot.has("additionalProperties") and spot not in patterned[:1]:
            path = (*spot.path, "additionalProperties")
            try:
                typed += sources.below(spot.schema["additionalProperties"], path)
            except Impossible:
                closed = True
    if closed and not patterned:
        return _Further()
    if not patterned:
        return _Further([(None, typed)]) if typed else _Further(open=True)
    return _patterned(builder, patterned[0], typed, closed=closed)


def _is_around(spot: Spot, spots: list[Spot]) -> bool:
    """Whether all other parts stand inside this one, so that it sees what they evaluate."""
    depth = len(spot.path)
    return all(other.path[:depth] == spot.path for other in spots)


def _patterned(builder: Builder, spot: Spot, typed: list[Spot], *, closed: bool) -> _Further:
    sources = builder.work.sources
    further = _Further()
    for pattern, below in spot.schema["patternProperties"].items():
        if compiled_pattern(pattern) is None:
            builder.work.lose(
                spot,
                "patternProperties",
                f"its pattern cannot be read: names of it {CANNOT_COME_BACK}",
            )
            continue
        try:
            said = sources.below(below, (*spot.path, "patternProperties", pattern))
        except Impossible:
            builder.work.lose(spot, "patternProperties", "names that are forbidden stay possible")
            continue
        if not closed:
            further.kinds.append((pattern, [*said, *typed]))
    if closed:
        return _Further()
    rest = spot.get("additionalProperties")
    if rest is False:
        return further
    below = sources.below(rest, (*spot.path, "additionalProperties")) if rest else []
    if below or typed:
        further.kinds.append((None, [*below, *typed]))
    elif not further.kinds:
        further.open = True
    else:
        path = (*spot.path, "additionalProperties")
        builder.work.lose_at(path, "additionalProperties", _CLOSED)
    return further


def _several(further: _Further) -> bool:
    return len(further.kinds) > 1


def _lose_pattern(builder: Builder, spots: list[Spot]) -> None:
    for keyword in ("patternProperties", "additionalProperties"):
        _lose_all(builder, spots, keyword, "names are not held to the pattern")


def _lose_all(builder: Builder, spots: list[Spot], keyword: str, reason: str) -> None:
    for spot in spots:
        if spot.has(keyword):
            builder.work.lose(spot, keyword, reason)


def _lose_counts(builder: Builder, spots: list[Spot], parts: _Fields, *, is_closed: bool) -> None:
    """Counts of properties, and rules on their names, where they do not follow from the rest."""
    work = builder.work
    for spot in spots:
        for keyword in work.sources.binding(spot):
            value = spot.get(keyword)
            implied = False
            if keyword == "minProperties":
                implied = value <= len(set(parts.required) - parts.absent)
            elif keyword == "maxProperties":
                implied = is_closed and value >= len(parts.shapes)
            elif keyword != "propertyNames":
                continue
            if not implied:
                work.lose(spot, keyword)


def _declares(spots: list[Spot]) -> bool:
    """Whether any part closes the object or types what it may hold."""
    return any(spot.get("additionalProperties") is False for spot in spots)


def _required(spots: list[Spot]) -> set[str]:
    found: set[str] = set()
    for spot in spots:
        listed = spot.get("required")
        found |= {n for n in listed if isinstance(n, str)} if isinstance(listed, list) else set()
    return found


def _names(spots: list[Spot], required: set[str]) -> list[str]:
    """Declared properties in their order; then those that are only required."""
    names: dict[str, None] = {}
    for spot in spots:
        declared = spot.get("properties")
        names |= dict.fromkeys(declared if isinstance(declared, dict) else ())
    return [*names, *sorted(required - names.keys())]


def nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, and null."""
    types = schema.get("type")
    names = types if isinstance(types, list) else [types]
    if "null" in names and None in schema.get("enum", [None]) and "const" not in schema:
        return schema
    branches = schema.get("anyOf")
    if types is None and isinstance(branches, list):
        if any(branch.get("type") == "null" for branch in branches):
            return schema
        return {**schema, "anyOf": [*branches, {"type": "null"}]}
    if types is None or "const" in schema:
        outer = {k: v for k, v in schema.items() if k == "description"}
        inner = {k: v for k, v in schema.items() if k != "description"}
        return {**outer, "anyOf": [inner, {"type": "null"}]}
    with_null = {**schema, "type": [*(n for n in names if n != "null"), "null"]}
    if "enum" in schema:
        with_null["enum"] = [*(v for v in schema["enum"] if v is not None), None]
    return with_null
