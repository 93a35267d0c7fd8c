"""Turns records of a journal into what one transaction of the loader writes; pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from roadworthy.core import Call
from roadworthy.core.errors import StoreError
from roadworthy.storage.bulk import split
from roadworthy.storage.frame import LOSS
from roadworthy.storage.journal import Loss
from roadworthy.storage.ledger import Entry, entry_of
from roadworthy.storage.reader import Record
from roadworthy.storage.rows import row_of
from roadworthy.storage.rule_counts import RuleCell, rule_cells
from roadworthy.storage.texts import CallTexts, day_of

__all__ = ["DAMAGED", "MAX_RECORDS", "UNLOADABLE", "UNWRITTEN", "Batch", "loss_row", "read_batch"]

MAX_RECORDS: Final = 500
MAX_BYTES: Final = 16_000_000

UNWRITTEN: Final = "unwritten"
"""A gateway could not write calls down."""
DAMAGED: Final = "damaged"
"""Bytes of a journal cannot be read."""
UNLOADABLE: Final = "unloadable"
"""A record is sound, and is no call that this version can store."""

_CALLS = msgspec.msgpack.Decoder(Call)
_LOSSES = msgspec.msgpack.Decoder(Loss)


class Batch:
    """Some consecutive records of one journal file."""

    def __init__(self, source: str, now_us: int) -> None:
        """``source`` is the file's name."""
        self.source = source
        self.rows: dict[str, dict[str, Any]] = {}
        """Of the table of calls, by id."""
        self.entries: dict[str, Entry] = {}
        """Of the ledger, by the id of the call; calls that it does not count have none."""
        self.rules: dict[str, tuple[RuleCell, ...]] = {}
        """Rules that took effect, by the id of the call; calls without any are left out."""
        self.texts: list[CallTexts] = []
        self.losses: list[dict[str, Any]] = []
        self.records = 0
        self.calls = 0
        """Records of calls, duplicates included."""
        self.next_offset = 0
        self.fault: str | None = None
        """Why the record behind these cannot be read by this version, if that is so."""
        self._now_us = now_us
        self.bytes = 0

    def add(self, record: Record) -> None:
        self.records += 1
        self.bytes += len(record.payload)
        self.next_offset = record.next_offset
        if record.skipped_bytes:
            self._lose(DAMAGED, calls=None, size=record.skipped_bytes)
        try:
            if record.format == LOSS:
                self._add_loss(_LOSSES.decode(record.payload))
            else:
                self._add_call(_CALLS.decode(record.payload))
        except (msgspec.MsgspecError, RecursionError, ValueError):
            self._lose(UNLOADABLE, calls=1, size=len(record.payload))

    def _add_call(self, call: Call) -> None:
        rest, bulk = split(call)
        row, day = row_of(rest), day_of(call.started_us)
        self.calls += 1
        if row["id"] not in self.rows:
            self.rows[row["id"]] = row
            if (entry := entry_of(rest)) is not None:
                self.entries[row["id"]] = entry
            if cells := rule_cells(rest):
                self.rules[row["id"]] = cells
            if bulk is not None:
                self.texts.append(CallTexts(row["id"], day, bulk))

    def _add_loss(self, loss: Loss) -> None:
        row = loss_row(loss.until_us, UNWRITTEN, loss.gateway, calls=loss.calls)
        self.losses.append(row)

    def _lose(self, kind: str, *, calls: int | None, size: int) -> None:
        self.losses.append(loss_row(self._now_us, kind, self.source, calls=calls, size=size))


def read_batch(
    records: Iterator[Record], *, source: str, now_us: int, max_records: int = MAX_RECORDS
) -> Batch | None:
    """The next records, as many as one transaction should hold; None: there are none."""
    batch = Batch(source, now_us)
    try:
        for record in records:
            batch.add(record)
            if batch.records >= max_records or batch.bytes >= MAX_BYTES:
                break
    except StoreError as error:
        batch.fault = error.message
    return batch if batch.records or batch.fault else None


def loss_row(
    at_us: int, kind: str, source: str, *, calls: int | None = None, size: int | None = None
) -> dict[str, Any]:
    """A row of the table of losses."""
    return {"at_us": at_us, "kind": kind, "source": source, "calls": calls, "bytes": size}
