"""Adds to the ledger in the database, within the loader's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    Table,
    Text,
    and_,
    column,
    select,
    values,
)

from roadworthy.storage.ledger import Cause, Cell, Entry, LedgerSums, Tally
from roadworthy.storage.ledger_room import Room, Window, fitted, window_of
from roadworthy.storage.schema import ledger, ledger_reasons
from roadworthy.storage.upsert import upsert

__all__ = ["LedgerWriter"]

_WINDOWS_A_QUERY: Final = 300
_MAX_REMEMBERED: Final = 500
"""Windows; the fullest takes some 20 KB."""
_WANTED: Final = values(
    column("width_s", Integer), column("start_us", BigInteger), column("task", Text), name="wanted"
)


class LedgerWriter:
    """Adds calls, and remembers what stands in the windows that it last wrote to: reading that
    again for every transaction takes longer than writing. Only one may write at a time."""

    def __init__(self) -> None:
        self._rooms: dict[Window, Room] = {}

    def add(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Count these calls, none of which may have been counted before."""
        if not entries:
            return
        sums = LedgerSums(entries)
        self._learn(connection, {window_of(cell) for cell in sums.tallies})
        sums = fitted(sums, self._rooms)
        tallies = [
            {**cell._asdict(), **msgspec.structs.asdict(tally)}
            for cell, tally in sums.tallies.items()
        ]
        upsert(connection, ledger, tallies, add=Tally.__struct_fields__)
        causes = [
            {**cell._asdict(), **cause._asdict(), **msgspec.structs.asdict(count)}
            for (cell, cause), count in sums.causes.items()
        ]
        upsert(connection, ledger_reasons, causes, add=["calls"], replace=["call_id"])

    def forget(self) -> None:
        """Read from the database again: a transaction failed."""
        self._rooms.clear()

    def _learn(self, connection: Connection, windows: set[Window]) -> None:
        """Have these windows in mind, and not too many others."""
        unknown = windows - self._rooms.keys()
        if len(self._rooms) + len(unknown) > _MAX_REMEMBERED:
            self._rooms = {w: room for w, room in self._rooms.items() if w in windows}
        self._rooms |= {window: Room() for window in unknown}
        for row in _rows(connection, ledger, Cell._fields, unknown):
            cell = Cell(*row)
            self._rooms[window_of(cell)].hold(cell)
        fields = (*Window._fields, *Cause._fields)
        for row in _rows(connection, ledger_reasons, fields, unknown):
            self._rooms[Window(*row[:3])].causes.add(Cause(*row[3:]))


def _rows(
    connection: Connection, table: Table, fields: Sequence[str], windows: Iterable[Window]
) -> Iterator[tuple[Any, ...]]:
    """These columns of the rows in these windows, each combination once."""
    distinct = sorted(set(windows))
    for start in range(0, len(distinct), _WINDOWS_A_QUERY):
        # A join, because SQLite scans the whole table for `(a, b, c) IN (…)`.
        wanted = _WANTED.data(distinct[start : start + _WINDOWS_A_QUERY]).cte("wanted")
        within = and_(*(table.c[name] == wanted.c[name] for name in Window._fields))
        query = select(*(table.c[name] for name in fields)).distinct()
        found = connection.execute(query.select_from(wanted.join(table, within)))
        yield from map(tuple, found)
