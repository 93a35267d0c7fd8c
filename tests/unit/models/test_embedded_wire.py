"""Bytes that the embedded model's server is sent."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from roadworthy.models import LOCAL_MODEL, Ask, Structured
from roadworthy.models.embedded_wire import EmbeddedWire, grammar_of

SCHEMA = {"enum": ["yes", "no"]}
GRAMMAR = (
    '%llguidance {}\nstart: %json {"enum":["yes","no"],"x-guidance":{"whitespace_flexible":false}}'
)


def sent(ask: Ask, *, stream: bool = False) -> dict[str, Any]:
    request = EmbeddedWire().encode(LOCAL_MODEL, ask, stream=stream)
    assert request.path == "/v1/chat/completions"
    return msgspec.json.decode(request.body, type=dict[str, Any])


def test_a_plain_request_keeps_the_prompt_and_is_bounded() -> None:
    assert EmbeddedWire().encode(LOCAL_MODEL, Ask(messages=[]), stream=False).body == (
        b'{"model":"smollm2-135m-instruct","messages":[],"cache_prompt":true,"max_tokens":1024}'
    )


def test_a_schema_becomes_a_grammar_and_no_response_format() -> None:
    body = sent(Ask(messages=[], structured=Structured(mode="grammar", schema=SCHEMA)))
    assert body["grammar"] == GRAMMAR
    assert "response_format" not in body


def test_the_schema_itself_is_not_touched() -> None:
    schema = dict(SCHEMA)
    assert grammar_of(schema) == GRAMMAR
    assert schema == SCHEMA


def test_words_in_the_prompt_bind_nothing() -> None:
    body = sent(Ask(messages=[], structured=Structured(mode="prompt", schema=SCHEMA)))
    assert "grammar" not in body


def test_a_stream_is_bound_by_the_same_grammar() -> None:
    ask = Ask(messages=[], structured=Structured(mode="grammar", schema=SCHEMA))
    assert EmbeddedWire().encode(LOCAL_MODEL, ask, stream=True).body == (
        EmbeddedWire().encode(LOCAL_MODEL, ask, stream=False).body[:-1]
        + b',"stream":true,"stream_options":{"include_usage":true}}'
    )


@pytest.mark.parametrize("mode", ["strict", "tool", "json"])
def test_a_mode_that_cannot_be_sent_is_never_left_out_silently(mode: Any) -> None:
    with pytest.raises(ValueError, match=mode):
        sent(Ask(messages=[], structured=Structured(mode=mode, schema=SCHEMA)))


@pytest.mark.parametrize("limit", ["max_tokens", "max_completion_tokens", "n_predict"])
def test_the_callers_limit_stands_alone(limit: str) -> None:
    body = sent(Ask(messages=[], parameters={limit: 9}))
    assert {key: value for key, value in body.items() if "tokens" in key or key == limit} == {
        limit: 9
    }


def test_a_stream_asks_for_its_usage() -> None:
    body = sent(Ask(messages=[]), stream=True)
    assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})


def test_parameters_go_through() -> None:
    assert sent(Ask(messages=[], parameters={"temperature": 0.7, "seed": 4}))["seed"] == 4
