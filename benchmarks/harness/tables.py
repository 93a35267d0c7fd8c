"""Tables of figures, for the terminal or as Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

__all__ = ["number", "ratio", "table"]


def number(value: float | None) -> str:
    """Three significant digits, thousands set apart; a dash for what is unknown."""
    if value is None:
        return "-"
    if value >= 100:
        return f"{value:,.0f}"
    if value >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def ratio(values: Sequence[float]) -> str:
    """The median with the smallest and the largest; a dash for none."""
    if not values:
        return "-"
    ordered = sorted(values)
    return f"{statistics.median(ordered):.2f} ({ordered[0]:.2f}-{ordered[-1]:.2f})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, markdown: bool) -> str:
    """Columns under one another; the first is text, the others are figures."""
    if markdown:
        rule = ["---", *("---:" for _ in head[1:])]
        return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rule, *rows))
    widths = [max(len(cells[i]) for cells in (head, *rows)) for i in range(len(head))]
    lines = []
    for cells in (head, ["-" * width for width in widths], *rows):
        first, rest = cells[0].ljust(widths[0]), zip(cells[1:], widths[1:], strict=True)
        lines.append("  ".join([first, *(cell.rjust(width) for cell, width in rest)]))
    return "\n".join(lines)
