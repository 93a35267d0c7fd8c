"""What a conjunction of schemas demands, gathered keyword by keyword. Pure.

A node is any number of parts that all must hold: a schema, what it refers to, the members of its
``allOf``, an alternative that was chosen. Its shape is what they amount to together, so that
moving a keyword into a definition or out of it changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final, NamedTuple

from roadworthy.registry.schema_document import CHECKED_FORMATS, Part, part_of

__all__ = [
    "FRACTION",
    "KINDS",
    "Choice",
    "Contains",
    "Fields",
    "Items",
    "Limit",
    "Node",
    "Shape",
    "node_of",
    "shape_of",
]

FRACTION: Final = "fraction"
"""Numbers that are no integers; ``number`` is both."""
KINDS: Final = frozenset(("null", "boolean", "integer", FRACTION, "string", "array", "object"))
_MAX_LISTED: Final = 64
"""An interval of integers up to this size is looked at value by value."""


class Node(NamedTuple):
    """Parts that must all hold, without the choices that were made already."""

    parts: tuple[Part, ...]
    chosen: frozenset[int] = frozenset()

    @property
    def identity(self) -> tuple[frozenset[int], frozenset[int]]:
        return frozenset(part.identity for part in self.parts), self.chosen

    def and_(self, *parts: Part, choice: int | None = None) -> Node:
        """The node with further parts; ``choice`` is the identity of what they were chosen of."""
        known = {part.identity for part in self.parts}
        added = tuple(part for part in parts if part.identity not in known)
        chosen = self.chosen if choice is None else self.chosen | {choice}
        return Node(self.parts + added, chosen)


class Limit(NamedTuple):
    """One end of what numbers are allowed."""

    value: Fraction
    is_exclusive: bool


class Choice(NamedTuple):
    """One ``anyOf`` or ``oneOf``."""

    keyword: str
    branches: tuple[Part, ...]
    identity: int


class Contains(NamedTuple):
    """One ``contains`` with its counts."""

    part: Part
    least: int
    most: int | None


class Items(NamedTuple):
    """What one part says of items by position."""

    first: tuple[Part, ...]
    rest: Part


class Fields(NamedTuple):
    """What one part says of fields by name."""

    named: dict[str, Part]
    patterns: dict[str, Part]
    others: Part

    def of(self, name: str, matching: Iterable[str]) -> list[Part]:
        """What a field of this name must satisfy; ``matching`` are the patterns that it fits."""
        found = [self.patterns[pattern] for pattern in matching if pattern in self.patterns]
        if name in self.named:
            return [self.named[name], *found]
        return found or [self.others]


@dataclass(kw_only=True)
class Shape:
    """Everything that is demanded. What stands in a list holds all at once."""

    parts: tuple[Part, ...]
    """References and ``allOf`` followed."""
    kinds: frozenset[str] = KINDS
    values: list[Any] | None = None
    """All that is allowed; None: more than can be listed."""
    least: Limit | None = None
    most: Limit | None = None
    multiples: set[Fraction] = field(default_factory=set)
    lengths: tuple[int, int | None] = (0, None)
    patterns: set[str] = field(default_factory=set)
    formats: set[str] = field(default_factory=set)
    counts: tuple[int, int | None] = (0, None)
    is_unique: bool = False
    items: list[Items] = field(default_factory=list)
    contains: list[Contains] = field(default_factory=list)
    sizes: tuple[int, int | None] = (0, None)
    required: set[str] = field(default_factory=set)
    fields: list[Fields] = field(default_factory=list)
    names: list[Part] = field(default_factory=list)
    """Of ``propertyNames``."""
    needs: dict[str, set[str]] = field(default_factory=dict)
    """Of ``dependentRequired``."""
    dependents: list[tuple[str, Part]] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    nots: list[Part] = field(default_factory=list)
    conditions: list[tuple[Part, Part, Part]] = field(default_factory=list)
    """If, then, else."""
    unread: list[Part] = field(default_factory=list)
    """Parts that say more than is understood here."""

    def declared(self) -> list[str]:
        """The names of fields, in their order."""
        return list(dict.fromkeys(name for fields in self.fields for name in fields.named))

    def is_closed(self) -> bool:
        """Whether a field that is not declared, and fits no pattern, is refused."""
        return any(_is_nothing(fields.others) for fields in self.fields)


def node_of(part: Part) -> Node:
    return Node((part,))


def shape_of(node: Node, *, flat: bool = False) -> Shape:
    """What the node demands; ``flat``: its parts have been followed already."""
    parts = node.parts if flat else _followed(node.parts)
    shape = Shape(parts=parts)
    for part in parts:
        _take(shape, part, node.chosen)
    if not shape.kinds & {FRACTION}:
        shape.least, shape.most = _to_integers(shape.least, shape.most)
    if shape.values is None:
        shape.values = _listed(shape)
    if shape.values is not None and all(p.document.is_readable_throughout for p in parts):
        shape.values = [
            value
            for value in shape.values
            if all(p.document.accepts(p.schema, value) for p in parts)
        ]
    return shape


def _followed(parts: Sequence[Part]) -> tuple[Part, ...]:
    found: dict[int, Part] = {}
    waiting = list(reversed(parts))
    while waiting:
        part = waiting.pop()
        if part.identity in found:
            continue
        found[part.identity] = part
        if part.document.is_readable(part.schema):
            inner = [part.document.target(part.schema["$ref"])] if "$ref" in part.schema else []
            inner += part.schema.get("allOf", [])
            waiting += [part_of(part.document, schema) for schema in reversed(inner)]
    return tuple(found.values())


def _take(shape: Shape, part: Part, chosen: frozenset[int]) -> None:
    """Add what this part says by itself."""
    schema = part.schema
    if not part.document.is_readable(schema):
        shape.unread.append(part)
        return
    if _is_nothing(part):
        shape.kinds = frozenset()
    if "unevaluatedProperties" in schema or "unevaluatedItems" in schema:
        shape.unread.append(part)
    if "type" in schema:
        shape.kinds &= _kinds(schema["type"])
    for listed in ([schema["const"]] if "const" in schema else None, schema.get("enum")):
        if listed is not None:
            # Of two lists either holds all that is in both; the values are tried in the end.
            shape.values = list(listed) if shape.values is None else shape.values
    _take_scalars(shape, schema)
    _take_arrays(shape, part)
    _take_objects(shape, part)
    _take_logic(shape, part, chosen)


def _take_scalars(shape: Shape, schema: dict[str, Any]) -> None:
    for keyword, is_exclusive in (("minimum", False), ("exclusiveMinimum", True)):
        if keyword in schema:
            limit = Limit(Fraction(schema[keyword]), is_exclusive)
            shape.least = limit if shape.least is None else max(shape.least, limit)
    for keyword, is_exclusive in (("maximum", False), ("exclusiveMaximum", True)):
        if keyword in schema:
            limit = Limit(Fraction(schema[keyword]), is_exclusive)
            tighter = shape.most is None or (limit.value, not is_exclusive) < (
                shape.most.value,
                not shape.most.is_exclusive,
            )
            shape.most = limit if tighter else shape.most
    if "multipleOf" in schema:
        shape.multiples.add(Fraction(str(schema["multipleOf"])))
    shape.lengths = _narrowed(shape.lengths, schema, "minLength", "maxLength")
    if "pattern" in schema:
        shape.patterns.add(schema["pattern"])
    if schema.get("format") in CHECKED_FORMATS:
        shape.formats.add(schema["format"])


def _take_arrays(shape: Shape, part: Part) -> None:
    schema = part.schema
    shape.counts = _narrowed(shape.counts, schema, "minItems", "maxItems")
    shape.is_unique |= schema.get("uniqueItems") is True
    if "items" in schema or "prefixItems" in schema:
        first = tuple(part_of(part.document, item) for item in schema.get("prefixItems", ()))
        items = Items(first, part_of(part.document, schema.get("items", True)))
        shape.items.append(items)
        if _is_nothing(items.rest):
            shape.counts = _narrowed(shape.counts, {"most": len(first)}, "least", "most")
    if "contains" in schema:
        least, most = int(schema.get("minContains", 1)), schema.get("maxContains")
        contained = part_of(part.document, schema["contains"])
        shape.contains.append(Contains(contained, least, None if most is None else int(most)))


def _take_objects(shape: Shape, part: Part) -> None:
    schema, document = part.schema, part.document
    shape.sizes = _narrowed(shape.sizes, schema, "minProperties", "maxProperties")
    shape.required.update(schema.get("required", ()))
    if not {"properties", "patternProperties", "additionalProperties"}.isdisjoint(schema):
        named, patterns = (
            {name: part_of(document, inner) for name, inner in schema.get(keyword, {}).items()}
            for keyword in ("properties", "patternProperties")
        )
        others = part_of(document, schema.get("additionalProperties", True))
        shape.fields.append(Fields(named, patterns, others))
    if "propertyNames" in schema:
        shape.names.append(part_of(document, schema["propertyNames"]))
    for name, needed in schema.get("dependentRequired", {}).items():
        shape.needs.setdefault(name, set()).update(needed)
    for name, inner in schema.get("dependentSchemas", {}).items():
        shape.dependents.append((name, part_of(document, inner)))
    for name, either in schema.get("dependencies", {}).items():
        if isinstance(either, list):
            shape.needs.setdefault(name, set()).update(either)
        else:
            shape.dependents.append((name, part_of(document, either)))


def _take_logic(shape: Shape, part: Part, chosen: frozenset[int]) -> None:
    schema, document = part.schema, part.document
    for keyword in ("anyOf", "oneOf"):
        branches = schema.get(keyword)
        if branches is not None and id(branches) not in chosen:
            found = tuple(part_of(document, branch) for branch in branches)
            shape.choices.append(Choice(keyword, found, id(branches)))
    if "not" in schema and not _is_nothing(part):
        shape.nots.append(part_of(document, schema["not"]))
    if "if" in schema and ("then" in schema or "else" in schema):
        made = [part_of(document, schema.get(keyword, True)) for keyword in ("if", "then", "else")]
        shape.conditions.append((made[0], made[1], made[2]))


def _is_nothing(part: Part) -> bool:
    return part.schema.get("not") in ({}, True) and "not" in part.schema


def _kinds(declared: str | list[str]) -> frozenset[str]:
    named = {declared} if isinstance(declared, str) else set(declared)
    if "number" in named:
        named |= {"integer", FRACTION}
    return frozenset(named & KINDS)


def _narrowed(
    known: tuple[int, int | None], schema: dict[str, Any], least: str, most: str
) -> tuple[int, int | None]:
    low, high = known
    if least in schema:
        low = max(low, int(schema[least]))
    if most in schema:
        high = int(schema[most]) if high is None else min(high, int(schema[most]))
    return low, high


def _to_integers(least: Limit | None, most: Limit | None) -> tuple[Limit | None, Limit | None]:
    """The same ends where there are integers only."""
    if least is not None:
        low = math.floor(least.value) + 1 if least.is_exclusive else math.ceil(least.value)
        least = Limit(Fraction(low), is_exclusive=False)
    if most is not None:
        high = math.ceil(most.value) - 1 if most.is_exclusive else math.floor(most.value)
        most = Limit(Fraction(high), is_exclusive=False)
    return least, most


def _listed(shape: Shape) -> list[Any] | None:
    """Every value, where types and bounds alone leave few of them."""
    values: list[Any] = []
    for kind in sorted(shape.kinds):
        if kind == "null":
            values.append(None)
        elif kind == "boolean":
            values += [False, True]
        elif kind == "integer" and shape.least is not None and shape.most is not None:
            low, high = int(shape.least.value), int(shape.most.value)
            if high - low >= _MAX_LISTED or FRACTION in shape.kinds:
                return None
            values += range(low, high + 1)
        else:
            return None
    return values
