"""`anyOf` and `oneOf` in a target's form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from roadworthy.conformance.alternatives import Alternative, Union, kind_of
from roadworthy.conformance.codec import Boxed, Codec, Entries, Named, Numbered, Text
from roadworthy.conformance.normalise.scalars import options_of
from roadworthy.conformance.normalise.spots import Impossible, NoForm, Sources, Spot
from roadworthy.conformance.normalise.types import stated_types
from roadworthy.conformance.normalise.work import Builder, Shape, is_text
from roadworthy.conformance.pointer import Part

__all__ = ["UNIONS", "Branch", "are_disjoint", "joined", "union_of"]

UNIONS: Final = ("anyOf", "oneOf")
_TAG_VALUES: Final = 50
_BOXES: Final[tuple[tuple[str, str, type[Codec]], ...]] = (
    ("json", "string", Text),
    ("entries", "array", Entries),
    ("items", "object", Numbered),
)


class Branch:
    """One alternative on its way: its form, and the parts of the original that it stems from."""

    __slots__ = ("shape", "spots")

    def __init__(self, shape: Shape, spots: list[Spot]) -> None:
        self.shape = shape
        self.spots = spots


def union_of(spots: list[Spot]) -> tuple[Spot, str] | None:
    """The first union among the parts."""
    for spot in spots:
        for keyword in UNIONS:
            if isinstance(spot.get(keyword), list):
                return spot, keyword
    return None


def joined(builder: Builder, branches: list[Branch], origin: tuple[Part, ...]) -> Shape:
    """The alternatives as one place; ``origin`` is the keyword that they stem from.

    Raises:
        Impossible: there are none.
        NoForm: all of them are free-form.
    """
    distinct = _distinct(_boxed(branches))
    if not distinct:
        raise Impossible
    if all(is_text(branch.shape) and "enum" not in branch.shape.schema for branch in distinct):
        raise NoForm("all its alternatives are free-form")
    if len(distinct) == 1:
        return distinct[0].shape
    schemas = _tag_first([branch.shape.schema for branch in distinct])
    if all(branch.shape.codec is None for branch in distinct):
        return Shape({"anyOf": _flattened(schemas)})
    alternatives = tuple(
        Alternative(branch.shape.codec, tuple(spot.path for spot in branch.spots))
        for branch in distinct
    )
    unions = builder.work.documents.sent["unions"]
    unions.append(schemas)
    union = Union(builder.work.documents, len(unions) - 1, alternatives)
    builder.work.unions.append((union, origin))
    return Shape({"anyOf": schemas}, union)


def _tag_first(schemas: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Objects that a tag tells apart, with the tag as what a model writes first: by then it has
    chosen, and OpenAI has refused alternatives that begin with the same property."""
    objects = [schema for schema in schemas if "properties" in schema]
    common = [n for n in objects[0]["properties"] if _tells_apart(n, objects)] if objects else []
    if len(objects) < 2 or not common:
        return schemas
    tag = common[0]
    return [
        {**schema, "properties": {tag: schema["properties"][tag], **schema["properties"]}}
        if "properties" in schema
        else schema
        for schema in schemas
    ]


def _tells_apart(name: str, objects: list[dict[str, Any]]) -> bool:
    seen: set[str] = set()
    for schema in objects:
        below = schema["properties"].get(name, {})
        options = below.get("enum", [below["const"]] if "const" in below else [])
        if not options or not all(isinstance(option, str) for option in options):
            return False
        if seen & set(options):
            return False
        seen |= set(options)
    return True


def _flattened(schemas: list[dict[str, Any]]) -> list[dict[str, Any]]:
    flat: list[dict[str, Any]] = []
    for schema in schemas:
        flat += schema["anyOf"] if schema.keys() == {"anyOf"} else [schema]
    return flat


def _distinct(branches: list[Branch]) -> list[Branch]:
    found: list[Branch] = []
    for branch in branches:
        alike = [b for b in found if b.shape.schema == branch.shape.schema]
        if not any(b.shape.codec is None and branch.shape.codec is None for b in alike):
            found.append(branch)
    return found


def _boxed(branches: list[Branch]) -> list[Branch]:
    """Alternatives whose form could be taken for another's stand in an object of their own:
    strings that hold JSON beside strings, entries beside lists, tuples beside objects."""
    for place, branch in enumerate(branches):
        others = [other.shape.schema for other in branches[:place] + branches[place + 1 :]]
        for name, kind, kinds_of_codec in _BOXES:
            is_one = any(isinstance(codec, kinds_of_codec) for codec in _outer(branch.shape.codec))
            if is_one and any(_may_be(other, kind) for other in others):
                branch.shape = _box(name, branch.shape)
                break
    return branches


def _box(name: str, shape: Shape) -> Shape:
    schema = {
        "type": "object",
        "properties": {name: shape.schema},
        "required": [name],
        "additionalProperties": False,
    }
    return Shape(schema, Boxed(name, shape.codec))


def _outer(codec: Codec | None) -> Iterator[Codec]:
    """The codecs that a value of this place meets first."""
    if isinstance(codec, Named | Union):
        for below in codec.inner():
            yield from _outer(below)
    elif codec is not None:
        yield codec


def _may_be(schema: dict[str, Any], kind: str) -> bool:
    if "anyOf" in schema:
        return any(_may_be(branch, kind) for branch in schema["anyOf"])
    types = schema.get("type")
    return types is None or kind in (types if isinstance(types, list) else [types])


def are_disjoint(sources: Sources, branches: list[list[Spot]]) -> bool:
    """Whether no value can be of two of these alternatives, as far as can plainly be seen."""
    said = [_plain_facts(sources, spots) for spots in branches]
    return all(_apart(one, other) for index, one in enumerate(said) for other in said[index + 1 :])


class _Plain:
    """The kinds of value that an alternative may be, and the constants that its objects have."""

    def __init__(self, kinds: frozenset[str] | None, tags: dict[str, frozenset[Any]]) -> None:
        self.kinds = kinds
        self.tags = tags


def _plain_facts(sources: Sources, spots: list[Spot]) -> _Plain:
    try:
        flat = sources.flat(spots)
        types = stated_types(flat)
    except (NoForm, Impossible):
        return _Plain(None, {})
    options = options_of(sources, flat)
    if types is None and options is None:
        return _Plain(None, {})
    kinds = frozenset("number" if t == "integer" else t for t in types or ())
    if options is not None:
        kinds = frozenset(kind_of(option) for option in options)
    tags: dict[str, frozenset[Any]] = {}
    if options is not None and all(isinstance(o, str) for o in options):
        tags[""] = frozenset(options)
    required = {n for s in flat for n in (s.get("required") or []) if isinstance(n, str)}
    for name in required:
        try:
            below = sources.flat(sources.property_spots(flat, name))
        except (NoForm, Impossible):
            continue
        found = options_of(sources, below)
        if found and len(found) <= _TAG_VALUES and all(isinstance(o, str) for o in found):
            tags[name] = frozenset(found)
    return _Plain(kinds, tags)


def _apart(one: _Plain, other: _Plain) -> bool:
    if one.kinds is None or other.kinds is None:
        return False
    shared = one.kinds & other.kinds
    if not shared:
        return True
    if shared == {"string"} and "" in one.tags and "" in other.tags:
        return not one.tags[""] & other.tags[""]
    if shared != {"object"}:
        return False
    return any(
        not allowed & other.tags[name]
        for name, allowed in one.tags.items()
        if name and name in other.tags
    )
