"""Lists and tuples in a target's form."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from roadworthy.conformance.codec import Codec, Items, Numbered
from roadworthy.conformance.normalise.loss import CANNOT_COME_BACK
from roadworthy.conformance.normalise.objects import nullable, require_room
from roadworthy.conformance.normalise.spots import Impossible, Spot
from roadworthy.conformance.normalise.work import Builder, Shape, is_text

__all__ = ["list_shape"]

_LOST: Final = frozenset(
    ("uniqueItems", "contains", "minContains", "maxContains", "unevaluatedItems")
)
_FURTHER: Final = "further_items"


class _Counts(NamedTuple):
    fewest: int
    most: int | None


def list_shape(builder: Builder, spots: list[Spot], level: int) -> Shape:
    """Raises NoForm where the target has no form for it, Impossible where no list can be."""
    work = builder.work
    for spot in spots:
        for keyword in work.sources.binding(spot):
            if keyword in _LOST:
                work.lose(spot, keyword)
    counts = _counts(spots)
    if counts.most is not None and counts.fewest > counts.most:
        raise Impossible
    length = max(len(_first(builder, spot)[1]) for spot in spots)
    if length == 0 or counts.most == 0:
        return _plain(builder, spots, counts, level)
    return _tuple(builder, spots, length, counts, level)


def _plain(builder: Builder, spots: list[Spot], counts: _Counts, level: int) -> Shape:
    require_room(builder, level + 1)
    try:
        items = builder.node(_rest(builder, spots), level + 1)
    except Impossible:
        if counts.fewest:
            raise
        items, counts = Shape({"type": "null"}), _Counts(0, 0)
    schema = {"type": "array", "items": items.schema, **_counted(builder, spots, counts)}
    return Shape(schema, None if items.codec is None else Items(items.codec))


def _counts(spots: list[Spot]) -> _Counts:
    fewest = [spot.get("minItems") for spot in spots]
    most = [m for spot in spots if (m := spot.get("maxItems")) is not None]
    return _Counts(
        int(max((f for f in fewest if f is not None), default=0)),
        int(min(most)) if most else None,
    )


def _counted(builder: Builder, spots: list[Spot], counts: _Counts) -> dict[str, Any]:
    """The counts as far as they bind."""
    work, sent = builder.work, dict[str, Any]()
    if counts.fewest:
        bound = counts.fewest
        if not work.facts.keeps("minItems", bound):
            _lose(builder, spots, "minItems")
            bound = work.facts.max_min_items or 0
        if bound:
            sent["minItems"] = bound
    if counts.most is not None:
        if work.facts.keeps("maxItems", counts.most):
            sent["maxItems"] = counts.most
        else:
            _lose(builder, spots, "maxItems")
    return sent


def _tuple(builder: Builder, spots: list[Spot], length: int, counts: _Counts, level: int) -> Shape:
    require_room(builder, level + 2)
    shapes: list[Shape] = []
    nulls: list[bool] = []
    length = length if counts.most is None else min(length, counts.most)
    for index in range(length):
        try:
            below = _item(builder, spots, index)
            shapes.append(builder.field(below, level + 1, optional=index >= counts.fewest))
        except Impossible:
            if index < counts.fewest:
                raise
            counts = _Counts(counts.fewest, index)
            break
        nulls.append(not is_text(shapes[-1]) and builder.may_be_null(below))
    rest = (
        None
        if counts.most is not None and counts.most <= len(shapes)
        else _beyond(builder, spots, level, needed=counts.fewest > len(shapes))
    )
    if rest is None and (counts.most is None or counts.most > len(shapes)):
        counts = _Counts(counts.fewest, len(shapes))
    if _all_alike(shapes, rest):
        schema = {"type": "array", "items": shapes[0].schema, **_counted(builder, spots, counts)}
        return Shape(schema, None if shapes[0].codec is None else Items(shapes[0].codec))
    if builder.work.facts.tuples:
        return _prefixed(builder, spots, shapes, rest, counts)
    if builder.work.facts.all_required and any(nulls[counts.fewest :]):
        return _mixed(builder, spots, shapes, rest, counts)
    return _numbered(builder, spots, shapes, rest, counts)


def _beyond(builder: Builder, spots: list[Spot], level: int, *, needed: bool) -> Shape | None:
    """What follows the first items; None where nothing does, or will."""
    try:
        below = _rest(builder, spots)
    except Impossible:
        return None
    if below or needed:
        return builder.node(below, level + 2)
    for spot in spots:
        keyword, first = _first(builder, spot)
        if first:
            reason = f"closed there: items beyond those that are listed {CANNOT_COME_BACK}"
            path = (*spot.path, "additionalItems" if keyword == "items" else "items")
            builder.work.lose_at(path, str(path[-1]), reason)
    return None


def _all_alike(shapes: list[Shape], rest: Shape | None) -> bool:
    if not shapes:
        return False
    alike = [*shapes, *([] if rest is None else [rest])]
    return all(s.schema == shapes[0].schema for s in alike) and (
        all(s.codec is None for s in alike) or all(is_text(s) for s in alike)
    )


def _prefixed(
    builder: Builder, spots: list[Spot], shapes: list[Shape], rest: Shape | None, counts: _Counts
) -> Shape:
    schema: dict[str, Any] = {"type": "array", "prefixItems": [shape.schema for shape in shapes]}
    if rest is not None:
        schema["items"] = rest.schema
    schema |= _counted(builder, spots, counts)
    return Shape(schema, Items(rest.codec if rest else None, tuple(s.codec for s in shapes)))


def _mixed(
    builder: Builder, spots: list[Spot], shapes: list[Shape], rest: Shape | None, counts: _Counts
) -> Shape:
    """A list whose items are of any of the forms: a null could be an item, or a missing one."""
    every = [*shapes, *([] if rest is None else [rest])]
    if any(shape.codec is not None for shape in every):
        return _numbered(builder, spots, shapes, rest, counts, told_apart=False)
    for spot in spots:
        keyword, first = _first(builder, spot)
        if first:
            builder.work.lose(spot, keyword, "which item is of which form is not enforced")
    distinct = [
        s.schema for i, s in enumerate(every) if s.schema not in [e.schema for e in every[:i]]
    ]
    schema: dict[str, Any] = {"type": "array", "items": {"anyOf": distinct}}
    return Shape(schema | _counted(builder, spots, counts))


def _numbered(
    builder: Builder,
    spots: list[Spot],
    shapes: list[Shape],
    rest: Shape | None,
    counts: _Counts,
    *,
    told_apart: bool = True,
) -> Shape:
    work = builder.work
    names = tuple(f"item_{index + 1}" for index in range(len(shapes)))
    fills = work.facts.all_required
    properties: dict[str, Any] = {}
    for index, (name, shape) in enumerate(zip(names, shapes, strict=True)):
        missing = fills and index >= counts.fewest
        properties[name] = nullable(shape.schema) if missing else shape.schema
    required = list(names) if fills else list(names[: counts.fewest])
    if not told_apart:
        reason = f"a null that may also be missing counts as missing, and {CANNOT_COME_BACK}"
        work.lose_at((*spots[0].path, "minItems"), "minItems", reason)
    if rest is not None:
        beyond = _Counts(
            max(0, counts.fewest - len(names)),
            None if counts.most is None else counts.most - len(names),
        )
        counted = _counted(builder, spots, beyond)
        properties[_FURTHER] = {"type": "array", "items": rest.schema, **counted}
        required.append(_FURTHER)
    schema = {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
        "description": "A list, written as an object with a property for each position.",
    }
    codecs: tuple[Codec | None, ...] = tuple(shape.codec for shape in shapes)
    return Shape(
        schema,
        Numbered(
            names=names,
            codecs=codecs,
            fewest=counts.fewest,
            further=None if rest is None else _FURTHER,
            rest=None if rest is None else rest.codec,
            nullable=fills,
        ),
    )


def _first(builder: Builder, spot: Spot) -> tuple[str, list[Any]]:
    """The keyword that lists the first items, and the schemas that it lists."""
    keyword = "items" if builder.work.sources.legacy else "prefixItems"
    listed = spot.get(keyword)
    return keyword, listed if isinstance(listed, list) else []


def _item(builder: Builder, spots: list[Spot], index: int) -> list[Spot]:
    sources, found = builder.work.sources, list[Spot]()
    for spot in spots:
        keyword, first = _first(builder, spot)
        if index < len(first):
            found += sources.below(first[index], (*spot.path, keyword, index))
        else:
            found += _rest(builder, [spot])
    return found


def _rest(builder: Builder, spots: list[Spot]) -> list[Spot]:
    """What is said of the items that are not listed one by one."""
    sources, found = builder.work.sources, list[Spot]()
    for spot in spots:
        _, first = _first(builder, spot)
        keyword = "additionalItems" if first and sources.legacy else "items"
        if spot.has(keyword) and not isinstance(spot.schema[keyword], list):
            found += sources.below(spot.schema[keyword], (*spot.path, keyword))
    return found


def _lose(builder: Builder, spots: list[Spot], keyword: str) -> None:
    for spot in spots:
        if spot.has(keyword):
            builder.work.lose(spot, keyword)
