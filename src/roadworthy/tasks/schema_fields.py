"""A JSON Schema as rows that people can read: one a field, with its type and its rules. Pure.

A help for the eye, not the schema: what does not fit into a row is named, and the JSON stands
beside it. Bounded for schemas of any size, and for those that contain themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import msgspec

from roadworthy.core.visible import short
from roadworthy.tasks.fields import resolve_local
from roadworthy.tasks.keywords import KEYWORDS

__all__ = ["FieldRow", "FieldTable", "field_table"]

MAX_ROWS: Final = 120
MAX_DEPTH: Final = 6
MAX_NESTED_CHOICES: Final = 3
MAX_VALUES: Final = 12
MAX_TEXT_CHARS: Final = 300

Schema: TypeAlias = dict[str, Any]

_RANGES: Final = (
    ("minLength", "maxLength", "character"),
    ("minItems", "maxItems", "item"),
    ("minProperties", "maxProperties", "field"),
)
# Told in the row's own words, or only for people.
_TOLD: Final = frozenset(
    (
        *("type", "enum", "const", "format", "properties", "required", "items", "prefixItems"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "pattern"),
        *("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
        *("uniqueItems", "additionalProperties", "anyOf", "oneOf", "allOf"),
        *("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"),
        *("$ref", "$defs", "definitions", "$schema", "$id", "$comment", "$anchor"),
    )
)


class FieldRow(msgspec.Struct, frozen=True, kw_only=True):
    """One field."""

    name: str
    """With the names of what encloses it: ``maker.country``, ``lines[].price``; empty: the value
    itself."""
    depth: int
    type: str
    required: bool
    rules: tuple[str, ...] = ()
    description: str = ""


class FieldTable(msgspec.Struct, frozen=True, kw_only=True):
    """A schema's fields, as they stand in it."""

    rows: tuple[FieldRow, ...]
    whole: bool
    """Whether no field was left out for being too deep or one too many."""


def field_table(schema: Schema) -> FieldTable:
    """The fields of a schema; one that is no object is a single row without a name."""
    walk = _Walk(schema)
    root = walk.resolved(schema)
    rows = list(walk.below(root, "", 0, ()))
    rules = tuple(_rules(root))
    if not _is_plain_object(root) or rules or not rows:
        rows.insert(0, walk.row("", root, 0, required=True))
    return FieldTable(rows=tuple(rows), whole=not walk.cut)


