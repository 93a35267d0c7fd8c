"""One scalar as another, where a schema wants it and only one reading is possible.

Each conversion keeps what was written: ``"3"`` becomes 3, ``"yes"`` becomes true, ``" Positive."``
becomes the enum's ``"positive"``. What could be read in two ways is left as it is.
"""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from typing import Any, Final, NamedTuple

from roadworthy.conformance.strict_json import MISSING, decode

__all__ = ["Converted", "convert", "match_option"]

_NUMBER: Final = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d{1,3})?", re.ASCII)
_PERCENT: Final = re.compile(r"([-+]?\d+(?:\.\d+)?)\s*%", re.ASCII)
_WORDS: Final = {"true": True, "yes": True, "false": False, "no": False}
_NULLS: Final = {"null", "none"}
_MAX_DIGITS: Final = 300
_EDGES: Final = " \t\r\n.,;:!\"'`*"
"""What may stand around a word without changing it."""


class Converted(NamedTuple):
    """A value and the kind of repair that made it."""

    value: Any
    kind: str


def convert(value: Any, types: list[str], bounds: dict[str, Any]) -> Converted | None:
    """The value as one of these JSON types, or None where no reading is certain.

    ``bounds`` is the sub-schema that states the types; a percentage is read by its ``maximum``.
    """
    for wanted in ("null", "number", "integer", "boolean", "object", "string"):
        if wanted in types:
            found = _CONVERSIONS[wanted](value, bounds)
            if found is not None:
                return found
    if "array" in types:
        found = _encoded(value, list)
        return found or (None if value is None else Converted([value], "wrapped"))
    if isinstance(value, list) and len(value) == 1:
        return Converted(value[0], "unwrapped")
    return None


def match_option(value: Any, options: list[Any]) -> Converted | None:
    """The one option that the value means: same word in another case, trimmed, or unquoted."""
    if isinstance(value, list) and len(value) == 1:
        return Converted(value[0], "unwrapped")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    spelled = _plain(value)
    matches = [option for option in options if _plain(option) == spelled]
    if len(matches) != 1 or not spelled:
        return None
    return Converted(matches[0], "enum" if isinstance(value, str) else "string")


def _plain(option: Any) -> str | None:
    if isinstance(option, str):
        return option.strip(_EDGES).casefold()
    if isinstance(option, int | float | bool):
        return json.dumps(option)
    return None


def _null(value: Any, _: dict[str, Any]) -> Converted | None:
    if isinstance(value, str) and value.strip(_EDGES).casefold() in _NULLS:
        return Converted(None, "null")
    return None


def _number(value: Any, bounds: dict[str, Any]) -> Converted | None:
    if not isinstance(value, str):
        return None
    text = value.strip()
    if _NUMBER.fullmatch(text):
        return _finite(Decimal(text), "number")
    percent = _PERCENT.fullmatch(text)
    # 85% of what? Only a scale that ends at 1 or at 100 says so.
    maximum = bounds.get("maximum")
    if percent is None or isinstance(maximum, bool) or maximum not in (1, 100):
        return None
    return _finite(Decimal(percent[1]) / (100 if maximum == 1 else 1), "percent")


def _integer(value: Any, bounds: dict[str, Any]) -> Converted | None:
    found = Converted(value, "number") if isinstance(value, float) else _number(value, bounds)
    if found is None or int(found.value) != found.value:
        return None
    return Converted(int(found.value), found.kind)


def _finite(number: Decimal, kind: str) -> Converted | None:
    """An int where it was written as one, however long; else the nearest float."""
    if number.as_tuple().exponent == 0:
        return Converted(int(number), kind) if number.adjusted() < _MAX_DIGITS else None
    as_float = float(number)
    return Converted(as_float, kind) if math.isfinite(as_float) else None


def _boolean(value: Any, _: dict[str, Any]) -> Converted | None:
    if not isinstance(value, str):
        return None
    word = _WORDS.get(value.strip(_EDGES).casefold())
    return None if word is None else Converted(word, "boolean")


def _object(value: Any, _: dict[str, Any]) -> Converted | None:
    return _encoded(value, dict)


def _encoded(value: Any, wanted: type) -> Converted | None:
    """JSON inside a string: the answer was encoded twice."""
    inner = decode(value) if isinstance(value, str) else MISSING
    return Converted(inner, "encoded") if isinstance(inner, wanted) else None


def _string(value: Any, _: dict[str, Any]) -> Converted | None:
    # Not floats: 1.50 has become 1.5 by now, and a version or a price would change.
    return Converted(json.dumps(value), "string") if isinstance(value, int) else None


_CONVERSIONS: Final = {
    "null": _null,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "object": _object,
    "string": _string,
}
