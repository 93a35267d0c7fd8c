"""Why a value breaks its schema, in words that a model and a person can act on.

Messages state the reason and show at most a short cut of the offending scalar: they travel into
errors and records, where a user's whole text has no place.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

from jsonschema_rs import ValidationError, ValidationErrorKind

from roadworthy.conformance.pointer import Part, pointer_of, steps_into
from roadworthy.core import Violation

__all__ = ["MAX_VALUE_DEPTH", "THE_VALUE", "describe", "faults_of", "shorten", "violation_of"]

THE_VALUE = "the value"
"""What jsonschema-rs writes in its messages where it would otherwise quote the whole instance."""

MAX_VALUE_DEPTH = 200
"""Values nested deeper are not delivered: `msgspec` decodes and encodes under Python's recursion
limit of 1,000, so what was just read could fail to be written by a caller further down the stack;
beyond about 50,000 levels jsonschema-rs overflows it."""

_MAX_SHOWN = 80
_MAX_MESSAGE = 300
_MAX_BRANCHES = 3
_MAX_DESCRIBED = 5


def shorten(value: Any, limit: int = _MAX_SHOWN) -> str:
    """A value for people: scalars as JSON, cut to `limit` characters; containers by their size."""
    if isinstance(value, dict):
        return f"an object of {len(value)} properties"
    if isinstance(value, list):
        return f"an array of {len(value)} items"
    if isinstance(value, str):
        value = value[:limit]
    return _cut(json.dumps(value, ensure_ascii=False), limit)


def describe(violations: Sequence[Violation]) -> str:
    """The first few violations as one line for an error message: ``/path reason; …``."""
    shown = "; ".join(
        f"{_cut(v.path, _MAX_SHOWN) or '/'} {v.message}" for v in violations[:_MAX_DESCRIBED]
    )
    more = len(violations) - _MAX_DESCRIBED
    return shown + (f"; and {more} more" if more > 0 else "")


def violation_of(error: ValidationError, root: Any) -> Violation:
    """What jsonschema-rs reports about a value, as one of ours.

    A missing property is named by the path where it ought to stand, not by its object's.
    """
    kind = error.kind
    path = _path_of(error, root)
    if isinstance(kind, ValidationErrorKind.Required):
        path.append(kind.property)
        return Violation(path=pointer_of(path), keyword="required", message="is required")
    return Violation(
        path=pointer_of(path), keyword=kind.name, message=_cut(_reason(error, root), _MAX_MESSAGE)
    )


def faults_of(value: Any) -> list[Violation]:
    """Why this value is not JSON at all: lone surrogates, NaN, infinities, too many levels."""
    return [
        Violation(path=pointer_of(parts), keyword="parse", message=message)
        for parts, message in _walk_faults(value)
    ]


def _path_of(error: ValidationError, root: Any) -> list[Part]:
    try:
        return steps_into(root, error.instance_path)
    except LookupError:
        return list(error.instance_path)


def _reason(error: ValidationError, root: Any) -> str:
    kind = error.kind
    if isinstance(
        kind, ValidationErrorKind.AdditionalProperties | ValidationErrorKind.UnevaluatedProperties
    ):
        return "has properties that are not allowed: " + _names(kind.unexpected)
    if isinstance(kind, ValidationErrorKind.PropertyNames):
        return "has a property whose name is not allowed: " + shorten(kind.error.instance, 40)
    if isinstance(kind, ValidationErrorKind.AnyOf | ValidationErrorKind.OneOfNotValid):
        return _branches(kind.context, root)
    reason = error.message.removeprefix(THE_VALUE + " ")
    if isinstance(error.instance, dict | list):
        return reason
    return f"{reason} (it is {shorten(error.instance)})"


def _branches(context: list[list[ValidationError]], root: Any) -> str:
    firsts = []
    for errors in context[:_MAX_BRANCHES]:
        if errors:
            violation = violation_of(errors[0], root)
            firsts.append(f"{violation.path or '/'} {violation.message}")
    more = ", …" if len(context) > _MAX_BRANCHES else ""
    return "fits none of the alternatives: " + "; or ".join(firsts) + more


def _names(names: list[str]) -> str:
    shown = ", ".join(shorten(name, 40) for name in names[:5])
    return shown + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _walk_faults(root: Any) -> Iterator[tuple[tuple[Part, ...], str]]:
    level: list[tuple[tuple[Part, ...], Any]] = [((), root)]
    for _ in range(MAX_VALUE_DEPTH):
        below: list[tuple[tuple[Part, ...], Any]] = []
        for parts, value in level:
            if isinstance(value, str) and _has_lone_surrogate(value):
                yield parts, "holds a lone surrogate, which is not text"
            elif isinstance(value, float) and not math.isfinite(value):
                yield parts, f"is {value}, which is not JSON"
            elif isinstance(value, list):
                below += [((*parts, index), item) for index, item in enumerate(value)]
            elif isinstance(value, dict):
                if not all(isinstance(key, str) and not _has_lone_surrogate(key) for key in value):
                    yield parts, "has a property whose name is not text"
                else:
                    below += [((*parts, key), item) for key, item in value.items()]
            elif not isinstance(value, str | int | float | None):
                yield parts, f"is of type {type(value).__name__}, which JSON does not have"
        if not below:
            return
        level = below
    yield (), f"is nested deeper than {MAX_VALUE_DEPTH} levels"


def _has_lone_surrogate(text: str) -> bool:
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
