"""Figures over a span of time, from rollups alone: never a scan of calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Engine, Select, Table, func, select

from roadworthy.core import ANSWERED
from roadworthy.storage.buckets import MAX_BUCKETS, Buckets
from roadworthy.storage.rollups import Counts
from roadworthy.storage.schema import latencies, rollups
from roadworthy.storage.sketch import QuantileSketch
from roadworthy.storage.views import Figures, Overview, TaskFigures

__all__ = ["MAX_BUCKETS", "overview"]


class _Sum:
    """Figures in the making. ``apart``: steps of chains are no calls of their own here, because
    their chains' calls hold their tokens and cost; what was checked, and what nobody can price,
    only the steps themselves tell."""

    def __init__(self, *, apart: bool) -> None:
        self.apart = apart
        self.nested = 0
        self.outcomes: dict[str, int] = {}
        self.counts = Counts()
        self.latency_us = QuantileSketch()

    def add(self, outcome: str, nested: bool, counts: Counts) -> None:
        if nested:
            self.nested += counts.calls
        if nested and self.apart:
            self.counts.checked += counts.checked
            self.counts.conforming += counts.conforming
            self.counts.unpriced += counts.unpriced
            return
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + counts.calls
        self.counts.add(counts)

    def time(self, nested: bool, sketch: QuantileSketch) -> None:
        if not (nested and self.apart):
            self.latency_us.merge(sketch)

    def absorb(self, other: _Sum) -> None:
        self.nested += other.nested
        for outcome, calls in other.outcomes.items():
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + calls
        self.counts.add(other.counts)
        self.latency_us.merge(other.latency_us)

    def figures(self, start_us: int) -> Figures:
        counts = self.counts
        return Figures(
            start_us=start_us,
            calls=counts.calls,
            nested=self.nested,
            answered=sum(n for outcome, n in self.outcomes.items() if outcome in ANSWERED),
            checked=counts.checked,
            conforming=counts.conforming,
            outcomes=self.outcomes,
            input_tokens=counts.input_tokens,
            output_tokens=counts.output_tokens,
            cost_nusd=counts.cost_nusd,
            unpriced=counts.unpriced,
            p50_ms=self._quantile_ms(0.50),
            p95_ms=self._quantile_ms(0.95),
            p99_ms=self._quantile_ms(0.99),
        )

    def _quantile_ms(self, q: float) -> float | None:
        value_us = self.latency_us.quantile(q)
        return None if value_us is None else value_us / 1_000


class _Buckets(Buckets):
    """A span's buckets, and the rollups that fill them."""

    def counts(
        self, connection: Connection, task: str | None
    ) -> Iterator[tuple[int, str, str, bool, Counts]]:
        """Bucket's start, task, outcome, whether of steps, sums."""
        table = rollups.c
        start_us = (table.start_us - table.start_us % self.width_us).label("bucket_us")
        sums = [func.sum(table[name]) for name in Counts.__struct_fields__]
        keys = start_us, table.task, table.outcome, table.nested
        query = self._of_span(select(*keys, *sums), rollups, task)
        for bucket_us, name, outcome, nested, *values in connection.execute(
            query.group_by(*keys)
        ).all():
            # PostgreSQL sums whole numbers to its decimals.
            numbers = (None if value is None else int(value) for value in values)
            yield int(bucket_us), name, outcome, nested, Counts(*numbers)  # type: ignore[arg-type]  # never None where 0 is the default

    def latencies(
        self, connection: Connection, task: str | None
    ) -> dict[tuple[int, str, bool], QuantileSketch]:
        """Sketches of microseconds by bucket's start, task and whether they are of steps."""
        table = latencies.c
        columns = table.start_us, table.task, table.nested, table.sketch
        query = self._of_span(select(*columns), latencies, task)
        merged: dict[tuple[int, str, bool], QuantileSketch] = defaultdict(QuantileSketch)
        for start_us, name, nested, sketch in connection.execute(query).all():
            merged[start_us - start_us % self.width_us, name, nested].merge_bytes(sketch)
        return merged

    def _of_span(self, query: Select[Any], table: Table, task: str | None) -> Select[Any]:
        query = query.where(
            table.c.width_s == self.rollup_s,
            table.c.start_us >= self.since_us,
            table.c.start_us < self.until_us,
        )
        return query if task is None else query.where(table.c.task == task)


def overview(
    engine: Engine, *, since_us: int, until_us: int, task: str | None = None, buckets: int = 60
) -> Overview:
    """Figures of the calls that started in a span: in all, by bucket and by task.

    Over all tasks, a chain's call stands for its steps, so that every call and every dollar is
    counted once; figures of one task hold what it did as a step too. The span is widened to whole
    buckets, at most ``buckets`` and one; the answer says which
    span it covers. Percentiles are of calls that a model was asked for and that the caller
    waited for, within 1 %.

    Raises:
        InvalidRequest: the span is empty, or ``buckets`` is not from 1 to `MAX_BUCKETS`.
    """
    span = _Buckets(since_us, until_us, buckets)
    apart = task is None
    total = _Sum(apart=apart)
    series = {start_us: _Sum(apart=apart) for start_us in span.starts()}
    tasks: dict[str, _Sum] = defaultdict(lambda: _Sum(apart=False))
    with engine.connect() as connection:
        for start_us, name, outcome, nested, counts in span.counts(connection, task):
            series[start_us].add(outcome, nested, counts)
            tasks[name].add(outcome, nested, counts)
        for (start_us, name, nested), sketch in span.latencies(connection, task).items():
            series[start_us].time(nested, sketch)
            tasks[name].time(nested, sketch)
    for sums in series.values():
        total.absorb(sums)
    busiest = sorted(tasks.items(), key=lambda item: (-item[1].counts.calls, item[0]))
    return Overview(
        since_us=span.since_us,
        until_us=span.until_us,
        bucket_us=span.width_us,
        total=total.figures(span.since_us),
        series=[sums.figures(start_us) for start_us, sums in series.items()],
        tasks=[TaskFigures(task=n, figures=sums.figures(span.since_us)) for n, sums in busiest],
    )
