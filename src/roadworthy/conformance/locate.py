"""Which part of a schema speaks about which part of a value.

Follows local references only. Where alternatives make it uncertain which sub-schema holds, the
search stops at the place above, of which it is certain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias
from urllib.parse import unquote

from roadworthy.conformance.pointer import parts_of, value_at

__all__ = [
    "Applied",
    "Located",
    "in_place",
    "locate",
    "plain_alternative",
    "resolve",
    "self_contained",
    "wants_scalar",
]

_MAX_IN_PLACE: Final = 200
_UNIONS: Final = ("anyOf", "oneOf")
_DYNAMIC: Final = frozenset(("$dynamicRef", "$recursiveRef"))
_SCALARS: Final = frozenset(("string", "number", "integer", "boolean", "null"))
_TYPES_OF: Final[tuple[tuple[type, tuple[str, ...]], ...]] = (
    (bool, ("boolean",)),
    (int, ("integer", "number")),
    (float, ("number", "integer")),
    (str, ("string",)),
    (list, ("array",)),
    (dict, ("object",)),
)
_DEFINITIONS: Final = ("$defs", "definitions")


Applied: TypeAlias = dict[tuple[tuple[str, ...], int], list[Any]]
"""By place in the value and identity of a schema there: what of its alternatives and conditions
is known to apply."""


class Located(NamedTuple):
    """A place in a value and everything the schema says about it."""

    parts: tuple[str, ...]
    schema: dict[str, Any] | bool


def resolve(reference: object, root: dict[str, Any]) -> Any:
    """What a reference such as ``#/$defs/Item`` points to; None if that is not in plain sight."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    pointer = unquote(reference[1:])
    if pointer and not pointer.startswith("/"):
        return None
    try:
        return value_at(root, parts_of(pointer))
    except LookupError:
        return None


