"""Answers from the ledger of conformance; never a scan of calls.

The control plane and the command line call `read_ledger`; `read_tallies` is for whoever watches a
series: it gives what a sequential test needs, the counts of each span in the order of time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Column, Connection, Engine, Select, Table, case, func, select

from roadworthy.storage.buckets import Buckets
from roadworthy.storage.ledger import Tally
from roadworthy.storage.ledger_series import LedgerSeries, TallyOfSpan
from roadworthy.storage.ledger_views import Dimension, Ledger, LedgerFilter, ReasonCount
from roadworthy.storage.rows import column_text
from roadworthy.storage.schema import ledger, ledger_reasons

__all__ = ["MAX_REASONS", "read_ledger", "read_tallies"]

MAX_REASONS: Final = 200
_COLUMNS: Final = {"schema": "schema_digest"}


def read_tallies(
    engine: Engine, where: LedgerFilter, span: Buckets, *, by: Sequence[Dimension] = ()
) -> list[TallyOfSpan]:
    """The counts of each group in each point of the span, in the order of time; points and groups
    without calls are left out. ``by`` holds no ``time``."""
    with engine.connect() as connection:
        return list(_tallies(connection, where, span, by))


def read_ledger(
    engine: Engine,
    where: LedgerFilter,
    *,
    since_us: int,
    until_us: int,
    by: Sequence[Dimension] = (),
    buckets: int = 60,
) -> Ledger:
    """The ledger of a span and of the one of equal length before it.

    The span is widened to whole points, at most ``buckets`` and one; the answer says which span
    it covers. At most `ledger_series.MAX_GROUPS` groups and `MAX_REASONS` reasons.

    Raises:
        InvalidRequest: the span is empty, or has too many points.
    """
    span = Buckets(since_us, until_us, buckets)
    sums = LedgerSeries(span, by)
    groups = [dimension for dimension in by if dimension != "time"]
    with engine.connect() as connection:
        for found in _tallies(connection, where, span.with_before(), groups):
            sums.add(found)
        reasons = _reasons(connection, where, span)
    return sums.ledger(reasons)


def _tallies(
    connection: Connection, where: LedgerFilter, span: Buckets, by: Sequence[Dimension]
) -> Iterator[TallyOfSpan]:
    table = ledger.c
    start_us = (table.start_us - table.start_us % span.width_us).label("bucket_us")
    keys = [_column(ledger, dimension) for dimension in by]
    sums = [func.sum(table[name]) for name in Tally.__struct_fields__]
    query = _matching(select(start_us, *keys, *sums), ledger, where, span)
    for bucket_us, *values in connection.execute(
        query.group_by(start_us, *keys).order_by(start_us)
    ):
        # PostgreSQL sums whole numbers to its decimals.
        numbers = [None if value is None else int(value) for value in values[len(keys) :]]
        tally = Tally(**dict(zip(Tally.__struct_fields__, numbers, strict=True)))  # type: ignore[arg-type]  # never None where 0 is the default
        yield TallyOfSpan(int(bucket_us), tuple(values[: len(keys)]), tally)


def _reasons(connection: Connection, where: LedgerFilter, span: Buckets) -> list[ReasonCount]:
    table = ledger_reasons.c
    now = table.start_us >= span.since_us
    calls = func.sum(case((now, table.calls), else_=0)).label("calls_now")
    before = func.sum(case((now, 0), else_=table.calls))
    example = func.max(case((now, table.call_id)))  # ids are in the order of time
    reason = (table.kind, table.name, table.path)
    query = (
        _matching(
            select(*reason, calls, before, example), ledger_reasons, where, span.with_before()
        )
        .group_by(*reason)
        .having(calls > 0)
        .order_by(calls.desc(), *reason)
        .limit(MAX_REASONS)
    )
    return [
        ReasonCount(kind=k, name=n, path=p, calls=int(c), before=int(b), example=e)
        for k, n, p, c, b, e in connection.execute(query)
    ]


def _column(table: Table, dimension: str) -> Column[Any]:
    return table.c[_COLUMNS.get(dimension, dimension)]


def _matching(query: Select[Any], table: Table, where: LedgerFilter, span: Buckets) -> Select[Any]:
    query = query.where(
        table.c.width_s == span.rollup_s,
        table.c.start_us >= span.since_us,
        table.c.start_us < span.until_us,
    )
    for name, value in msgspec.structs.asdict(where).items():
        if value is not None:
            column = _column(table, name)
            cut = column_text(value)
            is_so = column.startswith(cut, autoescape=True) if name == "schema" else column == cut
            query = query.where(is_so)
    return query
