"""What a schema lets stand at a place, as a `Domain`. Pure.

Only what certainly applies counts: a schema's own keywords, those behind its reference, and those
of ``allOf``. So a domain is never smaller than what may come.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeGuard

from roadworthy.tasks.fields import resolve_local
from roadworthy.tasks.rules.domains import EVERYTHING, NOTHING, Domain, numbers, others, texts

__all__ = ["domain_at", "length_at"]

_MISSING: Final = others("absent", "error")
_ALL_TEXTS: Final = texts((), but=True)
_ALL_NUMBERS: Final = numbers((-math.inf, False, math.inf, False))
_TYPES: Final = {
    "string": _ALL_TEXTS,
    "number": _ALL_NUMBERS,
    "integer": _ALL_NUMBERS,
    "boolean": others("true", "false"),
    "null": others("null"),
    "array": others("list"),
    "object": others("map"),
}
_MAX_NODES: Final = 100


def domain_at(root: dict[str, Any], parts: Sequence[str]) -> tuple[Domain, bool]:
    """What may stand there in a value of this schema, and whether its numbers are whole."""
    nodes, certain = _nodes_at(root, parts)
    found = ~_MISSING
    for node in nodes:
        found &= _own(node)
    whole = any(node.get("type") == "integer" for node in nodes)
    return (found if certain else found | _MISSING), whole


def length_at(root: dict[str, Any], parts: Sequence[str]) -> Domain:
    """What the size of the text or the list may be that stands there."""
    nodes, certain = _nodes_at(root, parts)
    found = numbers((0, False, math.inf, False))
    types = {node.get("type") for node in nodes} & {"string", "array"}
    keywords = {
        frozenset({"string"}): ("minLength", "maxLength"),
        frozenset({"array"}): ("minItems", "maxItems"),
    }.get(frozenset(str(one) for one in types))
    for node in nodes if keywords is not None else ():
        low, high = (node.get(keyword) for keyword in keywords or ())
        if _is_number(low):
            found &= numbers((low, False, math.inf, False))
        if _is_number(high):
            found &= numbers((-math.inf, False, high, False))
    return found if certain and keywords is not None else found | others("error")


def _nodes_at(root: dict[str, Any], parts: Sequence[str]) -> tuple[list[dict[str, Any]], bool]:
    """The schemas that certainly apply there, and whether a value certainly is there."""
    nodes, certain = _certain([root], root), True
    for part in parts:
        below: list[Any] = []
        required = is_object = False
        for node in nodes:
            is_object |= node.get("type") == "object"
            required |= part in _listed(node.get("required"))
            properties = node.get("properties")
            if isinstance(properties, dict) and part in properties:
                below.append(properties[part])
        certain = certain and required and is_object
        nodes = _certain(below, root)
    return nodes, certain


def _certain(schemas: Iterable[Any], root: dict[str, Any]) -> list[dict[str, Any]]:
    waiting, found = list(schemas), list[dict[str, Any]]()
    while waiting and len(found) < _MAX_NODES:
        node = resolve_local(waiting.pop(), root)
        if node:
            found.append(node)
            waiting += _listed(node.get("allOf"))
    return found


def _own(node: dict[str, Any]) -> Domain:
    """What the keywords of one schema leave."""
    found = EVERYTHING
    if "type" in node:
        names = node["type"] if isinstance(node["type"], list) else [node["type"]]
        kinds = NOTHING
        for name in names:
            kinds |= _TYPES.get(name, EVERYTHING)
        found &= kinds
    values = node.get("enum", [node["const"]] if "const" in node else None)
    if isinstance(values, list):
        listed = NOTHING
        for value in values:
            listed |= _just(value)
        found &= listed
    low, above = node.get("minimum"), node.get("exclusiveMinimum")
    high, below = node.get("maximum"), node.get("exclusiveMaximum")
    for span in (
        (low, False, math.inf, False) if _is_number(low) else None,
        (above, True, math.inf, False) if _is_number(above) else None,
        (-math.inf, False, high, False) if _is_number(high) else None,
        (-math.inf, False, below, True) if _is_number(below) else None,
    ):
        if span is not None:
            found &= numbers(span) | ~_ALL_NUMBERS
    if _is_number(node.get("minLength")) and node["minLength"] > 0:
        found &= ~texts([""])
    return found


def _just(value: Any) -> Domain:
    if isinstance(value, bool):
        return others("true" if value else "false")
    if isinstance(value, str):
        return texts([value])
    if isinstance(value, int | float):
        return numbers((value, False, value, False))
    return others("list" if isinstance(value, list) else "map" if value is not None else "null")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
