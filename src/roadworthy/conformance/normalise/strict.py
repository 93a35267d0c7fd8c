"""A schema in the form that a provider's strict mode accepts, and what that form loses.

What is left out is put into descriptions, so that the model still reads it, and is listed as a
`Loss`, so that people know what only our own validation enforces. `restore` maps answers back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from roadworthy.conformance.alternatives import Documents
from roadworthy.conformance.codec import Boxed
from roadworthy.conformance.normalise.anthropic import ANTHROPIC, fit_anthropic
from roadworthy.conformance.normalise.build import Build
from roadworthy.conformance.normalise.facts import Facts
from roadworthy.conformance.normalise.finish import finished
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
_MAX_ATTEMPTS: Final = 6


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
    codec = finished(shape.codec, work)
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
                if name not in definitions:
                    raise NotStrict("it is recursive, and has no form where it begins")
                if name not in used:
                    used[name] = definitions[name]
                    waiting.append(used[name])
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return {name: definitions[name] for name in definitions if name in used}
