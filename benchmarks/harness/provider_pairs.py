"""How the normaliser differs from what providers' own adapters make of the same schemas.

Each difference is one of a few named rewritings. A pair is explained if some of them, put to both
sides, leave no difference; those are named without which one would be left.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from harness.normalising import form_of
from roadworthy.conformance import NotStrict, compile_schema
from roadworthy.core.errors import InvalidSchema

__all__ = ["TARGET_OF", "explain"]

TARGET_OF = {
    "anthropic_output_format": "anthropic",
    "google_openapi_subset": "gemini",
    "moonshot_mfjs": "openai",  # no target of ours; held against the nearest
    "additional_properties_false": "openai",
}
Rewriting = Callable[[Any], Any]
WORDS = ("description", "title", "$schema", "default", "$comment")


def explain(row: dict[str, Any]) -> list[str]:
    """The differences between our form and theirs; empty: there is none."""
    theirs = None if row.get("error") else row["schema_out"]
    try:
        ours = form_of(compile_schema(row["schema_in"]).source, TARGET_OF[row["target"]])[0]
    except InvalidSchema:
        return ["refused by both" if theirs is None else "refused: it is no schema that compiles"]
    except NotStrict:
        return ["refused by both" if theirs is None else "refused: it has no form"]
    if theirs is None:
        return ["a form where theirs refuses"]
    definitions = (row["schema_in"] if isinstance(row["schema_in"], dict) else {}).get("$defs")
    names = [name for name, _ in REWRITINGS]
    impossible = []
    if not _equal(ours, theirs, names, definitions):
        theirs = _possible(theirs, row["schema_in"])
        impossible = ["what no value can fill left out"]
        if not _equal(ours, theirs, names, definitions):
            return ["unexplained"]
    for name in sorted(names, key=lambda name: name != BROADEST):
        fewer = [other for other in names if other != name]
        if _equal(ours, theirs, fewer, definitions):
            names = fewer
    return [*impossible, *names]


def _possible(theirs: dict[str, Any], original: dict[str, Any]) -> dict[str, Any]:
    """Their form without alternatives of types, and options, that the original rules out."""
    types, branches = original.get("type"), theirs.get("anyOf")
    if types is not None and branches is not None:
        left = [branch for branch in branches if branch.get("type") == types]
        theirs = {**theirs, "anyOf": left}

    def possible(node: dict[str, Any]) -> Any:
        draft = {"$schema": original["$schema"]} if "$schema" in original else {}
        return {
            name: below
            for name, below in node.items()
            if not (isinstance(below, dict) and {"enum", "format"} <= below.keys())
            or any(map(compile_schema({**draft, **below}).is_valid, below["enum"]))
        }

    return dict(_everywhere(possible)(theirs))


def _equal(ours: Any, theirs: Any, names: list[str], definitions: Any) -> bool:
    if isinstance(theirs, dict) and "$ref" in theirs and definitions:
        theirs = {"$defs": definitions, **theirs}
    for name, rewriting in REWRITINGS:
        if name in names:
            ours, theirs = rewriting(ours), rewriting(theirs)
    return _canonical(ours) == _canonical(theirs)


def _canonical(schema: Any) -> str:
    return json.dumps(schema, sort_keys=True)


def _everywhere(change: Callable[[dict[str, Any]], Any]) -> Rewriting:
    """The change made to every object of a schema, the innermost first."""

    def rewritten(node: Any) -> Any:
        if isinstance(node, list):
            return [rewritten(item) for item in node]
        if not isinstance(node, dict):
            return node
        return change({key: rewritten(value) for key, value in node.items()})

    return rewritten


def _without(*keywords: str) -> Rewriting:
    return _everywhere(lambda node: {k: v for k, v in node.items() if k not in keywords})


def _unwrapped(schema: Any) -> Any:
    properties = schema.get("properties", {}) if isinstance(schema, dict) else {}
    if schema.get("type") != "object" or properties.keys() != {"value"}:
        return schema
    inner = {k: v for k, v in schema.items() if k == "$defs"}
    return {**properties["value"], **inner}


def _inlined(schema: Any) -> Any:
    definitions = schema.get("$defs", {}) | schema.get("definitions", {})

    def inline(node: dict[str, Any]) -> Any:
        name = str(node.get("$ref", "")).rpartition("/")[2]
        found = definitions.get(name, node)
        return {k: v for k, v in found.items() if k not in ("$defs", "definitions")}

    rest = {k: v for k, v in schema.items() if k not in ("$defs", "definitions")}
    return _everywhere(inline)(rest)


def _options(node: dict[str, Any]) -> Any:
    if "const" in node:
        node = {**{k: v for k, v in node.items() if k != "const"}, "enum": [node["const"]]}
    if isinstance(node.get("enum"), list):
        node = {k: v for k, v in node.items() if k not in ("format", "type")}
        node["enum"] = [o if isinstance(o, str) else json.dumps(o) for o in node["enum"] if o]
    # A boolean cannot be bound to one value in all targets.
    if node.get("type") in ("boolean", ["boolean"]) or node.get("enum") == ["true"]:
        return {"type": "boolean"}
    return node


def _types(node: dict[str, Any]) -> Any:
    """Types as sorted lists; null is left out, as are unions of one alternative."""
    node = {k: v for k, v in node.items() if k != "nullable"}
    types = node.get("type")
    named = sorted({*(types if isinstance(types, list) else [types])} - {"null", None}, key=str)
    branches = [b for b in node.pop("anyOf", []) if b != {"type": "null"}]
    if named:
        node["type"] = named
    if branches and all(b.keys() == {"type"} for b in branches):
        return {**node, "type": sorted({t for b in branches for t in b["type"]})}
    if len(branches) == 1:
        return {**node, **branches[0]}
    return {**node, "anyOf": branches} if branches else node


def _joined(node: dict[str, Any]) -> Any:
    merged = {k: v for k, v in node.items() if k != "allOf"}
    for part in node.get("allOf", []):
        below = {**merged.get("properties", {}), **part.get("properties", {})}
        merged = {**merged, **part, **({"properties": below} if below else {})}
    return merged


def _free(node: dict[str, Any]) -> Any:
    """Objects of unknown properties, in whatever encoding."""
    text = str(node.get("description", ""))
    if "JSON, written as a string" in text or "the list of its keys" in text:
        return {"type": "anything"}
    names = node.get("properties")
    if node.get("type") == "object" and not names:
        return {"type": "anything"}
    if node.get("items") == {"type": "anything"}:
        return {k: v for k, v in node.items() if k != "items"}
    return node


def _only_bindings(node: dict[str, Any]) -> Any:
    kept = ("type", "properties", "items", "anyOf", "enum", "const", "required", "$ref")
    kept = (*kept, "additionalProperties", "$defs", "prefixItems", "allOf", "nullable")
    looks_like_schema = "type" in node or "anyOf" in node or "enum" in node
    return {k: v for k, v in node.items() if k in kept} if looks_like_schema else node


BROADEST = "constraints that bind there kept, others not sent"
# In the order in which they are put to both sides.
REWRITINGS: list[tuple[str, Rewriting]] = [
    ("free-form objects and dictionaries in an encoding that comes back", _everywhere(_free)),
    ("the root in an object", _unwrapped),
    ("other words in descriptions", _without(*WORDS)),
    ("references kept, or followed at the root", _inlined),
    ("parts of allOf joined", _everywhere(_joined)),
    (BROADEST, _everywhere(_only_bindings)),
    ("several types in one list", _everywhere(_types)),
    ("constants and enums of their own types", _everywhere(_options)),
    ("objects closed, or left open as they were", _without("additionalProperties")),
    ("all fields required, absent ones null", _without("required")),
]
