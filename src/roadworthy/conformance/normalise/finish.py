"""The last steps of a form: which codecs do anything, and how alternatives are told apart."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from roadworthy.conformance.alternatives import Union, kind_of
from roadworthy.conformance.codec import Codec
from roadworthy.conformance.normalise.loss import CANNOT_COME_BACK
from roadworthy.conformance.normalise.work import Work
from roadworthy.conformance.pointer import Part

__all__ = ["finished"]


def finished(root: Codec | None, work: Work) -> Codec | None:
    """The codec without the parts in which nothing changes, its alternatives told apart."""
    if root is None:
        return None
    found = _all_of(root)
    acting = {id(codec) for codec in found if codec.acts()}
    above: dict[int, list[Codec]] = {}
    for codec in found:
        for below in codec.inner():
            above.setdefault(id(below), []).append(codec)
    waiting = list(acting)
    while waiting:
        for codec in above.get(waiting.pop(), ()):
            if id(codec) not in acting:
                acting.add(id(codec))
                waiting.append(id(codec))
    idle = {id(codec) for codec in found} - acting
    for codec in found:
        codec.drop(idle)
    used = {id(codec) for codec in found} - idle
    for union, origin in work.unions:
        if id(union) in used:
            _describe(union, work)
            _report_alike(union, origin, work)
    return None if id(root) in idle else root


def _report_alike(union: Union, origin: tuple[Part, ...], work: Work) -> None:
    """Name a union of which a value, as sent, may be of two alternatives that read it apart."""
    pairs = combinations(union.alternatives, 2)
    if any((a.codec is not None or b.codec is not None) and a.may_be_like(b) for a, b in pairs):
        reason = f"what alternatives write alike is read by the first: another's {CANNOT_COME_BACK}"
        work.lose_at(origin, str(origin[-1]), reason)


def _all_of(root: Codec) -> list[Codec]:
    """The codec and all that it uses, each once."""
    found: dict[int, Codec] = {}
    waiting = [root]
    while waiting:
        codec = waiting.pop()
        if id(codec) not in found:
            found[id(codec)] = codec
            waiting += codec.inner()
    return list(found.values())


def _describe(union: Union, work: Work) -> None:
    """Note by what the values of each alternative are known, now that all are written."""
    schemas = work.documents.sent["unions"][union.number]
    for alternative, schema in zip(union.alternatives, schemas, strict=True):
        alternative.kinds = _kinds(schema, work.definitions, 20)
        node = _followed(schema, work.definitions)
        properties = node.get("properties", {})
        alternative.names = frozenset(properties)
        alternative.required = frozenset(node.get("required", ()))
        alternative.closed = node.get("additionalProperties") is False
        if "items" in node:
            alternative.item_kinds = _kinds(node["items"], work.definitions, 20)
        alternative.nullable = frozenset(
            name
            for name, below in properties.items()
            if "null" in _kinds(below, work.definitions, 20)
        )
        for name in node.get("required", ()):
            below = _followed(properties.get(name, {}), work.definitions)
            options = below.get("enum", [below["const"]] if "const" in below else [])
            if options and all(isinstance(option, str) for option in options):
                alternative.tags[name] = frozenset(options)


def _followed(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    for _ in range(20):
        if "$ref" not in schema:
            break
        schema = definitions.get(schema["$ref"].removeprefix("#/$defs/"), {})
    return schema


def _kinds(schema: dict[str, Any], definitions: dict[str, Any], depth: int) -> frozenset[str]:
    schema = _followed(schema, definitions)
    if "anyOf" in schema and depth:
        found = [_kinds(branch, definitions, depth - 1) for branch in schema["anyOf"]]
        return frozenset().union(*found)
    if "const" in schema:
        return frozenset({kind_of(schema["const"])})
    types = schema.get("type", [])
    names = types if isinstance(types, list) else [types]
    return frozenset("number" if name == "integer" else name for name in names)
