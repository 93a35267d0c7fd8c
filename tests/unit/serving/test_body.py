from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from roadworthy.core.errors import BodyTooLarge, MalformedBody
from roadworthy.serving.body import MAX_DEPTH, decode_object, read_body


def request_of(chunks: list[bytes], headers: list[tuple[bytes, bytes]] | None = None) -> Request:
    waiting = list(chunks)

    async def receive() -> dict[str, Any]:
        chunk = waiting.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

    return Request({"type": "http", "headers": headers or []}, receive)


def test_a_body_in_pieces_is_joined() -> None:
    assert asyncio.run(read_body(request_of([b'{"a"', b":1}"]), 100)) == b'{"a":1}'


def test_a_body_that_grows_past_the_limit_is_refused() -> None:
    with pytest.raises(BodyTooLarge, match="larger than 10 bytes"):
        asyncio.run(read_body(request_of([b"x" * 6, b"x" * 6]), 10))


def test_a_body_that_claims_to_be_too_large_is_refused_before_it_is_read() -> None:
    with pytest.raises(BodyTooLarge, match="max_body_bytes"):
        asyncio.run(read_body(request_of([], [(b"content-length", b"99999999")]), 10))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"{", "not JSON"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b'{"a": "\\ud800"}', "surrogate pair"),
        (b"\xef\xbb\xbf{}", "byte-order mark"),
        (b'{"a": NaN}', "not JSON"),
        (b'{"a": 1e999}', "not JSON"),
        (b"[1]", "not an array"),
        (b"null", "not null"),
        (b"true", "not a boolean"),
        (b'"text"', "not a string"),
        (b'{"a":' * 50_000, "levels deep"),
        (b'{"a":' * 101 + b"1" + b"}" * 101, "levels deep"),
    ],
)
def test_a_bad_body_is_refused_with_its_reason(body: bytes, says: str) -> None:
    with pytest.raises(MalformedBody, match=says):
        decode_object(body)


def test_a_body_nested_to_the_limit_is_taken() -> None:
    body = b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH
    assert decode_object(body)


def test_many_brackets_side_by_side_are_not_depth() -> None:
    assert len(decode_object(msgspec.json.encode({"a": [[]] * 500}))["a"]) == 500


@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_a_malformed_body(body: bytes) -> None:
    try:
        value = decode_object(body)
    except MalformedBody:
        return
    assert isinstance(value, dict)


def test_a_message_never_quotes_the_body() -> None:
    with pytest.raises(MalformedBody) as caught:
        decode_object(b'{"messages": "my secret diary" oops')
    assert "diary" not in caught.value.message
