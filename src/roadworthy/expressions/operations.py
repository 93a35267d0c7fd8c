"""What operators and functions of expressions do to values. Pure.

JSON values as Python holds them. Whatever has no result raises: the evaluation turns that into an
`EvaluationError`, so what these say is read by nobody.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

import jsonschema_rs

from roadworthy.expressions.native import engine

__all__ = [
    "ARITHMETIC",
    "added",
    "contains",
    "divided",
    "equal",
    "in_order",
    "integer",
    "is_in",
    "least",
    "matches",
    "negated",
    "number",
    "of_64_bits",
    "remainder",
    "to_double",
    "to_integer",
    "to_text",
    "total",
]

_MAX_INT: Final = 2**63


def number(value: Any) -> Any:
    """A number that nothing says more about: a double."""
    return float(value) if type(value) is int else value


def integer(value: Any) -> Any:
    """A number that is an integer in the schema: ``3.0`` is 3 in JSON."""
    return int(value) if type(value) is float and value.is_integer() else value


def equal(left: Any, right: Any) -> bool:
    """Of different kinds nothing is equal; numbers are of one kind."""
    if type(left) is str or left is None:
        return bool(left == right)
    if type(left) is bool or type(right) is bool:
        return left is right
    if isinstance(left, list):
        if not isinstance(right, list) or len(left) != len(right):
            return False
        return all(equal(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, dict):
        if not isinstance(right, dict) or left.keys() != right.keys():
            return False
        return all(equal(item, right[name]) for name, item in left.items())
    return bool(left == right)


def is_in(value: Any, among: Any) -> bool:
    if isinstance(among, dict):
        return isinstance(value, str) and value in among
    if not isinstance(among, list):
        raise TypeError
    return any(equal(value, item) for item in among)


def in_order(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """A comparison that refuses what has no order: 1 and true, a text and a number."""

    def compared(left: Any, right: Any) -> bool:
        if (type(left) is bool) != (type(right) is bool):
            raise TypeError
        if isinstance(left, list | dict) or left is None:
            raise TypeError
        return compare(left, right)

    return compared


def of_64_bits(value: int) -> int:
    if not -_MAX_INT <= value < _MAX_INT:
        raise OverflowError
    return value


def _require_numbers(left: Any, right: Any) -> bool:
    """Whether both are integers."""
    if type(left) is not type(right) or type(left) not in (int, float):
        raise TypeError
    return type(left) is int


def added(left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(left, list) and isinstance(right, list):
        return left + right
    return of_64_bits(left + right) if _require_numbers(left, right) else left + right


def _subtracted(left: Any, right: Any) -> Any:
    return of_64_bits(left - right) if _require_numbers(left, right) else left - right


def _multiplied(left: Any, right: Any) -> Any:
    return of_64_bits(left * right) if _require_numbers(left, right) else left * right


def divided(left: Any, right: Any) -> Any:
    """Integers towards zero; doubles as IEEE 754 has it."""
    if not _require_numbers(left, right):
        return _ratio(left, right)
    quotient = abs(left) // abs(right)
    return of_64_bits(quotient if (left < 0) == (right < 0) else -quotient)


def _ratio(left: float, right: float) -> float:
    if right:
        return left / right
    if not left or math.isnan(left) or math.isnan(right):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def remainder(left: Any, right: Any) -> Any:
    """With the sign of what is divided."""
    if not _require_numbers(left, right):
        raise TypeError
    found = abs(left) % abs(right)
    return found if left >= 0 else -found


ARITHMETIC: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "_+_": added,
    "_-_": _subtracted,
    "_*_": _multiplied,
    "_/_": divided,
    "_%_": remainder,
}


def negated(value: Any) -> Any:
    return of_64_bits(-value) if _require_numbers(value, value) else -value


def total(items: Any, *, doubles: bool) -> Any:
    found = _numbers(items)
    return math.fsum(found) if doubles else of_64_bits(sum(integer(item) for item in found))


def least(choose: Callable[[list[Any]], Any], arguments: tuple[Any, ...]) -> Any:
    """The least or the greatest of a list, or of two."""
    return choose(_numbers(arguments[0] if len(arguments) == 1 else list(arguments)))


def _numbers(items: Any) -> list[Any]:
    if not isinstance(items, list):
        raise TypeError
    if any(type(item) is not float and type(item) is not int for item in items):
        raise TypeError
    return items


def contains(text: Any, part: Any) -> bool:
    if not isinstance(text, str) or not isinstance(part, str):
        raise TypeError
    return part in text


def matches(text: Any, pattern: Any) -> bool:
    """Whether the pattern is found in the text; in linear time, whatever the pattern.

    The engine compiles a pattern anew each time, 190 µs measured; here it is kept, and a search
    takes one. ``\\d``, ``\\w`` and ``\\s`` are those of RE2: ASCII.
    """
    if not isinstance(text, str) or not isinstance(pattern, str):
        raise TypeError
    if "[[:" in pattern:  # a class of POSIX, which JSON Schema's patterns do not have
        return _matches_by_engine(text, pattern)
    return bool(_finder(pattern).is_valid(text))


@lru_cache(maxsize=256)
def _finder(pattern: str) -> jsonschema_rs.Draft202012Validator:
    options = jsonschema_rs.RegexOptions()
    try:
        return jsonschema_rs.Draft202012Validator({"pattern": pattern}, pattern_options=options)
    except jsonschema_rs.ValidationError as error:
        raise ValueError from error


def _matches_by_engine(text: str, pattern: str) -> bool:
    try:
        found = _program().execute(engine().Context({"text": text, "pattern": pattern}))
    except RuntimeError as error:  # it is no regular expression
        raise ValueError from error
    return bool(found)


@lru_cache(maxsize=1)
def _program() -> Any:
    return engine().compile("text.matches(pattern)")


def to_integer(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, str) and (not value.isascii() or "_" in value or value != value.strip()):
        raise ValueError
    return of_64_bits(int(value))


def to_double(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, str) and (not value.isascii() or "_" in value or value != value.strip()):
        raise ValueError
    return float(value)


def to_text(value: Any) -> str:
    """Numbers in decimals, without an exponent and without ``.0``, as the engine writes them."""
    if isinstance(value, str):
        return value
    if type(value) is int:
        return str(value)
    if type(value) is not float:
        raise TypeError
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "inf" if value > 0 else "-inf"
    written = format(Decimal(repr(value)), "f")
    return written.rstrip("0").rstrip(".") if "." in written else written
