"""Aligned columns and moments, as verbs that list show them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from roadworthy.core.visible import visible

__all__ = ["columns", "moment", "rows_of", "took"]


def columns(rows: Sequence[Sequence[str]], *, indent: int = 0) -> str:
    """Lines with every column as wide as what it holds, and nothing in them that a terminal would
    obey: what they show was written by others, too."""
    if not rows:
        return ""
    rows = [[visible(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        " " * indent
        + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def rows_of(rows: dict[str, str | None], *, indent: int = 0) -> str:
    """Names with what they stand for, one a line; what is None or empty is left out."""
    return columns([(name, text) for name, text in rows.items() if text], indent=indent)


def moment(us: int | None) -> str:
    """``2026-01-31 12:00:00``, in UTC; empty for None."""
    if us is None:
        return ""
    return datetime.fromtimestamp(us / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S")


def took(us: int) -> str:
    """A duration: ``250.0 ms``."""
    if us < 1000:
        return f"{us} µs"
    return f"{us / 1000:.1f} ms" if us < 10_000_000 else f"{us / 1e6:.1f} s"
