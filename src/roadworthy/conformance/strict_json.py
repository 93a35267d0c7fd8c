"""JSON as RFC 8259 has it: no NaN, no lone surrogates, nothing after the value."""

from __future__ import annotations

from typing import Any, Final

import msgspec

__all__ = ["MISSING", "decode"]

MISSING: Final[Any] = object()
"""Stands for *no value*, where None is one."""

_decoder = msgspec.json.Decoder()


def decode(text: str) -> Any:
    """The value of a text that is one JSON document, or `MISSING`.

    Of a repeated key the last one holds, silently, as in every common parser: looking for
    repetitions would cost each valid answer a second parse.
    """
    try:
        return _decoder.decode(text)
    except (ValueError, RecursionError):  # msgspec's errors and UnicodeEncodeError are ValueErrors
        return MISSING
