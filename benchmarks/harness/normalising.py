"""Judges the normaliser from outside: what comes back, what binds, and what its report left out.

Nothing here uses the normaliser's own walk over a schema. Whether a form is allowed is judged by
`allowed_by`, written from the targets' documentation; whether a keyword was dropped silently by
`unaccounted`, which walks the original by itself; and by instances that the original refuses but
the form lets through.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema_rs

from harness.public_data import read_rows
from roadworthy.conformance import (
    Form,
    Loss,
    NotStrict,
    OutputSchema,
    compile_schema,
    forward,
    restore,
    strict_form,
)
from roadworthy.conformance.normalise import grammar_form
from roadworthy.core.errors import InvalidSchema

__all__ = ["TARGETS", "Corpus", "Judged", "allowed_by", "form_of", "judge", "unaccounted"]

TARGETS = ("openai", "anthropic", "gemini", "llguidance")
ANNOTATIONS = frozenset(("description", "x-guidance"))


@dataclass
class Corpus:
    """Schemas by their id, and instances with their labels by the same."""

    schemas: dict[str, Any]
    instances: dict[str, list[dict[str, Any]]]

    @classmethod
    def read(cls, folder: Path) -> Corpus:
        """From the folder ``structured/jsonschemabench`` of the public data."""
        schemas: dict[str, Any] = {}
        instances: dict[str, list[dict[str, Any]]] = {}
        for path in sorted(folder.glob("*.jsonl.gz")):
            for row in read_rows(path):
                if path.name.startswith("maskbench"):
                    instances[row["id"]] = row["tests"]
                else:
                    schema = row["schema"]
                    schemas[row["id"]] = json.loads(schema) if isinstance(schema, str) else schema
        return cls(schemas, instances)


@dataclass
class Judged:
    """What one schema came to in one target's form."""

    refused: str | None = None
    """Why there is no form; None: there is one."""
    schema: dict[str, Any] = field(default_factory=dict)
    losses: tuple[Loss, ...] = ()
    not_allowed: list[str] = field(default_factory=list)
    """What the target does not accept in the form after all."""
    silent: list[str] = field(default_factory=list)
    """Places of keywords that neither bind nor are reported."""
    counts: Counter[str] = field(default_factory=Counter)
    """Of instances: ``returned``, ``reported`` (does not, and the report says why), ``unreported``;
    ``refused``, ``let through`` (and reported), ``let through silently``."""


def form_of(source: dict[str, Any], target: str) -> tuple[dict[str, Any], Form, tuple[Loss, ...]]:
    """Raises NotStrict."""
    if target == "llguidance":
        grammar = grammar_form(source)
        return grammar.schema, "plain", grammar.losses
    strict = strict_form(source, target)
    return strict.schema, strict.form, strict.losses


def judge(schema: Any, instances: list[dict[str, Any]], target: str) -> Judged | None:
    """None: the schema does not compile, so that nobody can ask for it."""
    try:
        original = compile_schema(schema)
    except InvalidSchema:
        return None
    try:
        sent, form, losses = form_of(original.source, target)
    except NotStrict as error:
        return Judged(refused=str(error))
    judged = Judged(schema=sent, losses=losses)
    judged.not_allowed = list(allowed_by(sent, target))
    judged.silent = list(unaccounted(original.source, sent, losses))
    mode = compile_schema({k: v for k, v in sent.items() if k != "x-guidance"})
    for instance in instances:
        value = instance["data"]
        if original.is_valid(value):
            judged.counts[_returns(value, original, mode, form, losses)] += 1
        else:
            outcome, places = _refuses(value, original, mode, form, losses)
            judged.counts[outcome] += 1
            judged.silent += places
    return judged


