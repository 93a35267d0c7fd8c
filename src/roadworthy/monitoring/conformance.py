"""How often answers conform, how sure that is, and whether it moved; pure.

The command line, the control API and the page show this; a monitor of conformance can be fed by
it. A change is told only where its 95 % interval leaves out nought.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from roadworthy.stats import difference_interval, wilson_interval
from roadworthy.storage.ledger import Tally
from roadworthy.storage.ledger_views import Ledger, ReasonCount

__all__ = ["Change", "ConformanceLine", "ConformanceReport", "Share", "Verdict", "report_of"]

Verdict: TypeAlias = Literal["better", "worse", "cannot tell"]


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """Conforming answers among those that were checked."""

    conforming: int
    checked: int
    value: float | None
    """None: nothing was checked."""
    low: float
    """The lower end of the 95 % interval (Wilson's)."""
    high: float
    """The upper end."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """The share of now less that of the span of equal length before."""

    value: float | None
    """None: nothing was checked in one of the two."""
    low: float
    """The lower end of the 95 % interval (Newcombe's)."""
    high: float
    """The upper end."""
    verdict: Verdict
    """Whether the interval leaves out nought."""


class ConformanceLine(msgspec.Struct, frozen=True, kw_only=True):
    """Some calls."""

    key: dict[str, str]
    """What they agree in; empty: all of them. ``(other)``: what a span had no room to tell
    apart."""
    tally: Tally
    share: Share
    before: Share
    change: Change


class ConformanceReport(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger of conformance over a span."""

    since_us: int
    until_us: int
    bucket_us: int
    """Width of one point of the series."""
    by: tuple[str, ...]
    total: ConformanceLine
    series: list[Tally]
    """One a point, in order, empty ones included."""
    lines: list[ConformanceLine]
    """The busiest first, or in the order of time."""
    reasons: list[ReasonCount]
    """The most frequent first."""


def report_of(ledger: Ledger) -> ConformanceReport:
    """The ledger with shares, intervals and changes."""
    return ConformanceReport(
        since_us=ledger.since_us,
        until_us=ledger.until_us,
        bucket_us=ledger.bucket_us,
        by=ledger.by,
        total=_line({}, ledger.total, ledger.before),
        series=ledger.series,
        lines=[_line(group.key, group.now, group.before) for group in ledger.groups],
        reasons=ledger.reasons,
    )


def _line(key: dict[str, str], now: Tally, before: Tally) -> ConformanceLine:
    share, was = _share(now), _share(before)
    return ConformanceLine(key=key, tally=now, share=share, before=was, change=_change(share, was))


def _share(tally: Tally) -> Share:
    part, whole = tally.conforming, tally.checked
    low, high = wilson_interval(part, whole)
    value = part / whole if whole else None
    return Share(conforming=part, checked=whole, value=value, low=low, high=high)


def _change(now: Share, before: Share) -> Change:
    low, high = difference_interval(
        now.conforming,
        now.checked,
        before_part=before.conforming,
        before_whole=before.checked,
    )
    known = now.value is not None and before.value is not None
    verdict: Verdict = "better" if low > 0 else "worse" if high < 0 else "cannot tell"
    return Change(
        value=now.value - before.value if known else None,  # type: ignore[operator]  # both known
        low=low,
        high=high,
        verdict=verdict,
    )
