"""Events out of bytes, however they were cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.models.sse import Event, EventSplitter


def split(*pieces: bytes) -> list[Event]:
    splitter = EventSplitter()
    return [event for piece in pieces for event in splitter.feed(piece)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_end_in_any_of_three_ways(end: bytes) -> None:
    stream = end.join([b"event: ping", b"data: one", b"", b"data: two", b"", b""])
    assert split(stream) == [Event(b"ping", b"one"), Event(b"", b"two")]


def test_data_lines_of_one_event_are_joined() -> None:
    assert split(b"data: a\ndata\ndata:b\n\n") == [Event(b"", b"a\n\nb")]


def test_only_one_leading_space_is_dropped() -> None:
    assert split(b"data:  a\n\n") == [Event(b"", b" a")]


def test_comments_and_other_fields_are_dropped() -> None:
    assert split(b": waiting\nid: 7\nretry: 9\ndatum: x\ndata: a\n\n: bye\n\n") == [
        Event(b"", b"a")
    ]


def test_an_event_without_data_is_not_dispatched_and_leaves_no_name_behind() -> None:
    assert split(b"event: ping\n\ndata: a\n\n") == [Event(b"", b"a")]


def test_an_event_that_the_end_cuts_off_is_not_dispatched() -> None:
    assert split(b"data: a\n\ndata: b\n") == [Event(b"", b"a")]


def test_a_byte_order_mark_is_skipped() -> None:
    assert split(b"\xef\xbb", b"\xbfdata: a\n\n") == [Event(b"", b"a")]


def test_text_that_other_splitters_take_for_line_ends_is_data() -> None:
    text = "a\u2028b\x0bc\x1cd\u0085e".encode()
    assert split(b"data: " + text + b"\n\n") == [Event(b"", text)]


LINES = st.sampled_from([b"data: x", b"data:y", b"data", b"event: e", b": c", b"id: 1", b""])
STREAMS = st.lists(st.tuples(LINES, st.sampled_from([b"\n", b"\r\n", b"\r"]))).map(
    lambda lines: b"".join(line + end for line, end in lines)
)


@given(STREAMS, st.lists(st.integers(0, 200), max_size=5))
def test_cuts_change_nothing(stream: bytes, cuts: list[int]) -> None:
    edges = sorted({0, *(cut for cut in cuts if cut < len(stream)), len(stream)})
    pieces = [stream[a:b] for a, b in pairwise(edges)]
    assert split(*pieces) == split(stream) == split(*(bytes([byte]) for byte in stream))


@given(STREAMS)
def test_the_way_lines_end_changes_nothing(stream: bytes) -> None:
    plain = stream.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    assert split(plain) == split(plain.replace(b"\n", b"\r\n")) == split(stream)