def in_place(schema: Any, root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schema and all that it applies to the same value: references, parts, alternatives."""
    waiting, seen = [schema], set[int]()
    while waiting and len(seen) < _MAX_IN_PLACE:
        node = waiting.pop()
        if not isinstance(node, dict) or id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        waiting.append(resolve(node.get("$ref"), root))
        for keyword in ("allOf", *_UNIONS):
            branches = node.get(keyword)
            waiting += branches if isinstance(branches, list) else []


def wants_scalar(schema: Any, root: dict[str, Any], depth: int = 8) -> bool:
    """Whether the schema plainly asks for a string, number, boolean or null, and nothing else."""
    if not isinstance(schema, dict) or depth == 0:
        return False
    if "enum" in schema or "const" in schema:
        options = schema.get("enum", [schema.get("const")])
        return not any(isinstance(option, dict | list) for option in options)
    if "type" in schema:
        types = schema["type"]
        return _SCALARS.issuperset(types if isinstance(types, list) else [types])
    if "$ref" in schema:
        return wants_scalar(resolve(schema["$ref"], root), root, depth - 1)
    branches = schema.get("anyOf") or schema.get("oneOf") or []
    return bool(branches) and all(wants_scalar(branch, root, depth - 1) for branch in branches)


def locate(
    root: dict[str, Any],
    parts: Sequence[str],
    *,
    value: Any = None,
    applied: Applied | None = None,
) -> Located:
    """The deepest place on the way to `parts` of which it is certain what the schema says.

    ``value`` is the whole value: it decides unions by their discriminators. ``applied`` are the
    alternatives and conditions that are known to hold of it. Other conditions are left out: what
    is put together from the answers is validated whole.
    """
    way = _Way(root, applied or {})
    here: list[Any] = [root]
    for depth, part in enumerate(parts):
        below = way.step(here, part, tuple(parts[:depth]), value)
        if not below:
            return Located(tuple(parts[:depth]), _all_of(here))
        here = below
        value = _child(value, part)
    return Located(tuple(parts), _all_of(here))


def plain_alternative(branches: list[Any], value: Any, root: dict[str, Any]) -> int | None:
    """The one alternative that this value plainly is meant to be, by a constant that it bears or
    by its type; None: neither tells."""
    by_type = [i for i, branch in enumerate(branches) if _takes_type(branch, value, root)]
    if len(by_type) == 1:
        return by_type[0]
    if not isinstance(value, dict):
        return None
    told = {i: _constants(branches[i], root) for i in by_type}
    for name in dict.fromkeys(name for constants in told.values() for name in constants):
        fits = [i for i, one in told.items() if _among(value.get(name), one.get(name))]
        if len(fits) == 1 and all(name in one for one in told.values()):
            return fits[0]
    return None


def self_contained(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any] | None:
    """The schema with the definitions it needs; None if it refers to anything else of the root."""
    needed: dict[str, dict[str, Any]] = {}
    waiting = [schema]
    while waiting:
        for reference in _references(waiting.pop()):
            parts = parts_of(unquote(reference[1:])) if reference.startswith("#/") else []
            target = resolve(reference, root)
            if len(parts) < 2 or parts[0] not in _DEFINITIONS or target is None:
                return None
            container = needed.setdefault(parts[0], {})
            if parts[1] not in container:
                container[parts[1]] = root[parts[0]][parts[1]]
                waiting.append(container[parts[1]])
    draft = {"$schema": root["$schema"]} if "$schema" in root else {}
    return {**draft, **schema, **needed}


@dataclass(frozen=True, slots=True)
class _Way:
    root: dict[str, Any]
    applied: Applied

    def step(self, here: list[Any], part: str, place: tuple[str, ...], value: Any) -> list[Any]:
        """All that these schemas say about one property or item; empty if that is uncertain."""
        parts = self.conjunction(here, place, value)
        if any(not isinstance(s, dict) or _DYNAMIC & s.keys() for s in parts):
            return []
        return [below for schema in parts for below in _children(schema, part)]

    def conjunction(self, schemas: list[Any], place: tuple[str, ...], value: Any) -> list[Any]:
        found: list[Any] = []
        waiting = list(schemas)
        while waiting and len(found) < _MAX_IN_PLACE:
            node = waiting.pop(0)
            found.append(node)
            if isinstance(node, dict):
                if "$ref" in node:
                    waiting.append(resolve(node["$ref"], self.root))
                waiting += node.get("allOf", [])
                known = self.applied.get((place, id(node)))
                waiting += known if known is not None else self._told(node, value)
        return found

    def _told(self, node: dict[str, Any], value: Any) -> Iterator[Any]:
        for keyword in _UNIONS:
            branches = node.get(keyword)
            if isinstance(branches, list):
                picked = plain_alternative(branches, value, self.root)
                if picked is not None:
                    yield branches[picked]


def _child(value: Any, part: str) -> Any:
    try:
        return value_at(value, [part])
    except LookupError:
        return None


def _constants(branch: Any, root: dict[str, Any]) -> dict[str, list[Any]]:
    """The properties of which this alternative allows certain values only."""
    found: dict[str, list[Any]] = {}
    for node in _Way(root, {}).conjunction([branch], (), None):
        properties = node.get("properties") if isinstance(node, dict) else None
        for name, schema in properties.items() if isinstance(properties, dict) else ():
            schema = resolve(schema["$ref"], root) if _refers(schema) else schema
            if isinstance(schema, dict) and ("const" in schema or "enum" in schema):
                found[name] = schema.get("enum", [schema.get("const")])
    return found


def _takes_type(branch: Any, value: Any, root: dict[str, Any]) -> bool:
    if branch is False:
        return False
    names = next((names for kind, names in _TYPES_OF if isinstance(value, kind)), ("null",))
    for node in _Way(root, {}).conjunction([branch], (), None):
        types = node.get("type") if isinstance(node, dict) else None
        types = [types] if isinstance(types, str) else types
        if isinstance(types, list) and not set(names) & set(types):
            return False
    return True


def _refers(schema: Any) -> bool:
    return isinstance(schema, dict) and "$ref" in schema


def _among(value: Any, options: list[Any] | None) -> bool:
    return any(type(value) is type(option) and value == option for option in options or ())


def _children(schema: dict[str, Any], part: str) -> Iterator[Any]:
    declared = False
    if part in schema.get("properties", {}):
        declared = True
        yield schema["properties"][part]
    for pattern, below in schema.get("patternProperties", {}).items():
        if _matches(pattern, part):
            declared = True
            yield below
    if not declared and isinstance(schema.get("additionalProperties"), dict):
        yield schema["additionalProperties"]
    if part.isdecimal():
        yield from _item(schema, int(part))


def _item(schema: dict[str, Any], index: int) -> Iterator[Any]:
    items = schema.get("items")
    first = schema.get("prefixItems", items if isinstance(items, list) else [])
    if index < len(first):
        yield first[index]
    elif isinstance(items, dict):
        yield items


def _matches(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except re.error:  # ECMA 262 has what Python's patterns have not
        return False


def _all_of(schemas: list[Any]) -> Any:
    return schemas[0] if len(schemas) == 1 else {"allOf": schemas}


def _references(node: Any) -> Iterator[str]:
    """Every reference in a schema; those inside an enum or a const are taken along as well."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            for keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
                if isinstance(node.get(keyword), str):
                    yield node[keyword]
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
