"""Identifiers that sort by the time they were made."""

from __future__ import annotations

import os

__all__ = ["new_id", "time_of_id_us"]


def new_id(now_us: int) -> str:
    """A UUIDv7 as 36 characters of text.

    ``now_us`` is microseconds since 1970. The 12 bits after the millisecond hold its
    fraction, so ids made by one process in different microseconds sort by time.

    Source: RFC 9562, section 5.7 and section 6.2 (method 3).
    """
    ms, fraction_us = divmod(now_us, 1000)
    sub_ms = fraction_us * 4096 // 1000
    random = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
    value = (ms & ((1 << 48) - 1)) << 80 | 0x7 << 76 | sub_ms << 64 | 0b10 << 62 | random
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def time_of_id_us(identifier: str) -> int:
    """Microseconds since 1970 at which `new_id` made this id, to the millisecond.

    Raises:
        ValueError: the text is not a UUIDv7.
    """
    digits = identifier.replace("-", "")
    if len(digits) != 32 or digits[12] != "7":
        raise ValueError(f"not a UUIDv7: {identifier!r}")
    return int(digits[:12], 16) * 1000