def _returns(
    value: Any, original: OutputSchema, mode: OutputSchema, form: Form, losses: tuple[Loss, ...]
) -> str:
    sent = forward(value, form)
    if mode.is_valid(sent) and _same(restore(sent, original, form), value):
        return "returned"
    return "reported" if any("cannot come back" in loss.reason for loss in losses) else "unreported"


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _refuses(
    value: Any, original: OutputSchema, mode: OutputSchema, form: Form, losses: tuple[Loss, ...]
) -> tuple[str, list[str]]:
    """Whether a value that the original refuses is refused by the form; if not, by what it was."""
    sent = forward(value, form)
    if not mode.is_valid(sent):
        return "refused", []
    back = restore(sent, original, form)
    if original.is_valid(back):
        return "refused", []  # what was wrong with it cannot even be written in the form
    if original.is_valid(_as_written(back)):
        return "refused", []  # draft 4 takes 1.0 for no integer; no grammar of integers writes it
    lost = {loss.path for loss in losses}
    unexplained = [
        place
        for error in original.errors(_as_written(back))
        if not _explained(error, lost, original.source) and (place := _pointer(error.schema_path))
    ]
    return ("let through silently" if unexplained else "let through"), unexplained


def _as_written(value: Any) -> Any:
    """The value with whole numbers written as such."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, list):
        return [_as_written(item) for item in value]
    if isinstance(value, dict):
        return {name: _as_written(item) for name, item in value.items()}
    return value


def _explained(error: jsonschema_rs.ValidationError, lost: set[str], root: dict[str, Any]) -> bool:
    """Whether a keyword on the way to what failed is among the losses, or one in its branches."""
    if any(place in lost for place in _way(error.evaluation_path, root)):
        return True
    if error.kind.name == "propertyNames":  # jsonschema-rs 0.60 leaves out the way to these
        return any(place.endswith("/propertyNames") for place in lost)
    context = getattr(error.kind, "context", None) or []
    return any(_explained(inner, lost, root) for branch in context for inner in branch)


def _way(evaluation_path: Any, root: dict[str, Any]) -> Iterator[str]:
    """The place of every keyword that was gone through, references followed."""
    place, node = "", root
    for part in evaluation_path:
        place += _pointer([part])
        yield place
        node = _at(node, _pointer([part]))
        if part == "$ref" and isinstance(node, str):
            place = unquote(node.removeprefix("#"))
            node = _at(root, place)


def _pointer(parts: Any) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


# What each target accepts, from its documentation; see the modules of the normaliser for sources.
_COMMON = frozenset(
    (
        *("type", "properties", "required", "additionalProperties", "items", "enum", "anyOf"),
        *("$ref", "$defs", "description", "format", "minItems"),
    )
)
_ACCEPTED = {
    "openai": _COMMON
    | {"const", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
    | {"multipleOf", "maxItems"},
    "anthropic": _COMMON | {"const", "pattern"},
    "gemini": _COMMON | {"minimum", "maximum", "maxItems", "prefixItems"},
}


def allowed_by(schema: dict[str, Any], target: str) -> Iterator[str]:
    """What the target would refuse or ignore in this form; nothing, if the form is right."""
    if target == "llguidance":
        return
    if schema.get("type") != "object" and target != "gemini":
        yield "its root is no object"
    for node in _form_nodes(schema):
        for keyword in node.keys() - _ACCEPTED[target]:
            yield f"keyword {keyword}"
        if "$ref" in node and node.keys() - {"$ref"}:
            yield "something beside $ref"
        if "properties" not in node:
            continue
        closed = node.get("additionalProperties") is False
        if target != "gemini" and not closed:
            yield "an open object"
        if target == "openai" and set(node["required"]) != set(node["properties"]):
            yield "an optional field"
    if target == "anthropic":
        yield from _recursions(schema)
        if any(node.get("minItems", 0) > 1 for node in _form_nodes(schema)):
            yield "minItems above 1"


def _form_nodes(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        yield node
        for keyword in ("properties", "$defs"):
            waiting += node.get(keyword, {}).values()
        for keyword in ("anyOf", "prefixItems"):
            waiting += node.get(keyword, [])
        for keyword in ("items", "additionalProperties"):
            waiting += [node[keyword]] if isinstance(node.get(keyword), dict) else []


def _recursions(schema: dict[str, Any]) -> Iterator[str]:
    definitions = schema.get("$defs", {})
    below = {name: _named_in(node) for name, node in definitions.items()}
    for name in definitions:
        reached, waiting = set[str](), list(below[name])
        while waiting:
            other = waiting.pop()
            if other not in reached:
                reached.add(other)
                waiting += below[other]
        if name in reached:
            yield f"recursion through {name}"


def _named_in(schema: dict[str, Any]) -> list[str]:
    references = [node["$ref"] for node in _form_nodes(schema) if "$ref" in node]
    return [reference.removeprefix("#/$defs/") for reference in references]


# Keywords that bind by their value: each is in the form with the same value, or in the report.
_BY_VALUE = {
    **dict.fromkeys(("minLength", "maxLength", "pattern", "format"), "string"),
    **dict.fromkeys(("minimum", "maximum", "multipleOf"), "number"),
    **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum"), "number"),
    **dict.fromkeys(("minItems", "maxItems", "contains"), "array"),
    **dict.fromkeys(("minProperties", "maxProperties", "patternProperties"), "object"),
    **dict.fromkeys(("propertyNames", "dependencies", "dependentRequired"), "object"),
    "dependentSchemas": "object",
    "not": "",
    "if": "",
}
_TRANSLATED = {
    "minProperties": ("minProperties", "minItems", "required"),
    "maxProperties": ("maxProperties", "maxItems", "additionalProperties"),
    "patternProperties": ("pattern", "additionalProperties", "patternProperties"),
    "propertyNames": ("enum", "pattern", "propertyNames"),
    "minItems": ("minItems", "required"),
    "maxItems": ("maxItems", "properties"),
}
_VACUOUS = {"minItems": 0, "minLength": 0, "minProperties": 0}


def unaccounted(
    original: dict[str, Any], sent: dict[str, Any], losses: tuple[Loss, ...]
) -> Iterator[str]:
    """Places of the original's keywords that are neither in the form nor in the report."""
    lost = {loss.path for loss in losses}
    held = _held(sent)
    for path, node, types in _reachable(original, lost):
        if "enum" in node or "const" in node:
            continue  # options that break what else is said are left out of the enumeration
        for keyword, kind in _BY_VALUE.items():
            if keyword not in node or _VACUOUS.get(keyword) == node[keyword]:
                continue
            place = f"{path}/{keyword}"
            if place in lost or (kind and types and kind not in types):
                continue
            if not node[keyword] and isinstance(node[keyword], dict | bool):
                continue
            if not any(
                _holds(held, k, node[keyword]) for k in _TRANSLATED.get(keyword, (keyword,))
            ):
                yield place


