"""Folds counts by point of time and group into the ledger of a span; pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from roadworthy.storage.buckets import Buckets
from roadworthy.storage.ledger import Tally
from roadworthy.storage.ledger_views import Dimension, Ledger, LedgerGroup, ReasonCount

__all__ = ["MAX_GROUPS", "LedgerSeries", "TallyOfSpan"]

MAX_GROUPS: Final = 1_000


class TallyOfSpan(NamedTuple):
    """Counts of one group of calls in one point of time."""

    start_us: int
    key: tuple[str, ...]
    """In the order of the dimensions asked for, ``time`` left out."""
    tally: Tally


class LedgerSeries:
    """The ledger of a span in the making."""

    def __init__(self, span: Buckets, by: Sequence[Dimension]) -> None:
        self._span = span
        self._by = tuple(by)
        self._total, self._before = Tally(), Tally()
        self._points = {start_us: Tally() for start_us in span.starts()}
        self._groups: dict[tuple[str, ...], tuple[Tally, Tally]] = {}

    def add(self, found: TallyOfSpan) -> None:
        """Count these; what started before the span counts as before."""
        now = found.start_us >= self._span.since_us
        if now:
            self._points[found.start_us].add(found.tally)
        (self._total if now else self._before).add(found.tally)
        if self._by and (now or "time" not in self._by):
            group = self._groups.setdefault(self._key(found), (Tally(), Tally()))
            group[0 if now else 1].add(found.tally)

    def ledger(self, reasons: list[ReasonCount]) -> Ledger:
        return Ledger(
            since_us=self._span.since_us,
            until_us=self._span.until_us,
            bucket_us=self._span.width_us,
            by=self._by,
            total=self._total,
            before=self._before,
            series=list(self._points.values()),
            groups=self._sorted()[:MAX_GROUPS],
            reasons=reasons,
        )

    def _key(self, found: TallyOfSpan) -> tuple[str, ...]:
        values = iter(found.key)
        time = datetime.fromtimestamp(found.start_us / 1e6, UTC).strftime("%Y-%m-%dT%H:%MZ")
        return tuple(time if dimension == "time" else next(values) for dimension in self._by)

    def _sorted(self) -> list[LedgerGroup]:
        def order(item: tuple[tuple[str, ...], tuple[Tally, Tally]]) -> tuple[object, ...]:
            key, (now, before) = item
            # What is told apart by time is read from the oldest on.
            when = key[self._by.index("time")] if "time" in self._by else ""
            return when, -now.calls, -before.calls, key

        return [
            LedgerGroup(key=dict(zip(self._by, key, strict=True)), now=now, before=before)
            for key, (now, before) in sorted(self._groups.items(), key=order)
        ]
