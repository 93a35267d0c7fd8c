"""How a journal file is laid out; pure.

::

    file    = header header record*          the header stands twice, should one copy be damaged
    header  = "rwjourn" layout marker crc    7 + 1 + 8 + 4 bytes
    record  = marker format length payload_crc header_crc payload
                                             8 + 4 + 4 + 4 + 4 bytes, then `length` bytes

Integers are little-endian, checksums are CRC-32. The marker is random and differs in each file:
a reader that has lost its place finds the next record by it, and no text that a caller sends
can pass for a record. The record's header has its own checksum, so that a record cut off by a
kill (its length is right, its end is missing) is told from a damaged one.
"""

from __future__ import annotations

import struct
from typing import Literal, NamedTuple
from zlib import crc32

from roadworthy.core.errors import StoreError

__all__ = [
    "CALL",
    "FILE_HEADER_BYTES",
    "FORMATS",
    "LOSS",
    "MARKER_BYTES",
    "RECORD_HEADER_BYTES",
    "RecordHeader",
    "marker_of",
    "pack_file_header",
    "pack_record",
    "tail_state",
    "unpack_record_header",
]

CALL = 1
"""A record's format: a `Call` as MessagePack."""
LOSS = 2
"""A record's format: a `Loss` as MessagePack."""
FORMATS = frozenset({CALL, LOSS})

MARKER_BYTES = 8
_MAGIC = b"rwjourn"
_LAYOUT = 1
_FILE_HEADER = struct.Struct("<7sB8sI")
_RECORD_HEADER = struct.Struct("<8sIIII")
_RECORD_HEADER_START = struct.Struct("<8sIII")
FILE_HEADER_BYTES = 2 * _FILE_HEADER.size
RECORD_HEADER_BYTES = _RECORD_HEADER.size


class RecordHeader(NamedTuple):
    """What stands before a payload."""

    format: int
    length: int
    """Of the payload, in bytes."""
    payload_crc: int


def pack_file_header(marker: bytes) -> bytes:
    copy = _MAGIC + bytes([_LAYOUT]) + marker
    copy += crc32(copy).to_bytes(4, "little")
    return copy * 2


def marker_of(data: bytes) -> bytes | None:
    """The marker in a file's first `FILE_HEADER_BYTES`; None if both copies are damaged.

    Raises:
        StoreError: a newer Roadworthy laid this file out.
    """
    for start in (0, _FILE_HEADER.size):
        copy = data[start : start + _FILE_HEADER.size]
        if len(copy) < _FILE_HEADER.size:
            return None
        magic, layout, marker, crc = _FILE_HEADER.unpack(copy)
        if magic == _MAGIC and crc == crc32(copy[:-4]):
            if layout != _LAYOUT:
                raise StoreError(
                    f"a journal file has layout {layout}, and this version reads layout"
                    f" {_LAYOUT}. Run the version of Roadworthy that wrote it, or a newer one."
                )
            return bytes(marker)
    return None


def pack_record(marker: bytes, format_number: int, payload: bytes) -> bytes:
    start = _RECORD_HEADER_START.pack(marker, format_number, len(payload), crc32(payload))
    return b"".join((start, crc32(start).to_bytes(4, "little"), payload))


def unpack_record_header(marker: bytes, data: bytes) -> RecordHeader | None:
    """The header that these bytes begin with; None if they do not begin with a sound one."""
    if len(data) < RECORD_HEADER_BYTES or not data.startswith(marker):
        return None
    _, format_number, length, payload_crc, header_crc = _RECORD_HEADER.unpack_from(data)
    if header_crc != crc32(data[: _RECORD_HEADER_START.size]):
        return None
    return RecordHeader(format_number, length, payload_crc)


def tail_state(marker: bytes | None, tail: bytes, tail_bytes: int) -> Literal["torn", "damaged"]:
    """What the bytes after a file's last whole record are.

    ``tail`` is at least the beginning of them, as long as a record's header if there are that
    many; ``tail_bytes`` counts them all. Torn: the beginning of one record, cut off. Its call
    was never acknowledged. Anything else is damage.
    """
    if marker is None:
        return "damaged"
    if tail_bytes < RECORD_HEADER_BYTES:
        begins = tail[:MARKER_BYTES] == marker[: len(tail)]
        return "torn" if begins else "damaged"
    header = unpack_record_header(marker, tail)
    whole = header is not None and RECORD_HEADER_BYTES + header.length <= tail_bytes
    return "damaged" if header is None or whole else "torn"