def _held(sent: dict[str, Any]) -> dict[str, list[Any]]:
    held: dict[str, list[Any]] = {}
    waiting: list[Any] = [sent]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            for keyword, value in node.items():
                held.setdefault(keyword, []).append(value)
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return held


def _holds(held: dict[str, list[Any]], keyword: str, value: Any) -> bool:
    """Whether the keyword is there with this value, or is another's that says more."""
    found = held.get(keyword, [])
    if keyword in ("required", "additionalProperties", "properties", "enum", "patternProperties"):
        return bool(found)
    if keyword.startswith("exclusive"):
        bound = "minimum" if keyword.endswith("Minimum") else "maximum"
        found = [*found, *held.get(bound, [])]
        return bool(found)
    if isinstance(value, int | float) and not isinstance(value, bool):
        numbers = [v for v in found if isinstance(v, int | float)]
        # Joined with a tighter bound, or turned into draft 6's exclusive one, it still binds.
        return bool(numbers) or bool(held.get("exclusive" + keyword.capitalize()))
    if keyword == "pattern" and _implied_by_options(held, value):
        return True
    return value in found or isinstance(value, dict)


def _implied_by_options(held: dict[str, list[Any]], pattern: Any) -> bool:
    """Whether an enumeration holds nothing but what the pattern allows."""
    listed = [e for e in held.get("enum", []) if isinstance(e, list)]
    listed += [[value] for value in held.get("const", [])]
    if not isinstance(pattern, str):
        return True  # a property of that name, in the form of a schema that is none
    try:
        return any(all(isinstance(o, str) and re.search(pattern, o) for o in e) for e in listed)
    except re.error:
        return False


