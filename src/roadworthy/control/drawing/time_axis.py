"""Points of time as the columns of a chart. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from roadworthy.control.drawing.charts import Column

__all__ = ["time_column"]

HOUR_S: Final = 3_600
DAY_S: Final = 24 * HOUR_S

# Seconds between the times that an axis names.
_TICK_S: Final[Mapping[str, int]] = {
    "1h": 15 * 60,
    "24h": 4 * HOUR_S,
    "7d": DAY_S,
    "30d": 5 * DAY_S,
    "90d": 10 * DAY_S,
}


def time_column(
    start_us: int, *, width_us: int, until_us: int, span: str, href: str | None
) -> Column:
    """The column of the point that begins then; the last one of a span is still filling."""
    start_s, width_s = start_us // 1_000_000, width_us // 1_000_000
    filling = start_us + width_us >= until_us
    start = datetime.fromtimestamp(start_s, UTC)
    end = datetime.fromtimestamp(start_s + width_s, UTC)
    tick = ""
    if start_s % _TICK_S[span] == 0:
        midnight = start_s % DAY_S == 0
        tick = start.strftime("%-d %b" if midnight else "%H:%M")
    ends = end.strftime("%H:%M" if width_s < DAY_S else "%-d %b %H:%M")
    return Column(
        label=f"{start:%-d %b %H:%M} to {ends} UTC{', so far' if filling else ''}",
        tick=tick,
        href=href,
    )
