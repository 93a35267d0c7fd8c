"""A schema in the form that a provider's strict mode accepts, and what that form loses.

What is left out is put into descriptions, so that the model still reads it, and is listed as a
`Loss`, so that people know what only our own validation enforces. `restore` maps answers back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from roadworthy.conformance.alternatives import Documents, Union, kind_of
from roadworthy.conformance.codec import Boxed, Codec
from roadworthy.conformance.normalise.anthropic import ANTHROPIC, fit_anthropic
from roadworthy.conformance.normalise.build import Build
from roadworthy.conformance.normalise.facts import Facts
from roadworthy.conformance.normalise.gemini import GEMINI, fit_gemini
from roadworthy.conformance.normalise.loss import Loss, NotStrict, Target
from roadworthy.conformance.normalise.measure import Size, measure
from roadworthy.conformance.normalise.openai import OPENAI, fit_openai
from roadworthy.conformance.normalise.spots import Sources
from roadworthy.conformance.normalise.work import Limits, Shape, Work
from roadworthy.conformance.restore import PLAIN, WRAPPER, Form, Mapping

__all__ = ["StrictForm", "strict_form", "wrap"]

Fit = Callable[[Size, Limits], Limits | None]
"""What to try next where a size is beyond a target's limits; None: it is within them. Raises
NotStrict where nothing helps."""

_TARGETS: Final[dict[str, tuple[Facts, Fit]]] = {
    "openai": (OPENAI, fit_openai),
    "anthropic": (ANTHROPIC, fit_anthropic),
    "gemini": (GEMINI, fit_gemini),
}
_MAX_ATTEMPTS: Final = 4


@dataclass(frozen=True, slots=True)
class StrictForm:
    """A schema that the strict mode accepts."""

    schema: dict[str, Any]
    form: Form
    losses: tuple[Loss, ...]


def strict_form(source: dict[str, Any], target: Target = "openai") -> StrictForm:
    """The schema in a provider's strict form. ``source`` is a schema that compiles.

    Raises:
        NotStrict: it has none; the message says why.
    """
    facts, fit = _TARGETS[target]
    limits = Limits()
    for _ in range(_MAX_ATTEMPTS):
        made, size = _attempt(source, facts, limits)
        further = fit(size, limits)
        if further is None:
            return made
        limits = further
    raise NotStrict(f"it does not come within the limits of {facts.label}")


def _attempt(source: dict[str, Any], facts: Facts, limits: Limits) -> tuple[StrictForm, Size]:
    work = Work(Sources(source), facts, limits, Documents(source))
    shape = Build(work).root()
    if shape.schema.get("type") != "object" or "anyOf" in shape.schema:
        if limits.first_level == 0:
            return _attempt(source, facts, replace(limits, first_level=1))
        shape = Shape(wrap(shape.schema), Boxed(WRAPPER, shape.codec))
    schema = shape.schema
    definitions = _used(schema, work.definitions)
    if definitions:
        schema = {**schema, "$defs": definitions}
    work.documents.sent["$defs"] = work.definitions
    codec = _pruned(shape.codec, work)
    form: Form = PLAIN if codec is None else Mapping(codec)
    return StrictForm(schema, form, tuple(work.losses.values())), measure(schema)


def wrap(schema: dict[str, Any]) -> dict[str, Any]:
    """An object whose only property is a value of this schema; definitions stay at the root."""
    inner = {k: v for k, v in schema.items() if k not in ("$schema", "$defs", "definitions")}
    outer = {k: v for k, v in schema.items() if k in ("$schema", "$defs", "definitions")}
    return {
        **outer,
        "type": "object",
        "properties": {WRAPPER: inner},
        "required": [WRAPPER],
        "additionalProperties": False,
    }


def _used(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """The definitions that the schema needs; others were written on ways that were given up."""
    used: dict[str, Any] = {}
    waiting: list[Any] = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            reference = node.get("$ref")
            if isinstance(reference, str):
                name = reference.removeprefix("#/$defs/")
                if name not in used:
                    used[name] = definitions[name]
                    waiting.append(used[name])
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return {name: definitions[name] for name in definitions if name in used}


def _pruned(root: Codec | None, work: Work) -> Codec | None:
    """The codec without the parts in which nothing changes."""
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
        if isinstance(codec, Union):
            _describe(codec, work)
    return None if id(root) in idle else root


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
