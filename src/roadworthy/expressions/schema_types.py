"""What a JSON Schema says about the type of a value, as far as expressions care. Pure.

A schema's parts are read as a union: what any alternative, reference or condition declares may
stand there. So what is reported as unknown is declared nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

__all__ = ["ANY_JSON", "ObjectType", "SchemaType", "schema_type"]

ANY_JSON: Final = frozenset({"bool", "double", "string", "null", "list", "map"})
"""Where a schema says nothing. Its numbers are doubles, whole or not."""

_KINDS: Final = {
    "boolean": "bool",
    "integer": "int",
    "number": "double",
    "string": "string",
    "null": "null",
    "array": "list",
    "object": "map",
}
_MAX_NODES: Final = 200
_LISTS: Final = ("allOf", "anyOf", "oneOf")
_SINGLE: Final = ("if", "then", "else")


def schema_type(schema: dict[str, Any]) -> SchemaType:
    """The type of a value that this schema describes."""
    return SchemaType((schema,), schema)


@dataclass(frozen=True, eq=False)
class SchemaType:
    """All that speaks about one value."""

    schemas: tuple[Any, ...]
    root: dict[str, Any]

    @cached_property
    def nodes(self) -> tuple[dict[str, Any], ...]:
        """Every schema that applies, or may, to the value itself."""
        waiting, seen, found = list(self.schemas), set[int](), list[dict[str, Any]]()
        while waiting and len(found) < _MAX_NODES:
            node = waiting.pop(0)
            if not isinstance(node, dict) or id(node) in seen:
                continue
            seen.add(id(node))
            found.append(node)
            waiting.append(_resolved(node.get("$ref"), self.root))
            for keyword in _LISTS:
                branches = node.get(keyword)
                waiting += branches if isinstance(branches, list) else []
            waiting += [node.get(keyword) for keyword in _SINGLE]
            dependent = node.get("dependentSchemas")
            waiting += dependent.values() if isinstance(dependent, dict) else []
        return tuple(found)

    @cached_property
    def kinds(self) -> frozenset[str]:
        """What the value may be; all of JSON where nothing says."""
        said = [kinds for node in self.nodes if (kinds := _kinds_of(node)) is not None]
        found = frozenset().union(*said) if said else ANY_JSON
        return found - {"int"} if "double" in found else found

    @cached_property
    def options(self) -> frozenset[str] | None:
        """The texts that an enum or a const allows; None: any text, or other things too."""
        found: set[str] = set()
        for node in self.nodes:
            values = node.get("enum", [node["const"]] if "const" in node else None)
            kinds = _kinds_of(node)
            if isinstance(values, list):
                found |= {value for value in values if isinstance(value, str)}
            elif kinds is not None and "string" in kinds:
                return None
        return frozenset(found) or None

    @cached_property
    def fields(self) -> dict[str, SchemaType]:
        """The declared properties, in their order."""
        declared: dict[str, list[Any]] = {}
        for node in self.nodes:
            properties = node.get("properties")
            for name, schema in properties.items() if isinstance(properties, dict) else ():
                declared.setdefault(name, []).append(schema)
        return {name: SchemaType(tuple(found), self.root) for name, found in declared.items()}

    @cached_property
    def is_open(self) -> bool:
        """Whether the value may have properties that nothing declares."""
        more = ("additionalProperties", "patternProperties", "unevaluatedProperties")
        asked = any(node.get(key) not in (None, False, {}) for node in self.nodes for key in more)
        return asked or any(node.get(more[0]) == {} for node in self.nodes) or not self.fields

    def field(self, name: str) -> SchemaType | None:
        """The type of a property; None: there can be none of this name."""
        known = self.fields.get(name)
        if known is not None:
            return known
        found = [schema for node in self.nodes for schema in _additional(node, name)]
        return SchemaType(tuple(found), self.root) if found or self.is_open else None

    def item(self, index: int | None = None) -> SchemaType:
        """The type of an item; None: of any."""
        found = [schema for node in self.nodes for schema in _items(node, index)]
        return SchemaType(tuple(found), self.root)

    def member(self) -> SchemaType:
        """The type of what stands anywhere in it: of any item, or any property."""
        found = [*self.item().schemas, *(s for kind in self.fields.values() for s in kind.schemas)]
        for node in self.nodes:
            found += [
                node.get("additionalProperties"),
                *(node.get("patternProperties") or {}).values(),
            ]
        return SchemaType(tuple(one for one in found if isinstance(one, dict)), self.root)


@dataclass(frozen=True, eq=False)
class ObjectType(SchemaType):
    """An object with these properties and no others, each with a schema of its own root."""

    schemas: tuple[Any, ...] = ({"type": "object"},)
    root: dict[str, Any] = field(default_factory=dict)
    declared: Mapping[str, SchemaType] = field(default_factory=dict)

    @cached_property
    def fields(self) -> dict[str, SchemaType]:
        """Those declared."""
        return dict(self.declared)

    @cached_property
    def is_open(self) -> bool:
        """It is not."""
        return False


def _resolved(reference: object, root: dict[str, Any]) -> Any:
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    target: Any = root
    for part in reference.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(target, list) and key.isdecimal() and int(key) < len(target):
            target = target[int(key)]
        else:
            target = target.get(key) if isinstance(target, dict) else None
    return target


def _kinds_of(node: dict[str, Any]) -> frozenset[str] | None:
    kinds: set[str] | None = None
    if "type" in node:
        types = node["type"] if isinstance(node["type"], list) else [node["type"]]
        kinds = {_KINDS[name] for name in types if name in _KINDS}
    values: Any = node.get("enum", [node["const"]] if "const" in node else None)
    if isinstance(values, list):
        listed = {_kind_of(value) for value in values}
        kinds = listed if kinds is None else _met(kinds, listed)
    return None if kinds is None else frozenset(kinds)


def _met(kinds: set[str], listed: set[str]) -> set[str]:
    both = kinds & listed
    return both | {"double"} if "double" in kinds and "int" in listed else both


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    names = {int: "int", float: "double", str: "string", list: "list", dict: "map"}
    return names.get(type(value), "null")


def _additional(node: dict[str, Any], name: str) -> Iterator[Any]:
    patterns = node.get("patternProperties")
    for pattern, schema in patterns.items() if isinstance(patterns, dict) else ():
        if _matches(pattern, name):
            yield schema
    if isinstance(node.get("additionalProperties"), dict):
        yield node["additionalProperties"]


def _items(node: dict[str, Any], index: int | None) -> Iterator[Any]:
    items = node.get("items")
    first: Sequence[Any] = node.get("prefixItems", items if isinstance(items, list) else [])
    if index is None:
        yield from first
    elif 0 <= index < len(first):
        yield first[index]
        return
    if isinstance(items, dict):
        yield items


def _matches(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except re.error:  # ECMA 262 has what Python's patterns have not
        return True
