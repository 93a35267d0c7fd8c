"""What the database answers: plain values that the API, the pages and the CLI show.

No SQL here; `roadworthy.storage.queries` fills these. Times are microseconds since 1970 UTC,
latencies are milliseconds, costs are nano-dollars; None is *unknown*, never zero.
"""

from __future__ import annotations

from typing import Final

import msgspec

from roadworthy.core import Call

__all__ = [
    "MAX_TREE",
    "CallFilter",
    "CallPage",
    "CallRow",
    "CallTree",
    "Figures",
    "Overview",
    "RuleFigures",
    "StoredCall",
    "TaskFigures",
    "TaskRuleFigures",
]

MAX_TREE: Final = 500
"""Calls of one tree that are read at once, unless more are asked for."""


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
    root_id: str | None = None
    """Calls below this one, at any depth; itself left out."""
    resumes: str | None = None
    """Calls that went on from this one's recorded steps."""
    steps: bool | None = None
    """Whether steps of chains are among them. None: only where the other conditions can be met by
    steps alone (a task, a model, a version, a mode, a schema, the calls below one)."""
    since_us: int | None = None
    until_us: int | None = None

    @property
    def with_steps(self) -> bool:
        """Whether steps of chains are asked for."""
        if self.steps is not None:
            return self.steps
        told = (self.task, self.model, self.version, self.mode, self.schema_digest, self.root_id)
        return any(value is not None for value in told)


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
    parent_id: str | None = None
    """The chain's call that this one is a step of; None: a caller made it."""
    root_id: str | None = None
    step: str | None = None
    item: int | None = None
    """Which item of a ``for_each``, from 0."""
    resumes: str | None = None


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


class CallTree(msgspec.Struct, frozen=True, kw_only=True):
    """A call that callers made, with all that its chain's steps ran."""

    root: CallRow | None
    """None: it is not recorded (yet, or any more)."""
    below: list[CallRow]
    """All calls below it, in the order in which they started."""
    more: int = 0
    """How many further calls there are below it."""
    resumed_by: tuple[str, ...] = ()
    """Calls that went on from its recorded steps, the oldest first."""


class RuleFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How often one rule of one task took effect in a span."""

    task: str
    rule: str
    effect: str
    calls: int
    """In so many calls."""
    example: str
    """The id of a call in which it did."""


class TaskRuleFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of one task in a span, and what its other calls cost."""

    task: str
    calls: int
    """All calls of the task, steps of chains included."""
    rules: list[RuleFigures]
    """The most frequent first; those that took no effect are not recorded."""
    priced: int = 0
    """Calls for which a model was asked, at a known cost."""
    mean_cost_nusd: float | None = None
    """Of those; None: there are none."""

    @property
    def spared(self) -> int:
        """Calls that a rule ended before a model was asked."""
        return sum(rule.calls for rule in self.rules if rule.effect in ("answer", "deny"))

    @property
    def spared_nusd(self) -> float | None:
        """An estimate: what those would have cost at the mean."""
        return None if self.mean_cost_nusd is None else self.spared * self.mean_cost_nusd


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Figures over some calls."""

    start_us: int
    """The beginning of the time span they cover."""
    calls: int = 0
    """Over all tasks: calls that callers made, whose tokens and cost hold those of their steps. Of
    one task: all its calls, as a step of chains too."""
    nested: int = 0
    """Calls that were steps of chains: beside `calls` over all tasks, among them of one."""
    answered: int = 0
    """Calls whose outcome delivered an answer."""
    checked: int = 0
    """Calls that had an output schema and reached a model's answer, steps of chains included."""
    conforming: int = 0
    """Of the checked ones, those delivered (first pass, repaired or re-asked)."""
    outcomes: dict[str, int] = {}
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_nusd: int | None = None
    unpriced: int = 0
    """Calls that asked a model at an unknown cost, steps of chains included; the sum above leaves
    them out."""
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
