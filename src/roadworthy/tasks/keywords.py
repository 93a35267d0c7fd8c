"""JSON Schema's keywords: which exist, and where schemas stand inside a schema. Pure.

A validator passes over a keyword that it does not know, so ``maxlenght`` would bind nothing and
nobody would notice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from roadworthy.core.toml_lines import KeyPath

__all__ = ["JSON_TYPES", "KEYWORDS", "subschemas", "without_remarks"]

JSON_TYPES: Final = ("array", "boolean", "integer", "null", "number", "object", "string")

_MAPS: Final = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_LISTS: Final = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLE: Final = (
    "items",
    "additionalProperties",
    "additionalItems",
    "contains",
    "not",
    "if",
    "then",
    "else",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentSchema",
)

# Source: JSON Schema draft 2020-12, core and validation vocabularies.
# fmt: off
KEYWORDS: Final = frozenset(
    (
        *_MAPS, *_LISTS, *_SINGLE,
        "$id", "$schema", "$ref", "$anchor", "$dynamicRef", "$dynamicAnchor", "$vocabulary",
        "$comment", "type", "enum", "const", "multipleOf", "maximum", "exclusiveMaximum",
        "minimum", "exclusiveMinimum", "maxLength", "minLength", "pattern", "maxItems",
        "minItems", "uniqueItems", "maxContains", "minContains", "maxProperties",
        "minProperties", "required", "dependentRequired", "dependencies", "title",
        "description", "default", "deprecated", "readOnly", "writeOnly", "examples", "format",
        "contentEncoding", "contentMediaType",
    )
)
# fmt: on

_REMARKS: Final = frozenset(
    ("title", "description", "examples", "$comment", "deprecated", "readOnly", "writeOnly")
)


def without_remarks(schema: Any) -> Any:
    """The schema without what it says to people, such as its descriptions."""
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in _REMARKS:
            continue
        if keyword in _MAPS and isinstance(value, dict):
            kept[keyword] = {name: without_remarks(inner) for name, inner in value.items()}
        elif keyword in _LISTS and isinstance(value, list):
            kept[keyword] = [without_remarks(inner) for inner in value]
        else:
            kept[keyword] = without_remarks(value) if keyword in _SINGLE else value
    return kept


def subschemas(schema: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    """The schema and every schema inside it, with their paths."""
    if not isinstance(schema, dict):
        return
    yield path, schema
    for keyword, value in schema.items():
        inner: Iterator[tuple[str | int, Any]] = iter(())
        if keyword in _MAPS and isinstance(value, dict):
            inner = iter(value.items())
        elif keyword in _LISTS and isinstance(value, list):
            inner = iter(enumerate(value))
        elif keyword in _SINGLE:
            yield from subschemas(value, (*path, keyword))
        for key, item in inner:
            yield from subschemas(item, (*path, keyword, key))