def _reachable(
    root: dict[str, Any], lost: set[str]
) -> Iterator[tuple[str, dict[str, Any], set[str]]]:
    """Every sub-schema that binds something, below no lost keyword: place, node and its types."""
    legacy = any(f"draft-0{n}" in str(root.get("$schema")) for n in (3, 4, 6, 7))
    seen: set[str] = set()
    waiting: list[tuple[str, Any]] = [("", root)]
    while waiting:
        path, node = waiting.pop()
        if path in seen or not isinstance(node, dict):
            continue
        seen.add(path)
        reference = node.get("$ref")
        if isinstance(reference, str) and f"{path}/$ref" not in lost:
            target = unquote(reference.removeprefix("#"))
            waiting.append((target, _at(root, target)))
            if legacy:
                continue
        types = node.get("type")
        named = set(types if isinstance(types, list) else [types] if types else [])
        yield path, node, named | ({"number"} if "integer" in named else set())
        waiting += [w for w in _below(path, node, named, root) if not _is_lost(w[0], lost)]


def _is_lost(path: str, lost: set[str]) -> bool:
    parts = path.split("/")
    return any("/".join(parts[:n]) in lost for n in range(2, len(parts) + 1))


def _below(
    path: str, node: dict[str, Any], types: set[str], root: dict[str, Any]
) -> Iterator[tuple[str, Any]]:
    def escaped(name: str) -> str:
        return name.replace("~", "~0").replace("/", "~1")

    if "enum" in node or "const" in node:
        return
    if not types or "object" in types:
        for keyword in ("properties", "patternProperties"):
            for name, below in (node.get(keyword) or {}).items():
                yield f"{path}/{keyword}/{escaped(name)}", below
        yield f"{path}/additionalProperties", node.get("additionalProperties")
    if (not types or "array" in types) and node.get("maxItems") != 0:
        items = node.get("items")
        if isinstance(items, list):
            yield from ((f"{path}/items/{i}", below) for i, below in enumerate(items))
        else:
            yield f"{path}/items", items
    for keyword in ("anyOf", "oneOf", "allOf"):
        listed = node.get(keyword)
        if isinstance(listed, list):
            branches = ((f"{path}/{keyword}/{i}", below) for i, below in enumerate(listed))
            yield from (b for b in branches if not _rules_out(node, b[1], root))


def _rules_out(node: dict[str, Any], branch: Any, root: dict[str, Any]) -> bool:
    """Whether what stands beside alternatives plainly leaves this one without values, or without
    the properties that it names."""
    if isinstance(branch, dict) and isinstance(branch.get("$ref"), str):
        branch = _at(root, unquote(branch["$ref"].removeprefix("#")))
    if not isinstance(branch, dict):
        return False
    types = [node.get("type"), branch.get("type")]
    if all(isinstance(t, str) for t in types) and len({*types} - {"integer"}) > 1:
        return True
    own, named = _schemas(node), _schemas(branch)
    if node.get("additionalProperties") is False and named.keys() - own.keys():
        return True
    options = [(own[n].get("enum"), named[n].get("enum")) for n in own.keys() & named.keys()]
    return any(one and other and not [o for o in one if o in other] for one, other in options)


def _schemas(node: dict[str, Any]) -> dict[str, dict[str, Any]]:
    declared = node.get("properties")
    found = declared if isinstance(declared, dict) else {}
    return {name: below if isinstance(below, dict) else {} for name, below in found.items()}


def _at(root: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        try:
            root = root[int(part)] if isinstance(root, list) else root[part]
        except (LookupError, ValueError, TypeError):
            return None
    return root
