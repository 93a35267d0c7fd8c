"""Bounds the digits of numbers in a grammar.

A small model that may write any number now and then writes digits until its tokens run out: 1 to
11 % of answers of the embedded model to a schema with a plain number from 0 to 1, by prompt,
measured. A step makes the grammar end the number. It is narrower than the schema, so what it lets
through still conforms, and the answer is validated against the original schema all the same.
"""

from __future__ import annotations

from typing import Any, Final

__all__ = ["STEP", "with_bounded_digits"]

STEP: Final = 1e-6
_MIN_SPAN: Final = 0.01
"""A narrower span may well want finer steps; it is left as it is."""
_SCHEMAS: Final = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_LISTS: Final = ("anyOf", "oneOf", "allOf", "prefixItems")
# Not `not`, `if` or `contains`: narrowing those would widen what they stand in.
_ONE: Final = ("items", "additionalProperties")


def with_bounded_digits(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with a step of a millionth on every number that has both bounds and no step."""
    bounded: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _SCHEMAS and isinstance(value, dict):
            bounded[key] = {name: _descend(sub) for name, sub in value.items()}
        elif key in _LISTS and isinstance(value, list):
            bounded[key] = [_descend(sub) for sub in value]
        elif key in _ONE:
            bounded[key] = _descend(value)
        else:
            bounded[key] = value
    if _wants_step(schema):
        bounded["multipleOf"] = STEP
    return bounded


def _descend(schema: Any) -> Any:
    return with_bounded_digits(schema) if isinstance(schema, dict) else schema


def _wants_step(schema: dict[str, Any]) -> bool:
    types = schema.get("type")
    number = types == "number" or (isinstance(types, list) and "number" in types)
    if not number or "multipleOf" in schema or "enum" in schema or "const" in schema:
        return False
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    bounds = [b for b in (low, high) if isinstance(b, int | float) and not isinstance(b, bool)]
    return len(bounds) == 2 and bounds[1] - bounds[0] >= _MIN_SPAN