class _Walk:
    def __init__(self, root: Schema) -> None:
        self._root = root
        self._left = MAX_ROWS
        self.cut = False

    def resolved(self, schema: Any) -> Schema:
        return resolve_local(schema, self._root)

    def row(self, name: str, schema: Schema, depth: int, *, required: bool) -> FieldRow:
        description = schema.get("description")
        return FieldRow(
            name=name,
            depth=depth,
            type=self._type(schema),
            required=required,
            rules=tuple(_rules(schema)),
            description=short(description, MAX_TEXT_CHARS) if isinstance(description, str) else "",
        )

    def below(
        self, schema: Schema, name: str, depth: int, above: tuple[str, ...]
    ) -> Iterator[FieldRow]:
        """The rows of what stands inside this schema. ``above`` are the references that led here;
        one of them again is a schema that contains itself, and is told once."""
        for child_name, given, required in self._children(schema, name):
            if self._left == 0 or depth >= MAX_DEPTH:
                self.cut = True
                return
            self._left -= 1
            child = self.resolved(given)
            yield self.row(child_name, child, depth, required=required)
            reference = given.get("$ref") if isinstance(given, dict) else None
            if not isinstance(reference, str):
                yield from self.below(child, child_name, depth + 1, above)
            elif reference not in above:
                yield from self.below(child, child_name, depth + 1, (*above, reference))

    def _children(
        self, schema: Schema, name: str, joined: int = MAX_NESTED_CHOICES
    ) -> Iterator[tuple[str, Any, bool]]:
        """Names, schemas and whether each must be there."""
        dot = f"{name}." if name else ""
        properties = schema.get("properties")
        required = schema.get("required")
        must = required if isinstance(required, list) else []
        if isinstance(properties, dict):
            for key, given in properties.items():
                yield dot + key, given, key in must
        others = schema.get("additionalProperties")
        if isinstance(others, dict):
            yield f"{dot}*", others, False
        given = schema.get("items")
        items = self.resolved(given)
        if items and (_holds_more(items) or list(_rules(items)) or "description" in items):
            yield f"{name}[]", given, False
        for position, given in enumerate(_list(schema, "prefixItems")):
            yield f"{name}[{position}]", given, False
        for keyword in ("anyOf", "oneOf"):
            for number, given in enumerate(_list(schema, keyword), start=1):
                option = self.resolved(given)
                if _holds_more(option):
                    title = option.get("title")
                    label = title if isinstance(title, str) else f"option {number}"
                    yield f"{name} ({short(label, 40)})".strip(), given, False
        for given in _list(schema, "allOf") if joined else ():
            yield from self._children(self.resolved(given), name, joined - 1)

    def _type(self, schema: Schema, nested: int = MAX_NESTED_CHOICES) -> str:
        if "const" in schema:
            return f"always {_value(schema['const'])}"
        if isinstance(schema.get("enum"), list):
            values = schema["enum"]
            shown = ", ".join(_value(value) for value in values[:MAX_VALUES])
            more = len(values) - MAX_VALUES
            return f"one of {shown}" + (f" and {more} more" if more > 0 else "")
        for keyword in ("anyOf", "oneOf"):
            if options := _list(schema, keyword):
                if not nested:
                    return "further choices"
                names = [
                    self._type(self.resolved(given), nested - 1) for given in options[:MAX_VALUES]
                ]
                each = (part for name in names for part in name.split(" or "))
                return " or ".join(dict.fromkeys(each))
        named = schema.get("type")
        names = [str(n) for n in named] if isinstance(named, list) else [str(named or "anything")]
        return " or ".join(self._named(name, schema) for name in names)

    def _named(self, name: str, schema: Schema) -> str:
        if name == "array":
            items = self.resolved(schema.get("items"))
            return f"array of {self._item_type(items)}" if items else "array"
        form = schema.get("format")
        return f"string ({short(form, 40)})" if name == "string" and form else name

    def _item_type(self, items: Schema) -> str:
        """Of an item no deeper than its own name: lists of lists may contain themselves."""
        named = items.get("type")
        if isinstance(named, str) and "enum" not in items:
            return named
        return "choices" if "enum" in items else "anything"


def _list(schema: Schema, keyword: str) -> list[Any]:
    found = schema.get(keyword)
    return found if isinstance(found, list) else []


def _is_plain_object(schema: Schema) -> bool:
    return schema.get("type") == "object" or "properties" in schema


def _holds_more(schema: Schema) -> bool:
    inner = ("properties", "items", "prefixItems", "anyOf", "oneOf", "enum")
    return any(key in schema for key in inner)


def _rules(schema: Schema) -> Iterator[str]:
    """What a value must satisfy beside its type, in a few words each."""
    yield from _bounds(schema)
    for least, most, what in _RANGES:
        low, high = schema.get(least), schema.get(most)
        if low is not None and high is not None:
            span = f"{low}" if low == high else f"{low} to {high}"
            yield f"{span} {what}{'s' * (high != 1)}"
        elif low is not None:
            yield f"at least {low} {what}{'s' * (low != 1)}"
        elif high is not None:
            yield f"at most {high} {what}{'s' * (high != 1)}"
    if schema.get("uniqueItems") is True:
        yield "no two items alike"
    if "multipleOf" in schema:
        yield f"a multiple of {_value(schema['multipleOf'])}"
    if "pattern" in schema:
        yield f"matches {short(schema['pattern'])}"
    aliases = schema.get("x-alias")
    if aliases:
        names = aliases if isinstance(aliases, list) else [aliases]
        yield "also read as " + ", ".join(short(name, 40) for name in names[:MAX_VALUES])
    if isinstance(schema.get("role"), str):
        yield f"role {short(schema['role'], 40)}"
    others = [key for key in schema if key in KEYWORDS and key not in _TOLD]
    if others:
        yield "also " + ", ".join(short(key, 40) for key in others[:MAX_VALUES])


def _bounds(schema: Schema) -> Iterator[str]:
    for keyword, sign in (
        ("minimum", "≥"),
        ("exclusiveMinimum", ">"),
        ("maximum", "≤"),
        ("exclusiveMaximum", "<"),
    ):
        bound = schema.get(keyword)
        if isinstance(bound, int | float) and not isinstance(bound, bool):
            yield f"{sign} {bound}"


def _value(value: Any) -> str:
    return short(json.dumps(value, ensure_ascii=False, default=str), 60)
