from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.core.errors import StoreError
from roadworthy.storage import JournalReader, Record, read_records
from roadworthy.storage.frame import CALL, FILE_HEADER_BYTES, pack_file_header, pack_record

MARKER = b"\x8fmarker\x01"
PAYLOADS = [b"first", b"", b"x" * 300, b"last one"]


def a_file(payloads: list[bytes]) -> bytes:
    return pack_file_header(MARKER) + b"".join(pack_record(MARKER, CALL, p) for p in payloads)


def ends_of(payloads: list[bytes]) -> list[int]:
    """Where each record ends."""
    return [len(a_file(payloads[: i + 1])) for i in range(len(payloads))]


class Scratch:
    """A file whose content is set at will, and its reader."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT)

    def holding(self, data: bytes) -> JournalReader:
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, data, 0)
        return JournalReader(self.fd, self.path)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scratch]:
    file = Scratch(tmp_path_factory.mktemp("reader") / "a.journal")
    yield file
    os.close(file.fd)


def payloads_of(reader: JournalReader, offset: int = 0) -> list[bytes]:
    return [record.payload for record in reader.records(offset)]


def skipped_in(records: list[Record]) -> int:
    return sum(record.skipped_bytes for record in records)


def test_cut_off_at_any_byte_the_whole_records_before_it_are_read(scratch: Scratch) -> None:
    data, ends = a_file(PAYLOADS), ends_of(PAYLOADS)
    for cut in range(len(data) + 1):
        reader = scratch.holding(data[:cut])
        whole = sum(end <= cut for end in ends)
        assert payloads_of(reader) == PAYLOADS[:whole]
        at = ends[whole - 1] if whole else 0
        state = reader.state_at(at)
        assert state == ("damaged" if cut < 20 else "end" if cut <= max(at, 40) else "torn")


@given(st.lists(st.binary(max_size=200), max_size=8), st.data())
def test_reading_goes_on_from_any_offset_it_gave(
    scratch: Scratch, payloads: list[bytes], data: st.DataObject
) -> None:
    reader = scratch.holding(a_file(payloads))
    offsets = [0, *(record.next_offset for record in reader.records())]
    at = data.draw(st.integers(0, len(payloads)))
    assert payloads_of(reader, offsets[at]) == payloads[at:]


@given(
    st.lists(st.binary(max_size=120), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 255)), min_size=1, max_size=4),
)
def test_flipped_bits_lose_records_and_never_forge_one(
    scratch: Scratch, payloads: list[bytes], flips: list[tuple[int, int]]
) -> None:
    clean = a_file(payloads)
    data = bytearray(clean)
    for place, bits in flips:
        data[place % len(data)] ^= bits
    header_sound = data[:20] == clean[:20] or data[20:40] == clean[20:40]
    starts = [FILE_HEADER_BYTES, *ends_of(payloads)]
    sound = [
        payload
        for payload, start, end in zip(payloads, starts, starts[1:], strict=False)
        if data[start:end] == clean[start:end]
    ]
    assert payloads_of(scratch.holding(bytes(data))) == (sound if header_sound else [])


def test_a_damaged_record_in_the_middle_is_skipped_and_its_bytes_counted(
    scratch: Scratch,
) -> None:
    data, ends = bytearray(a_file(PAYLOADS)), ends_of(PAYLOADS)
    data[ends[1] + 50] ^= 1
    records = list(scratch.holding(bytes(data)).records())
    assert [record.payload for record in records] == [PAYLOADS[0], PAYLOADS[1], PAYLOADS[3]]
    assert skipped_in(records) == ends[2] - ends[1]


def test_a_damaged_record_at_the_end_is_not_taken_for_a_cut_off_one(scratch: Scratch) -> None:
    data, ends = bytearray(a_file(PAYLOADS)), ends_of(PAYLOADS)
    for place in range(ends[2], ends[3]):
        data[place] ^= 1
        reader = scratch.holding(bytes(data))
        assert payloads_of(reader) == PAYLOADS[:3]
        assert reader.state_at(ends[2]) == "damaged"
        data[place] ^= 1


def test_a_record_inside_a_text_is_not_taken_for_one(scratch: Scratch) -> None:
    forged = pack_record(b"\0" * 8, CALL, b"forged") + pack_file_header(MARKER)
    data = bytearray(a_file([forged, b"true"]))
    data[FILE_HEADER_BYTES + 30] ^= 1
    assert payloads_of(scratch.holding(bytes(data))) == [b"true"]


def test_a_file_whose_two_headers_are_damaged_is_damaged(scratch: Scratch) -> None:
    data = bytearray(a_file(PAYLOADS))
    data[3] ^= 1
    data[25] ^= 1
    reader = scratch.holding(bytes(data))
    assert payloads_of(reader) == []
    assert reader.state_at(0) == "damaged"


def test_a_record_of_a_later_version_is_an_error_and_those_before_it_are_read(
    scratch: Scratch,
) -> None:
    scratch.holding(a_file([b"known"]) + pack_record(MARKER, 99, b"unknown"))
    records = read_records(scratch.path)
    assert next(records).payload == b"known"
    with pytest.raises(StoreError, match=r"format 99.*newer"):
        next(records)


def test_a_file_laid_out_by_a_later_version_is_an_error(scratch: Scratch) -> None:
    newer = bytearray(a_file([])[:20])
    newer[7] = 2
    newer[16:] = crc32(newer[:16]).to_bytes(4, "little")
    with pytest.raises(StoreError, match="layout 2"):
        scratch.holding(bytes(newer) * 2)
