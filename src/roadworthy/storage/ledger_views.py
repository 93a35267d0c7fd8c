"""What the ledger of conformance answers: plain values. Times are microseconds since 1970 UTC."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

from roadworthy.core import ReasonKind
from roadworthy.storage.ledger import Tally

__all__ = ["DIMENSIONS", "Dimension", "Ledger", "LedgerFilter", "LedgerGroup", "ReasonCount"]

Dimension: TypeAlias = Literal["task", "version", "provider", "model", "mode", "schema", "time"]
"""What calls can be told apart by; ``time`` is the point of the series that they started in."""

DIMENSIONS: Final[tuple[Dimension, ...]] = (
    *("task", "version", "provider", "model", "mode", "schema", "time"),
)


class LedgerFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which calls; every condition that is set must hold."""

    task: str | None = None
    version: str | None = None
    provider: str | None = None
    model: str | None = None
    mode: str | None = None
    schema: str | None = None
    """The digest of the output schema, or its beginning."""


class LedgerGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Calls that agree in some dimensions."""

    key: dict[str, str]
    """The value of each dimension. ``(other)``: what a span had no room to tell apart."""
    now: Tally
    before: Tally
    """Over the span of equal length before; empty where calls are told apart by time."""


class ReasonCount(msgspec.Struct, frozen=True, kw_only=True):
    """One reason why answers did not conform as they came."""

    kind: ReasonKind
    """What came of it: the answer was mended, asked again, or not delivered."""
    name: str
    """The kind of the repair, or the keyword that was violated."""
    path: str
    """Where in the answer; empty: the whole of it. ``(other)``: not known, or one of too many."""
    calls: int
    """Calls that had this reason; one call may have several."""
    before: int
    """The same over the span of equal length before."""
    example: str
    """The id of a call that had it."""


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger of a span."""

    since_us: int
    until_us: int
    bucket_us: int
    """Width of one point of the series."""
    by: tuple[Dimension, ...]
    total: Tally
    before: Tally
    """Over the span of equal length before."""
    series: list[Tally]
    """One a point, in order, empty ones included."""
    groups: list[LedgerGroup]
    """The busiest first, or in the order of time."""
    reasons: list[ReasonCount]
    """The most frequent first."""
