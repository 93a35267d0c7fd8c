"""Functions and operators of expressions: what they take, and what they give. Pure.

Beside the engine's own there are a few of cel-go's libraries, written here in Python. Those never
raise, because the engine prints what they raised, values included; they give null instead, which
no operator takes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from roadworthy.expressions.schema_types import ANY_JSON

__all__ = ["EXTRA", "LENGTH", "NUMBERS", "OVERLOADS", "SUM_OF_DOUBLES", "Overload"]

Overload: TypeAlias = tuple[tuple[frozenset[str], ...], frozenset[str] | None]
"""What each argument must be, and the result; None: the kind of the first argument."""

NUMBERS: Final = frozenset({"int", "uint", "double"})
LENGTH: Final = "length__"
"""What stands for ``size`` where a text may be measured: the engine's counts UTF-8 bytes."""
SUM_OF_DOUBLES: Final = "sum_of_doubles__"
"""What stands for ``sum`` over numbers that are doubles, so that no item gives 0.0."""


def _kinds(*names: str) -> frozenset[str]:
    return frozenset(names)


_BOOL, _INT, _DOUBLE, _STRING = _kinds("bool"), _kinds("int"), _kinds("double"), _kinds("string")
_UINT, _BYTES, _LIST = _kinds("uint"), _kinds("bytes"), _kinds("list")
_TIMESTAMP, _DURATION = _kinds("timestamp"), _kinds("duration")
_ANY: Final = ANY_JSON | _kinds("int", "uint", "bytes", "timestamp", "duration", "type")
_NUMERIC: Final = tuple(((one, one), one) for one in (_INT, _DOUBLE, _UINT))
_ORDERED: Final = (
    *(((one, one), _BOOL) for one in (_STRING, _BOOL, _BYTES, _TIMESTAMP, _DURATION)),
    ((NUMBERS, NUMBERS), _BOOL),
)
_DATE_PARTS: Final = (
    "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear",
    "getHours", "getMinutes", "getSeconds", "getMilliseconds",
)  # fmt: skip

# Source: CEL language definition, "List of Standard Definitions"; each tried on the engine.
OVERLOADS: Final[dict[str, tuple[Overload, ...]]] = {
    "!_": (((_BOOL,), _BOOL),),
    "-_": (((_INT,), _INT), ((_DOUBLE,), _DOUBLE)),
    "_&&_": (((_BOOL, _BOOL), _BOOL),),
    "_||_": (((_BOOL, _BOOL), _BOOL),),
    "_+_": (
        *_NUMERIC,
        ((_STRING, _STRING), _STRING),
        ((_BYTES, _BYTES), _BYTES),
        ((_LIST, _LIST), _LIST),
        ((_TIMESTAMP, _DURATION), _TIMESTAMP),
        ((_DURATION, _TIMESTAMP), _TIMESTAMP),
        ((_DURATION, _DURATION), _DURATION),
    ),
    "_-_": (
        *_NUMERIC,
        ((_TIMESTAMP, _TIMESTAMP), _DURATION),
        ((_TIMESTAMP, _DURATION), _TIMESTAMP),
        ((_DURATION, _DURATION), _DURATION),
    ),
    "_*_": _NUMERIC,
    "_/_": _NUMERIC,
    "_%_": (((_INT, _INT), _INT), ((_UINT, _UINT), _UINT)),
    "_<_": _ORDERED,
    "_<=_": _ORDERED,
    "_>_": _ORDERED,
    "_>=_": _ORDERED,
    "_in_": (((_ANY, _LIST | _kinds("map")), _BOOL),),
    "size": (((_STRING | _LIST | _BYTES | _kinds("map"),), _INT),),
    "contains": (((_STRING, _STRING), _BOOL),),
    "startsWith": (((_STRING, _STRING), _BOOL),),
    "endsWith": (((_STRING, _STRING), _BOOL),),
    "matches": (((_STRING, _STRING), _BOOL),),
    "int": (((NUMBERS | _STRING | _TIMESTAMP,), _INT),),
    "uint": (((NUMBERS | _STRING,), _UINT),),
    "double": (((NUMBERS | _STRING,), _DOUBLE),),
    "string": (((NUMBERS | _STRING | _BOOL | _BYTES | _TIMESTAMP | _DURATION,), _STRING),),
    "bytes": (((_STRING | _BYTES,), _BYTES),),
    "timestamp": (((_STRING | _TIMESTAMP,), _TIMESTAMP),),
    "duration": (((_STRING | _DURATION,), _DURATION),),
    "type": (((_ANY,), _kinds("type")),),
    **dict.fromkeys(_DATE_PARTS, (((_TIMESTAMP | _DURATION,), _INT),)),
    "abs": (((_INT,), _INT), ((_DOUBLE,), _DOUBLE)),
    "round": (((_DOUBLE,), _DOUBLE), ((_DOUBLE, _INT), _DOUBLE)),
    "sum": (((_LIST,), NUMBERS),),
    "min": (((_LIST,), NUMBERS), *_NUMERIC),
    "max": (((_LIST,), NUMBERS), *_NUMERIC),
    "trim": (((_STRING,), _STRING),),
    "lowerAscii": (((_STRING,), _STRING),),
    "upperAscii": (((_STRING,), _STRING),),
}


def _quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    def called(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except Exception:  # noqa: BLE001 # whatever it was, the engine would print it
            return None

    return called


def _round(value: float, digits: int = 0) -> float:
    """Half away from zero, as cel-go's `math.round`."""
    scale = 10.0**digits
    return math.copysign(math.floor(abs(value) * scale + 0.5) / scale, value)


def _numbers(arguments: tuple[Any, ...]) -> list[Any]:
    found = list(arguments[0]) if len(arguments) == 1 else list(arguments)
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in found):
        raise TypeError
    return found


EXTRA: Final[dict[str, Callable[..., Any]]] = {
    LENGTH: _quiet(len),
    "abs": _quiet(abs),
    "round": _quiet(_round),
    "sum": _quiet(lambda items: sum(_numbers((items,)))),
    SUM_OF_DOUBLES: _quiet(lambda items: math.fsum(_numbers((items,)))),
    "min": _quiet(lambda *arguments: min(_numbers(arguments))),
    "max": _quiet(lambda *arguments: max(_numbers(arguments))),
    "trim": _quiet(lambda text: text.strip()),
    "lowerAscii": _quiet(lambda text: _ascii(text, str.lower)),
    "upperAscii": _quiet(lambda text: _ascii(text, str.upper)),
}


def _ascii(text: str, change: Callable[[str], str]) -> str:
    return "".join(change(c) if c.isascii() else c for c in text)
