"""Makes of any value one that MessagePack can hold.

JSON knows integers beyond 64 bits and strings with lone surrogates, and a caller may send
both. A call that holds them is still recorded: they are written down as text.
"""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["portable"]

MAX_DEPTH = 100
_MAX_INT = 2**63 - 1


def portable(value: Any, depth: int = 0) -> Any:
    """A copy of plain values only, what does not fit replaced by text; never fails."""
    if value is None or isinstance(value, bool | float | bytes):
        return value
    if isinstance(value, int):
        return value if -_MAX_INT <= value <= _MAX_INT else hex(value)
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if depth >= MAX_DEPTH:
        return "… nested deeper than is recorded"
    if isinstance(value, dict):
        return {_key(key): portable(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [portable(item, depth + 1) for item in value]
    if isinstance(value, msgspec.Struct):
        fields = msgspec.structs.asdict(value)
        return {name: portable(item, depth + 1) for name, item in fields.items()}
    return f"… a {type(value).__name__} cannot be recorded"


def _key(key: Any) -> str:
    return str(portable(key if isinstance(key, str | int | float | bytes) else str(key)))
