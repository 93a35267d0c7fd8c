"""How many calls of a task a month brings, from what was recorded. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple

from roadworthy.storage.views import Overview

__all__ = ["DAYS", "Volume", "monthly_volume"]

DAYS: Final = 30
_DAY_US: Final = 86_400_000_000
_WITHOUT_A_MODEL: Final = ("rejected", "rule", "chain", "cancelled")


class Volume(NamedTuple):
    """Calls that asked a model."""

    calls_a_month: float | None
    """None: none was recorded."""
    source: str
    """Where the figure comes from, in words."""


def monthly_volume(recorded: Overview) -> Volume:
    """Of a task's figures over the last `DAYS` days, one point a day: as many as were recorded, or
    as would have been, if the first came later."""
    days = [point for point in recorded.series if point.calls]
    calls = recorded.total.calls - sum(
        recorded.total.outcomes.get(outcome, 0) for outcome in _WITHOUT_A_MODEL
    )
    if not days or calls <= 0:
        return Volume(None, "no calls are recorded")
    since = max(1, round((recorded.until_us - days[0].start_us) / _DAY_US))
    span = min(DAYS, since)
    what = f"{calls:,} call{'s' * (calls != 1)} recorded in {span} day{'s' * (span != 1)}"
    return Volume(calls * DAYS / span, what)
