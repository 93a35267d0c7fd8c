"""Sums calls up by span of time, so that pages never scan calls.

Every call is counted once in each of several widths of span. A wide page reads wide spans, so
that what it costs depends on the number of tasks and models, and not of calls.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, Final, NamedTuple

import msgspec

from roadworthy.core import ANSWERED
from roadworthy.storage.sketch import QuantileSketch

__all__ = [
    "CHECKED",
    "UNTIMED",
    "WIDTHS_S",
    "Counts",
    "Span",
    "Sums",
    "is_checked",
    "is_conforming",
]

WIDTHS_S: Final = (60, 600, 3_600, 10_800, 43_200, 86_400)
"""Minute, ten minutes, hour, three hours, half a day, day; each divides the next."""

CHECKED: Final = frozenset({"first_pass", "repaired", "reasked", "refused", "truncated", "failed"})
"""Outcomes that reached a model's answer; with an output schema, such a call is checked."""
UNTIMED: Final = frozenset({"rejected", "cancelled"})
"""Outcomes whose durations say nothing of the task: no model was asked, or the caller left."""


class Span(NamedTuple):
    """What latencies are kept by."""

    width_s: int
    start_us: int
    task: str
    version: str
    model: str
    nested: bool
    """Of steps of chains, which are told apart from what callers asked for."""


class Counts(msgspec.Struct):
    """Sums over some calls; None: known of none of them."""

    calls: int = 0
    checked: int = 0
    conforming: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_nusd: int | None = None
    unpriced: int = 0
    """Calls that asked a model, at a cost that is not known."""
    priced: int = 0
    """Calls that asked a model, themselves or by their steps, at a known cost."""

    def add(self, other: Counts) -> None:
        self.calls += other.calls
        self.checked += other.checked
        self.conforming += other.conforming
        self.input_tokens = plus(self.input_tokens, other.input_tokens)
        self.output_tokens = plus(self.output_tokens, other.output_tokens)
        self.cost_nusd = plus(self.cost_nusd, other.cost_nusd)
        self.unpriced += other.unpriced
        self.priced += other.priced


class Sums:
    """What some calls add to the rollups."""

    def __init__(self, rows: Iterable[dict[str, Any]]) -> None:
        """``rows`` are of the table of calls."""
        self.counts: dict[tuple[Span, str], Counts] = {}
        """By span and outcome."""
        self.latencies: dict[Span, QuantileSketch] = {}
        for row in rows:
            self._add(row)
        for narrow, wide in pairwise(WIDTHS_S):
            self._widen(narrow, wide)

    def _add(self, row: dict[str, Any]) -> None:
        width_us = WIDTHS_S[0] * 1_000_000
        start_us = row["started_us"] // width_us * width_us
        nested = row["parent_id"] is not None
        span = Span(WIDTHS_S[0], start_us, row["task"], row["version"], row["model"], nested)
        self._count(span, row["outcome"], _counts_of(row))
        if row["outcome"] not in UNTIMED:
            self.latencies.setdefault(span, QuantileSketch()).add(row["duration_us"])

    def _widen(self, narrow: int, wide: int) -> None:
        for (span, outcome), counts in list(self.counts.items()):
            if span.width_s == narrow:
                self._count(_widened(span, wide), outcome, counts)
        for span, sketch in list(self.latencies.items()):
            if span.width_s == narrow:
                self.latencies.setdefault(_widened(span, wide), QuantileSketch()).merge(sketch)

    def _count(self, span: Span, outcome: str, counts: Counts) -> None:
        self.counts.setdefault((span, outcome), Counts()).add(counts)


def is_checked(outcome: str, schema_digest: str | None, attempts: int) -> bool:
    """Whether a call had an output schema and reached a model's answer. A chain's own call asked
    nothing: its steps' answers were checked. So had one that a rule ended."""
    return schema_digest is not None and outcome in CHECKED and attempts > 0


def is_conforming(outcome: str, schema_digest: str | None, attempts: int) -> bool:
    """Whether a checked call's answer was delivered."""
    return is_checked(outcome, schema_digest, attempts) and outcome in ANSWERED


def plus(left: int | None, right: int | None) -> int | None:
    """The sum of what is known; None if nothing is."""
    if left is None or right is None:
        return left if right is None else right
    return left + right


def _counts_of(row: dict[str, Any]) -> Counts:
    outcome, digest, attempts = row["outcome"], row["schema_digest"], row["attempts"]
    cost_nusd = row["cost_nusd"]
    # A chain's call makes no attempt, and sums up those of its steps.
    asked = attempts > 0 or row["input_tokens"] != 0 or bool(cost_nusd)
    return Counts(
        calls=1,
        checked=int(is_checked(outcome, digest, attempts)),
        conforming=int(is_conforming(outcome, digest, attempts)),
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        cost_nusd=cost_nusd,
        # A chain's steps say it themselves.
        unpriced=int(cost_nusd is None and row["model"] != ""),
        priced=int(asked and cost_nusd is not None),
    )


def _widened(span: Span, width_s: int) -> Span:
    width_us = width_s * 1_000_000
    return span._replace(width_s=width_s, start_us=span.start_us // width_us * width_us)
