"""What the database answers: plain values that the API, the pages and the CLI show.

No SQL here; `roadworthy.storage.queries` fills these. Times are microseconds since 1970 UTC,
latencies are milliseconds, costs are nano-dollars; None is *unknown*, never zero.
"""

from __future__ import annotations

import msgspec

from roadworthy.core import Call

__all__ = ["CallFilter", "CallPage", "CallRow", "Figures", "Overview", "StoredCall", "TaskFigures"]


class CallFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which calls; every condition that is set must hold."""

    surface: str | None = None
    """None: all but those that were made to try something out."""
    task: str | None = None
    outcome: str | None = None
    model: str | None = None
    version: str | None = None
    mode: str | None = None
    schema_digest: str | None = None
    conversation_id: str | None = None
    error_code: str | None = None
    since_us: int | None = None
    until_us: int | None = None


class CallRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a list of calls."""

    id: str
    task: str
    version: str
    model: str
    surface: str
    stream: bool
    started_us: int
    duration_us: int
    outcome: str
    error_code: str | None
    mode: str
    input_tokens: int | None
    output_tokens: int | None
    cost_nusd: int | None
    attempts: int
    repairs: int
    conversation_id: str | None


class CallPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some calls, newest first."""

    rows: list[CallRow]
    next_before: str | None = None
    """The id to pass as `before` for the next page; None: this was the last one."""


class StoredCall(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is kept of one call."""

    call: Call
    texts_kept: bool
    """False: inputs, messages, raw answers and the value were not recorded, or have expired."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Figures over some calls."""

    start_us: int
    """The beginning of the time span they cover."""
    calls: int = 0
    answered: int = 0
    """Calls whose outcome delivered an answer."""
    checked: int = 0
    """Calls that had an output schema and reached a model's answer."""
    conforming: int = 0
    """Of the checked ones, those delivered (first pass, repaired or re-asked)."""
    outcomes: dict[str, int] = {}
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_nusd: int | None = None
    unpriced: int = 0
    """Calls whose cost is unknown; the sum above leaves them out."""
    p50_ms: float | None = None
    """Percentiles, within 1 %, leave out `rejected` calls, of which no model was asked, and
    `cancelled` ones, whose durations are their callers' patience."""
    p95_ms: float | None = None
    p99_ms: float | None = None


class TaskFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one task."""

    task: str
    figures: Figures


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The overview page: everything it shows, in one answer."""

    since_us: int
    until_us: int
    bucket_us: int
    """Width of one point of the series."""
    total: Figures
    series: list[Figures]
    """One a bucket, in order, empty buckets included."""
    tasks: list[TaskFigures]
    """The busiest first."""
