"""Loads journals into the database: each call once, whoever is killed when.

Rows, rollups and the mark (how far a file is read) are committed in one transaction; texts
before it, because writing them twice changes nothing. A call that is in the database already,
by its id, is counted nowhere again. A file is removed once its writer is dead and all of it is
marked as read; a file with damage is set aside instead, for people. The keeper is the caller,
and holds `keeper_lock`.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import msgspec
from sqlalchemy import Connection, Engine, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from roadworthy.core import UNCOUNTED, Clock
from roadworthy.core.errors import StoreError
from roadworthy.storage.batch import DAMAGED, MAX_RECORDS, UNLOADABLE, Batch, loss_row, read_batch
from roadworthy.storage.database import writing
from roadworthy.storage.folder import StateFolder
from roadworthy.storage.journal import NEW_SUFFIX
from roadworthy.storage.ledger_writing import LedgerWriter
from roadworthy.storage.locks import keeper_lock, try_lock
from roadworthy.storage.reader import JournalReader, Record
from roadworthy.storage.rollups import WIDTHS_S, Counts, Span, Sums
from roadworthy.storage.rule_counts import RuleSums
from roadworthy.storage.schema import (
    calls,
    journal_marks,
    latencies,
    losses,
    rollups,
    rule_counts,
)
from roadworthy.storage.sketch import QuantileSketch
from roadworthy.storage.texts import TextStore
from roadworthy.storage.upsert import upsert

__all__ = ["DAMAGED_SUFFIX", "LoadReport", "Loader", "keeper_lock"]

MAX_CALLS = 50_000
DAMAGED_SUFFIX = ".damaged"
"""Added to the name of a file that is set aside."""
_UNFINISHED_S = 60
_FAULTS_OF_FILES = (DAMAGED, UNLOADABLE)

_log = logging.getLogger(__name__)


class LoadReport(msgspec.Struct, kw_only=True):
    """What one pass over the journals did."""

    loaded: int = 0
    """Calls."""
    duplicates: int = 0
    """Calls that were in the database already."""
    corrupt: int = 0
    """Places that cannot be read, and records that cannot be stored."""
    behind_bytes: int = 0
    """Journalled, and not yet in the database."""
    files_removed: int = 0
    files_set_aside: int = 0
    faults: list[str] = msgspec.field(default_factory=list)
    """Files that a newer version wrote, and that wait for it."""


class Loader:
    """Loads the journals of one state folder; one pass at a time."""

    caught_up_us: int | None = None
    """When everything that was in the journals last was in the database too."""

    def __init__(self, folder: StateFolder, engine: Engine, clock: Clock) -> None:
        self._folder = folder
        self._engine = engine
        self._clock = clock
        self._texts = TextStore(folder)
        self._ledger = LedgerWriter()

    def load_once(self, *, max_calls: int = MAX_CALLS) -> LoadReport:
        """Load what the journals hold, ``max_calls`` at most; nothing is lost if it fails midway.

        Raises:
            StoreError: the database, a journal or a file of texts cannot be used.
        """
        began_us, report = self._clock.now_us(), LoadReport()
        try:
            marks = self._marks()
            for path in self._folder.journal_files():
                self._load_file(path, marks.get(path.name, 0), max_calls, report)
            self._remove_unfinished()
        except (SQLAlchemyError, OSError) as error:
            self._ledger.forget()
            raise StoreError(
                f"calls wait in {self._folder.journal}, because they cannot be loaded:"
                f" {getattr(error, 'orig', None) or error}. Nothing is lost; free space on the"
                " disk and see that this user may write there."
            ) from error
        if report.behind_bytes == 0:
            self.caught_up_us = began_us
        return report

    def close(self) -> None:
        self._texts.close()

    def _marks(self) -> dict[str, int]:
        with self._engine.connect() as connection:
            query = select(journal_marks.c.file, journal_marks.c.next_offset)
            return dict(connection.execute(query).all())

    def _load_file(self, path: Path, offset: int, max_calls: int, report: LoadReport) -> None:
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        with os.fdopen(fd, "rb", buffering=0):
            # Asked before the size: what a dead writer's file holds is all that it will hold.
            dead = try_lock(fd)
            size = os.fstat(fd).st_size
            if offset >= size and not dead:
                return
            try:
                reader = JournalReader(fd, path)
            except StoreError as error:
                report.faults.append(error.message)
                report.behind_bytes += size - offset
                return
            # Up to the size that was seen: a busy writer's file might never end.
            records = takewhile(lambda record: record.next_offset <= size, reader.records(offset))
            offset, at_end = self._load_records(records, path, offset, max_calls, report)
            if dead and at_end:
                self._finish(reader, path, offset, report)
            else:
                report.behind_bytes += size - offset

    def _load_records(
        self,
        records: Iterator[Record],
        path: Path,
        offset: int,
        max_calls: int,
        report: LoadReport,
    ) -> tuple[int, bool]:
        """How far the file is loaded now, and whether nothing is left that can be."""
        left = max_calls - report.loaded - report.duplicates
        while left > 0:
            batch = read_batch(
                records,
                source=path.name,
                now_us=self._clock.now_us(),
                max_records=min(left, MAX_RECORDS),
            )
            if batch is None:
                return offset, True
            if batch.records:
                self._commit(batch, report)
                offset = batch.next_offset
            if batch.fault is not None:
                report.faults.append(batch.fault)
                break
            left -= batch.records
        return offset, False

    def _commit(self, batch: Batch, report: LoadReport) -> None:
        self._texts.write(batch.texts)
        with writing(self._engine) as connection:
            known = _known(connection, list(batch.rows))
            rows = [row for call_id, row in batch.rows.items() if call_id not in known]
            if rows:
                connection.execute(insert(calls), rows)
                _add_up(connection, Sums([row for row in rows if row["surface"] not in UNCOUNTED]))
                fresh = [entry for call_id, entry in batch.entries.items() if call_id not in known]
                self._ledger.add(connection, fresh)
                fired = [(id_, cells) for id_, cells in batch.rules.items() if id_ not in known]
                sums = RuleSums(fired).rows()
                upsert(connection, rule_counts, sums, add=["calls"], replace=["call_id"])
            if batch.losses:
                connection.execute(insert(losses), batch.losses)
            _mark(connection, batch.source, batch.next_offset)
        report.loaded += len(rows)
        report.duplicates += batch.calls - len(rows)
        report.corrupt += sum(loss["kind"] in _FAULTS_OF_FILES for loss in batch.losses)

    def _finish(self, reader: JournalReader, path: Path, offset: int, report: LoadReport) -> None:
        """Remove a file that is read to its end and whose writer is dead, or set it aside."""
        name, size = path.name, reader.size()
        if reader.state_at(offset) == "damaged":
            row = loss_row(self._clock.now_us(), DAMAGED, name, size=size - offset)
            with writing(self._engine) as connection:
                connection.execute(insert(losses), row)
                _mark(connection, name, size)
            report.corrupt += 1
        with self._engine.connect() as connection:
            of_file = losses.c.source == name, losses.c.kind.in_(_FAULTS_OF_FILES)
            damaged = connection.scalar(select(losses.c.seq).where(*of_file).limit(1))
        if damaged is not None:
            aside = path.with_name(name + DAMAGED_SUFFIX)
            path.rename(aside)
            report.files_set_aside += 1
            _log.error("%s holds records that cannot be read, and is set aside", aside)
        else:
            path.unlink(missing_ok=True)
            report.files_removed += 1
        with writing(self._engine) as connection:
            connection.execute(delete(journal_marks).where(journal_marks.c.file == name))

    def _remove_unfinished(self) -> None:
        """Remove what writers left that were killed while they made a file."""
        for path in self._folder.journal.glob(f"*{NEW_SUFFIX}"):
            try:
                if time.time() - path.stat().st_mtime > _UNFINISHED_S:
                    path.unlink()
            except FileNotFoundError:
                continue  # its writer finished it


def _known(connection: Connection, ids: list[str]) -> set[str]:
    return set(connection.scalars(select(calls.c.id).where(calls.c.id.in_(ids))))


def _mark(connection: Connection, name: str, offset: int) -> None:
    row = {"file": name, "next_offset": offset}
    upsert(connection, journal_marks, [row], replace=["next_offset"])


def _add_up(connection: Connection, sums: Sums) -> None:
    counts = [
        {**span._asdict(), "outcome": outcome, **msgspec.structs.asdict(counts)}
        for (span, outcome), counts in sums.counts.items()
    ]
    upsert(connection, rollups, counts, add=Counts.__struct_fields__)
    _add_known_latencies(connection, sums.latencies)
    sketches = [
        {**span._asdict(), "sketch": sketch.to_bytes()} for span, sketch in sums.latencies.items()
    ]
    upsert(connection, latencies, sketches, replace=["sketch"])


def _add_known_latencies(connection: Connection, sums: dict[Span, QuantileSketch]) -> None:
    """Add to these sketches what the database holds of the same spans."""
    for width_s in WIDTHS_S:
        starts = sorted({span.start_us for span in sums if span.width_s == width_s})
        of_width = latencies.c.width_s == width_s, latencies.c.start_us.in_(starts)
        for *span, sketch in connection.execute(select(latencies).where(*of_width)):
            sum_of_span = sums.get(Span(*span))
            if sum_of_span is not None:
                sum_of_span.merge_bytes(sketch)
