"""Reads journal files: whole records, past damage, while their writer may be writing.

A record counts only if both its checksums hold. Where one does not, and a sound record follows
somewhere behind it, the bytes between are reported as damaged; where none follows, the file
ends there for now. The keeper's loader is the caller.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple
from zlib import crc32

from roadworthy.core.errors import StoreError
from roadworthy.storage.frame import (
    FILE_HEADER_BYTES,
    FORMATS,
    MARKER_BYTES,
    RECORD_HEADER_BYTES,
    marker_of,
    tail_state,
    unpack_record_header,
)

__all__ = ["JournalReader", "Record", "read_records"]

SEARCH_BYTES = 1 << 20


class Record(NamedTuple):
    """One whole record."""

    payload: bytes
    next_offset: int
    """Where the record behind it begins."""
    format: int
    skipped_bytes: int = 0
    """Damaged bytes between this record and the one before it."""


class JournalReader:
    """Reads one journal file through a descriptor, which stays the caller's to close."""

    def __init__(self, fd: int, path: Path) -> None:
        self._fd = fd
        self._path = path
        self._marker = marker_of(os.pread(fd, FILE_HEADER_BYTES, 0))

    def records(self, offset: int = 0) -> Iterator[Record]:
        """Whole records from this offset on, until none follows.

        ``offset`` is 0 or a record's `next_offset`.

        Raises:
            StoreError: the next record is of a format that this version does not know.
        """
        offset = max(offset, FILE_HEADER_BYTES)
        while (record := self._at(offset) or self._behind(offset)) is not None:
            if record.format not in FORMATS:
                raise StoreError(
                    f"{self._path} holds a record of format {record.format}, which this version"
                    " does not know. Run the version of Roadworthy that wrote it, or a newer one."
                )
            yield record
            offset = record.next_offset

    def state_at(self, offset: int) -> Literal["end", "torn", "damaged"]:
        """What stands behind the last whole record, which ended at this offset."""
        left = self.size() - max(offset, FILE_HEADER_BYTES)
        if left <= 0:
            return "end" if self._marker is not None else "damaged"
        tail = os.pread(self._fd, RECORD_HEADER_BYTES, max(offset, FILE_HEADER_BYTES))
        return tail_state(self._marker, tail, left)

    def size(self) -> int:
        return os.fstat(self._fd).st_size

    def _at(self, offset: int) -> Record | None:
        """The record that begins here, if it is whole and sound."""
        if self._marker is None:
            return None
        head = os.pread(self._fd, RECORD_HEADER_BYTES, offset)
        header = unpack_record_header(self._marker, head)
        if header is None or offset + RECORD_HEADER_BYTES + header.length > self.size():
            return None
        payload = os.pread(self._fd, header.length, offset + RECORD_HEADER_BYTES)
        if len(payload) < header.length or crc32(payload) != header.payload_crc:
            return None
        return Record(payload, offset + RECORD_HEADER_BYTES + len(payload), header.format)

    def _behind(self, offset: int) -> Record | None:
        """The first sound record after something at this offset that is none."""
        for candidate in self._markers_after(offset + 1):
            record = self._at(candidate)
            if record is not None:
                # A living writer may have finished the record at `offset` since it was read;
                # as a later one is whole, it has by now.
                return self._at(offset) or record._replace(skipped_bytes=candidate - offset)
        return None

    def _markers_after(self, offset: int) -> Iterator[int]:
        if self._marker is None:
            return
        while len(window := os.pread(self._fd, SEARCH_BYTES, offset)) >= MARKER_BYTES:
            found = window.find(self._marker)
            while found >= 0:
                yield offset + found
                found = window.find(self._marker, found + 1)
            offset += len(window) - MARKER_BYTES + 1


def read_records(path: Path, offset: int = 0) -> Iterator[Record]:
    """Whole records of a journal file from this offset on; see `JournalReader.records`.

    Raises:
        StoreError: a newer version wrote this file, or this record of it.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield from JournalReader(fd, path).records(offset)
    finally:
        os.close(fd)
