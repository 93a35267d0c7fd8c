"""Keeps the texts of calls apart from their rows, in one SQLite file a day.

Texts are the bulk of what is kept and are kept for less time: forgetting a day is removing a
file, not deleting rows. Writing the same call's texts again changes nothing, so the loader
writes them first and may die after.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections import defaultdict
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, date, datetime
from typing import NamedTuple

import msgspec

from roadworthy.core.errors import StoreError
from roadworthy.storage.bulk import Bulk
from roadworthy.storage.folder import StateFolder

__all__ = ["CallTexts", "TextStore", "day_of", "read_texts", "remove_texts"]

_TABLE = """
CREATE TABLE IF NOT EXISTS texts (
    call_id TEXT PRIMARY KEY,
    packing INTEGER NOT NULL, -- 0: MessagePack, 1: zlib of it
    body BLOB NOT NULL
)"""
_INSERT = "INSERT OR IGNORE INTO texts (call_id, packing, body) VALUES (?, ?, ?)"
_SELECT = "SELECT packing, body FROM texts WHERE call_id = ?"
_PLAIN, _ZLIB = 0, 1
MIN_PACKED_BYTES = 512
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Bulk)


class CallTexts(NamedTuple):
    """The texts of one call, and where they stand."""

    call_id: str
    day: date
    """On which the call started, in UTC."""
    bulk: Bulk


class TextStore:
    """Writes texts; keeps the day that it last wrote to open."""

    def __init__(self, folder: StateFolder) -> None:
        self._folder = folder
        self._open: tuple[date, sqlite3.Connection] | None = None

    def write(self, texts: Iterable[CallTexts]) -> None:
        """Keep these texts; those that are kept already stay as they are.

        Raises:
            StoreError: a day's file cannot be written.
        """
        by_day: dict[date, list[tuple[str, int, bytes]]] = defaultdict(list)
        for call_id, day, bulk in texts:
            by_day[day].append((call_id, *_pack(bulk)))
        for day, rows in by_day.items():
            try:
                connection = self._connect(day)
                with connection:
                    connection.executemany(_INSERT, rows)
            except sqlite3.Error as error:
                self.close()
                raise _unusable(self._folder, day, error) from error

    def close(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def _connect(self, day: date) -> sqlite3.Connection:
        path = self._folder.texts_of(day)
        if self._open is not None:
            if self._open[0] == day and path.exists():
                return self._open[1]
            self.close()
        # The keeper's threads take turns; it never writes from two at once.
        connection = sqlite3.connect(path, timeout=10, check_same_thread=False)
        self._open = day, connection
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(_TABLE)
        return connection


def read_texts(folder: StateFolder, call_id: str, day: date) -> Bulk | None:
    """The texts of one call; None if they were never kept, or have expired.

    Raises:
        StoreError: the day's file cannot be read.
    """
    path = folder.texts_of(day)
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            row = connection.execute(_SELECT, (call_id,)).fetchone()
            return None if row is None else _unpack(*row)
    except (sqlite3.Error, zlib.error, msgspec.MsgspecError) as error:
        raise _unusable(folder, day, error) from error


def remove_texts(folder: StateFolder, day: date) -> None:
    """Forget the texts of a day; no harm if there are none."""
    path = folder.texts_of(day)
    # The log goes first: if it outlived its database, SQLite would replay it into a new one.
    for suffix in ("-wal", "-shm", ""):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def day_of(started_us: int) -> date:
    """The day, in UTC.

    Raises:
        ValueError: a time outside the calendar.
    """
    try:
        return datetime.fromtimestamp(started_us // 1_000_000, tz=UTC).date()
    except (OverflowError, OSError, ValueError) as error:
        raise ValueError(f"not a time: {started_us} µs") from error


def _pack(bulk: Bulk) -> tuple[int, bytes]:
    body = _ENCODER.encode(bulk)
    if len(body) < MIN_PACKED_BYTES:
        return _PLAIN, body
    return _ZLIB, zlib.compress(body, 1)


def _unpack(packing: int, body: bytes) -> Bulk:
    return _DECODER.decode(zlib.decompress(body) if packing == _ZLIB else body)


def _unusable(folder: StateFolder, day: date, error: Exception) -> StoreError:
    return StoreError(
        f"the texts of {day} in {folder.texts_of(day)} cannot be used: {error}. If the file is"
        " damaged, move it away; a new one is made when there are texts to keep."
    )
