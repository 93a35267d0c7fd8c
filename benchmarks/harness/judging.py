"""When two values are the same, and whether a value is valid: apart from the code under test."""

from __future__ import annotations

import json
from typing import Any, Final

import jsonschema_rs

__all__ = ["JUDGES", "is_valid", "same"]

try:
    import jsonschema  # a second implementation, consulted too where it is installed
except ImportError:
    jsonschema = None

JUDGES: Final = "jsonschema-rs" + ("" if jsonschema is None else " and jsonschema")


def same(one: Any, other: Any, *, exact_numbers: bool = False) -> bool:
    """Whether two JSON values are equal, type by type: true is not 1.

    The order of an object's properties is no part of it. 1 and 1.0 are one number to JSON; with
    ``exact_numbers`` they differ.
    """
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            same(value, other[name], exact_numbers=exact_numbers) for name, value in one.items()
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(
            same(a, b, exact_numbers=exact_numbers) for a, b in zip(one, other, strict=True)
        )
    if _is_number(one) and _is_number(other) and not exact_numbers:
        return bool(one == other)
    return type(one) is type(other) and bool(one == other)


def is_valid(value: Any, schema: Any) -> bool:
    """Whether a value, written as JSON and read again, conforms to a schema compiled afresh."""
    try:
        value = json.loads(json.dumps(value, allow_nan=False))
        compiled = jsonschema_rs.validator_for(schema, validate_formats=True, offline=True)
        if not compiled.is_valid(value):
            return False
    except ValueError:  # NaN, an infinity, a lone surrogate
        return False
    if jsonschema is None:
        return True
    return bool(jsonschema.validators.validator_for(schema)(schema).is_valid(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
