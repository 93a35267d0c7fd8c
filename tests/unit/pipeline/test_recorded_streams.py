"""Streams as a real server sent them (llama.cpp with SmolLM2-135M-Instruct, November 2026)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.conformance import compile_schema, read_answer
from roadworthy.conformance.streaming import FieldStream
from roadworthy.models.chat_completions import ChatStreamDecoder

FOLDER = Path(__file__).parent / "recorded_streams"
PLACE: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "country": {"enum": ["France", "Italy"]}},
    "required": ["city", "country"],
}
TRIAGE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "sentiment": {"enum": ["positive", "neutral", "negative"]},
        "urgency": {"type": "integer", "minimum": 1, "maximum": 5},
        "themes": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
    },
    "required": ["sentiment", "urgency", "themes"],
    "additionalProperties": False,
}
STREAMS = {"grammar": TRIAGE, "fenced": PLACE}


def bytes_of(name: str) -> bytes:
    return (FOLDER / f"{name}.sse").read_bytes()


def value_of(name: str, cuts: list[int]) -> Any:
    """The value of a stream whose bytes came in these pieces; all that was sent adds up to it."""
    schema, data = compile_schema(STREAMS[name]), bytes_of(name)
    decoder, stream = ChatStreamDecoder(), FieldStream(schema)
    text, sent = "", ""
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        for delta in decoder.feed(data[start:end]):
            text += delta.text
            sent += stream.feed(delta.text)
    value = read_answer(text, schema, stop_reason="stop").value
    rest = stream.finish(value)
    assert rest is not None
    assert sent
    assert json.loads(sent + rest) == value
    return value


def test_a_grammars_stream_cut_at_every_byte_gives_the_same_value() -> None:
    whole = value_of("grammar", [])
    for cut in range(len(bytes_of("grammar")) + 1):
        assert value_of("grammar", [cut]) == whole


@pytest.mark.parametrize("name", STREAMS)
def test_byte_by_byte_it_is_the_same_value(name: str) -> None:
    assert value_of(name, list(range(1, len(bytes_of(name))))) == value_of(name, [])


@given(st.lists(st.integers(0, len(bytes_of("fenced"))), max_size=20))
def test_a_fenced_answer_cut_anywhere_gives_the_same_value(cuts: list[int]) -> None:
    assert value_of("fenced", sorted(cuts)) == {"city": "Paris", "country": "France"}
