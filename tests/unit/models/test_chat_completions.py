"""Answers and streams in the chat-completions format, with the ways in which servers differ."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.core import Usage
from roadworthy.core.errors import (
    UpstreamError,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamUnavailable,
)
from roadworthy.models import Delta, Reply
from roadworthy.models.chat_completions import ChatStreamDecoder, decode_reply


def reply(finish: str | None = "stop", usage: Any = None, **message: Any) -> Reply:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    return decode_reply(msgspec.json.encode({"model": "m", "choices": [choice], "usage": usage}))


def test_text_reason_and_model_are_read() -> None:
    answer = reply(content="hello")
    assert (answer.text, answer.stop_reason, answer.upstream_model) == ("hello", "stop", "m")


def test_the_whole_message_and_body_are_kept() -> None:
    answer = reply(content="hello", reasoning_content="hm", citations=[1])
    assert answer.message["reasoning_content"] == "hm"
    assert answer.body["choices"][0]["message"]["citations"] == [1]


def test_all_token_counts_are_read() -> None:
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 7,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 5},
    }
    assert reply(content="", usage=usage).usage == Usage(
        input_tokens=10, output_tokens=7, cached_input_tokens=4, reasoning_tokens=5
    )


def test_deepseeks_cache_hits_are_read() -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 7, "prompt_cache_hit_tokens": 6}
    assert reply(content="", usage=usage).usage.cached_input_tokens == 6


@pytest.mark.parametrize("usage", [None, {}, [], {"prompt_tokens": None}, {"prompt_tokens": "9"}])
def test_what_is_not_reported_is_not_zero(usage: Any) -> None:
    assert reply(content="", usage=usage).usage == Usage()


def test_tool_calls_are_read() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    answer = reply("tool_calls", content=None, tool_calls=[call])
    assert (answer.text, answer.stop_reason, answer.tool_calls) == ("", "tool_calls", [call])


def test_a_refusal_is_a_stop_reason() -> None:
    answer = reply(content=None, refusal="I cannot help with that.")
    assert (answer.stop_reason, answer.refusal) == ("refusal", "I cannot help with that.")


@pytest.mark.parametrize(
    ("reported", "meant"),
    [("length", "length"), ("model_length", "length"), ("eos", "stop"), ("odd", "unknown"),
     (None, "unknown"), ("content_filter", "content_filter"), ("function_call", "tool_calls")],
)  # fmt: skip
def test_finish_reasons_are_brought_to_one_set(reported: str | None, meant: str) -> None:
    assert reply(reported, content="x").stop_reason == meant


def test_a_list_of_parts_is_its_text() -> None:
    parts = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "a"}, {"text": "b"}]
    assert reply(content=parts).text == "ab"


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"\xff", b"[]", b"null", b'"x"', b"{}", b'{"choices":[]}', b"[" * 100_000,
     b'{"choices":[{}]}', b'{"choices":null}', b'{"choices":[7]}'],
)  # fmt: skip
def test_what_is_not_an_answer_is_an_error(body: bytes) -> None:
    with pytest.raises(UpstreamError):
        decode_reply(body)


def test_bytes_that_are_no_text_are_an_error_whole_and_streamed() -> None:
    body = b'{"choices":[{"index":0,"message":{"content":"\xff\xfe"},"delta":{"content":"\xff"}}]}'
    with pytest.raises(UpstreamError, match="not JSON"):
        decode_reply(body)
    with pytest.raises(UpstreamError, match="not JSON"):
        ChatStreamDecoder().feed(b"data: " + body + b"\n\n")


def test_an_error_in_a_200_is_that_error() -> None:
    with pytest.raises(UpstreamRateLimited, match="slow down"):
        decode_reply(b'{"error":{"message":"slow down","code":429}}')
    with pytest.raises(UpstreamError, match="it broke"):
        decode_reply(b'{"error":"it broke","choices":[]}')


def test_a_failure_behind_a_router_is_an_error() -> None:
    choice = {"index": 0, "message": {"content": "ha"}, "finish_reason": "error",
              "error": {"code": 502, "message": "gone"}}  # fmt: skip
    with pytest.raises(UpstreamUnavailable, match="gone"):
        decode_reply(msgspec.json.encode({"choices": [choice]}))


def event(delta: dict[str, Any], finish: str | None = None, **fields: Any) -> bytes:
    chunk = {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **fields}
    return b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"
STREAM = b"".join(
    [
        event({"role": "assistant", "content": ""}, model="m-1"),
        b": keep-alive\r\n\r\n",
        event({"content": "Grüße "}, usage={"prompt_tokens": 4, "completion_tokens": 1}),
        b'data: {"choices":\r\ndata: [{"index":0,"delta":{"content":"\xe2\x9c\x85"}}]}\r\n\r\n',
        event({"tool_calls": [{"index": 0, "id": "c", "function": {"arguments": "{"}}]}),
        event({}, "stop"),
        b'data: {"choices":[],"usage":{"prompt_tokens":4,"completion_tokens":9}}\n\n',
        DONE,
    ]
)


def deltas_of(decoder: ChatStreamDecoder, *pieces: bytes) -> list[Delta]:
    return [delta for piece in pieces for delta in decoder.feed(piece)]


def test_a_stream_becomes_deltas_with_their_chunks() -> None:
    decoder = ChatStreamDecoder()
    deltas = deltas_of(decoder, STREAM)
    assert "".join(delta.text for delta in deltas) == "Grüße ✅"
    assert [delta.stop_reason for delta in deltas] == [None, None, None, None, "stop", None]
    assert deltas[3].chunk is not None
    assert deltas[3].chunk["choices"][0]["delta"]["tool_calls"][0]["id"] == "c"
    assert (decoder.finished, decoder.ended) == (True, True)


def test_usage_is_taken_from_any_chunk_and_from_one_without_choices() -> None:
    reported = [delta.usage for delta in deltas_of(ChatStreamDecoder(), STREAM)]
    assert reported[1] == Usage(input_tokens=4, output_tokens=1)
    assert reported[-1] == Usage(input_tokens=4, output_tokens=9)
    assert reported[0] is None


def test_one_cut_anywhere_changes_nothing() -> None:
    whole = deltas_of(ChatStreamDecoder(), STREAM)
    for cut in range(len(STREAM) + 1):
        assert deltas_of(ChatStreamDecoder(), STREAM[:cut], STREAM[cut:]) == whole


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_many_cuts_change_nothing(cuts: list[int]) -> None:
    edges = sorted({0, *cuts, len(STREAM)})
    pieces = [STREAM[a:b] for a, b in pairwise(edges)]
    assert deltas_of(ChatStreamDecoder(), *pieces) == deltas_of(ChatStreamDecoder(), STREAM)


def test_a_stream_is_finished_by_a_reason_and_ended_by_its_mark() -> None:
    decoder = ChatStreamDecoder()
    decoder.feed(event({"content": "x"}))
    assert (decoder.finished, decoder.ended) == (False, False)
    decoder.feed(event({}, "length"))
    assert (decoder.finished, decoder.ended) == (True, False)
    decoder.feed(DONE)
    assert decoder.ended


def test_nothing_after_the_end_mark_counts() -> None:
    assert deltas_of(ChatStreamDecoder(), DONE + event({"content": "x"}), b"data: junk\n\n") == []


def test_a_refusal_in_a_stream_is_its_stop_reason() -> None:
    deltas = deltas_of(ChatStreamDecoder(), event({"refusal": "No."}), event({}, "stop"))
    assert deltas[-1].stop_reason == "refusal"


def test_of_several_choices_the_first_is_the_answer() -> None:
    second = b'data: {"choices":[{"index":1,"delta":{"content":"b"},"finish_reason":"stop"}]}\n\n'
    decoder = ChatStreamDecoder()
    (delta,) = decoder.feed(second)
    assert (delta.text, decoder.finished) == ("", False)


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (b'data: {"error":{"message":"x","code":"rate_limit_exceeded"}}\n\n', UpstreamRateLimited),
        (b'data: {"error":{"message":"x","type":"server_error"}}\n\n', UpstreamUnavailable),
        (b'event: error\ndata: {"message":"x","code":400}\n\n', UpstreamRejected),
        (b'data: {"error":"x"}\n\n', UpstreamError),
        (b"data: oops\n\n", UpstreamError),
        (b"data: 7\n\n", UpstreamError),
    ],
)
def test_an_error_inside_a_stream_is_raised(sent: bytes, kind: type[UpstreamError]) -> None:
    decoder = ChatStreamDecoder()
    decoder.feed(event({"content": "x"}))
    with pytest.raises(kind):
        decoder.feed(sent)


KEYS = ["choices", "delta", "message", "content", "usage", "index", "finish_reason", "error"]
KEYS += ["prompt_tokens", "prompt_tokens_details", "cached_tokens", "model", "refusal"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
)


@given(JSON)
def test_no_shape_of_answer_breaks_the_decoder(payload: Any) -> None:
    body = json.dumps(payload).encode()
    with suppress(UpstreamError):
        assert decode_reply(body).body == payload
    with suppress(UpstreamError):
        assert len(ChatStreamDecoder().feed(b"data: " + body + b"\n\n")) == 1


def test_what_came_before_an_error_in_the_same_bytes_is_given_first() -> None:
    decoder = ChatStreamDecoder()
    told = b'data: {"choices": [{"index": 0, "delta": {"content": "hel"}}]}\n\n'
    failed = b'data: {"error": {"message": "overloaded", "code": 503}}\n\n'
    assert [delta.text for delta in decoder.feed(told + failed + told)] == ["hel"]
    with pytest.raises(UpstreamUnavailable):
        decoder.feed(b"")
