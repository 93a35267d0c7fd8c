"""Figures, times and texts as people read them. Pure; the templates' filters.

None is *unknown* everywhere, and a share is never rounded up to 100 %.
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from roadworthy.core.visible import short, visible

__all__ = [
    "UNKNOWN",
    "ago",
    "clip",
    "compact",
    "count",
    "day_time",
    "duration_ms",
    "duration_us",
    "iso_time",
    "pretty_json",
    "share",
    "short",
    "utc_time",
    "visible",
]

UNKNOWN: Final = "unknown"


def count(number: int | float | None) -> str:
    """``12,345``; ``unknown`` for None."""
    return UNKNOWN if number is None else f"{number:,.0f}"


def compact(number: int | float | None) -> str:
    """``950``, ``12.3k``, ``1.2M``; ``unknown`` for None."""
    if number is None:
        return UNKNOWN
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size * 0.9995:
            return f"{number / size:.3g}{unit}"
    return f"{number:.3g}"


def share(part: int, whole: int) -> str:
    """``99.98%``: rounded down, so that only all of them are 100 %; ``unknown`` of nothing."""
    if whole <= 0:
        return UNKNOWN
    percent = 100 * part / whole
    if part == whole or part == 0:
        return f"{percent:.0f}%"
    if percent < 0.1:
        return "<0.1%"
    steps = 100 if percent > 99 else 10
    return f"{math.floor(percent * steps) / steps:g}%"


def duration_ms(milliseconds: float | None) -> str:
    """``840 µs``, ``12 ms``, ``1.24 s``, ``2 min 5 s``; ``unknown`` for None."""
    if milliseconds is None:
        return UNKNOWN
    if milliseconds < 0.9995:
        return f"{milliseconds * 1000:.0f} µs"
    if milliseconds < 9.95:
        return f"{milliseconds:.1f} ms"
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def duration_us(microseconds: int | None) -> str:
    """As `duration_ms`, from microseconds."""
    return duration_ms(None if microseconds is None else microseconds / 1000)


def _moment(us: int) -> datetime:
    # Microseconds beyond the year 9999 can only be a fault; a page must survive it.
    return datetime.fromtimestamp(min(max(us, 0), 253_402_300_799_000_000) / 1e6, UTC)


def utc_time(us: int) -> str:
    """``2026-11-21 03:41:07 UTC``."""
    return _moment(us).strftime("%Y-%m-%d %H:%M:%S UTC")


def day_time(us: int) -> str:
    """``21 Nov 03:41:07``, for columns; the full time stands beside it."""
    return _moment(us).strftime("%-d %b %H:%M:%S")


def iso_time(us: int) -> str:
    """``2026-11-21T03:41:07Z``, for machines."""
    return _moment(us).strftime("%Y-%m-%dT%H:%M:%SZ")


def ago(us: int, now_us: int) -> str:
    """``3 min ago``; a moment of the future (clocks differ) is ``just now``."""
    seconds = (now_us - us) // 1_000_000
    if seconds < 5:
        return "just now"
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def clip(text: str, *, limit: int = 20_000) -> tuple[str, int]:
    """The text's beginning, and how many characters are left out."""
    return text[:limit], max(0, len(text) - limit)


def pretty_json(value: Any) -> str:
    """Indented JSON; a plain note where the value nests too deep to be written."""
    try:
        try:
            return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
        except UnicodeEncodeError:  # a lone surrogate
            return json.dumps(value, indent=2)
    except RecursionError:
        return "(nested too deep to show)"
