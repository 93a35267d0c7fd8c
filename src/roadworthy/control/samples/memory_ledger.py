"""The ledger of conformance of a list of calls, by scanning it; for `MemorySource`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from roadworthy.core import Call
from roadworthy.storage.buckets import Buckets
from roadworthy.storage.ledger import Cause, Cell, Entry, entry_of
from roadworthy.storage.ledger_series import LedgerSeries, TallyOfSpan
from roadworthy.storage.ledger_views import Dimension, Ledger, LedgerFilter, ReasonCount

__all__ = ["ledger_of"]


def ledger_of(
    calls: Iterable[Call], where: LedgerFilter, span: Buckets, *, by: Sequence[Dimension]
) -> Ledger:
    """What the database would answer of these calls, had it room for all."""
    longer = span.with_before()
    entries = [
        entry
        for entry in map(entry_of, calls)
        if entry is not None
        and longer.since_us <= entry.cell.start_us < span.until_us
        and _matches(entry.cell, where)
    ]
    series = LedgerSeries(span, by)
    for entry in entries:
        start_us = entry.cell.start_us // span.width_us * span.width_us
        key = tuple(_value(entry.cell, d) for d in by if d != "time")
        series.add(TallyOfSpan(start_us, key, entry.tally))
    return series.ledger(_reasons(entries, span))


def _reasons(entries: Sequence[Entry], span: Buckets) -> list[ReasonCount]:
    now, before = Counter[Cause](), Counter[Cause]()
    latest: dict[Cause, str] = {}
    for entry in entries:
        inside = entry.cell.start_us >= span.since_us
        (now if inside else before).update(entry.causes)
        if inside:
            latest |= {c: max(entry.call_id, latest.get(c, "")) for c in entry.causes}
    return [
        ReasonCount(
            kind=cause.kind,  # type: ignore[arg-type]  # what calls say
            name=cause.name,
            path=cause.path,
            calls=number,
            before=before[cause],
            example=latest[cause],
        )
        for cause, number in sorted(now.items(), key=lambda item: (-item[1], item[0]))
    ]


def _matches(cell: Cell, where: LedgerFilter) -> bool:
    wanted = msgspec.structs.asdict(where)
    schema = wanted.pop("schema") or ""
    return cell.schema_digest.startswith(schema) and all(
        value is None or getattr(cell, name) == value for name, value in wanted.items()
    )


def _value(cell: Cell, dimension: Dimension) -> str:
    value: str = getattr(cell, "schema_digest" if dimension == "schema" else dimension)
    return value
