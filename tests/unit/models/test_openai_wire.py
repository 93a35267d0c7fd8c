"""Bytes that OpenAI-compatible providers are sent."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from roadworthy.core.errors import MalformedBody, UpstreamError
from roadworthy.models import Ask, Choice, Model, Structured
from roadworthy.models.openai_wire import OpenAIWire

MODEL = Model(name="main", provider="openai", upstream="gpt-4o")
HI = [{"role": "user", "content": "hi"}]
SCHEMA = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


def sent(ask: Ask, *, model: Model = MODEL, stream: bool = False) -> bytes:
    return OpenAIWire().encode(model, ask, stream=stream).body


def test_a_plain_request_holds_nothing_but_what_was_asked() -> None:
    request = OpenAIWire().encode(MODEL, Ask(messages=HI), stream=False)
    assert request.path == "/chat/completions"
    assert request.body == b'{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}'


def test_messages_and_parameters_go_through_verbatim() -> None:
    messages = [{"role": "user", "content": [{"type": "image_url", "x": None}], "cache": {"a": 1}}]
    ask = Ask(messages=messages, parameters={"temperature": 0.7, "stop": None, "newfield": [1]})
    assert sent(ask) == (
        b'{"model":"gpt-4o","messages":[{"role":"user","content":[{"type":"image_url","x":null}],'
        b'"cache":{"a":1}}],"temperature":0.7,"stop":null,"newfield":[1]}'
    )


def test_strict_mode_is_on_the_wire() -> None:
    ask = Ask(messages=[], structured=Structured(mode="strict", schema=SCHEMA, name="feedback"))
    assert sent(ask) == (
        b'{"model":"gpt-4o","messages":[],"response_format":{"type":"json_schema","json_schema":'
        b'{"name":"feedback","strict":true,"schema":{"type":"object","properties":{},"required":[],'
        b'"additionalProperties":false}}}}'
    )


def test_json_mode_is_on_the_wire() -> None:
    ask = Ask(messages=[], structured=Structured(mode="json", schema=SCHEMA))
    assert sent(ask) == (
        b'{"model":"gpt-4o","messages":[],"response_format":{"type":"json_object"}}'
    )


TOOL = Structured(mode="tool", schema=SCHEMA, name="feedback")


def test_tool_mode_is_on_the_wire_as_one_forced_strict_function() -> None:
    assert sent(Ask(messages=[], structured=TOOL)) == (
        b'{"model":"gpt-4o","messages":[],"tools":[{"type":"function","function":{'
        b'"name":"feedback","description":"Gives the answer.","strict":true,"parameters":{'
        b'"type":"object","properties":{},"required":[],"additionalProperties":false}}}],'
        b'"tool_choice":{"type":"function","function":{"name":"feedback"}},'
        b'"parallel_tool_calls":false}'
    )


def test_tool_mode_streams_the_same_request() -> None:
    body = sent(Ask(messages=[], structured=TOOL), stream=True)
    tail = b',"stream":true,"stream_options":{"include_usage":true}}'
    assert body == sent(Ask(messages=[], structured=TOOL))[:-1] + tail


def test_the_callers_own_tools_are_never_replaced() -> None:
    ask = Ask(messages=[], parameters={"tools": [{"type": "function"}]}, structured=TOOL)
    with pytest.raises(ValueError, match="own tools"):
        sent(ask)


@pytest.mark.parametrize("mode", ["strict", "json"])
def test_strict_and_json_modes_stream_the_same_request(mode: Any) -> None:
    ask = Ask(messages=[], structured=Structured(mode=mode, schema=SCHEMA))
    tail = b',"stream":true,"stream_options":{"include_usage":true}}'
    assert sent(ask, stream=True) == sent(ask)[:-1] + tail


@pytest.mark.parametrize("mode", ["prompt", "none"])
def test_other_modes_leave_no_trace(mode: Any) -> None:
    ask = Ask(messages=[], structured=Structured(mode=mode, schema=SCHEMA))
    assert sent(ask) == b'{"model":"gpt-4o","messages":[]}'


def test_a_mode_that_cannot_be_sent_is_never_left_out_silently() -> None:
    ask = Ask(messages=[], structured=Structured(mode="grammar", schema=SCHEMA))
    with pytest.raises(ValueError, match="grammar"):
        sent(ask)


def test_a_stream_always_asks_for_its_usage() -> None:
    ask = Ask(messages=[], parameters={"stream_options": {"include_usage": False, "other": 1}})
    assert sent(ask, stream=True) == (
        b'{"model":"gpt-4o","messages":[],"stream_options":{"include_usage":true,"other":1},'
        b'"stream":true}'
    )
    assert sent(Ask(messages=[]), stream=True) == (
        b'{"model":"gpt-4o","messages":[],"stream":true,"stream_options":{"include_usage":true}}'
    )


def test_stream_options_do_not_go_without_a_stream() -> None:
    ask = Ask(messages=[], parameters={"stream_options": {"include_usage": True}})
    assert sent(ask) == b'{"model":"gpt-4o","messages":[]}'


@pytest.mark.parametrize(
    ("provider", "upstream", "name"),
    [("openai", "gpt-5-mini", b"max_completion_tokens"), ("openai", "o3", b"max_completion_tokens"),
     ("openai", "gpt-4o", b"max_tokens"), ("vllm", "gpt-5-mini", b"max_tokens")],
)  # fmt: skip
def test_openais_reasoning_models_get_the_limit_under_its_new_name(
    provider: str, upstream: str, name: bytes
) -> None:
    model = Model(name="m", provider=provider, upstream=upstream)
    body = sent(Ask(messages=[], parameters={"max_tokens": 96}), model=model)
    assert body.endswith(b'"' + name + b'":96}')


def test_the_callers_own_new_limit_wins() -> None:
    model = Model(name="m", provider="openai", upstream="o3")
    parameters = {"max_tokens": 96, "max_completion_tokens": 50}
    body = sent(Ask(messages=[], parameters=parameters), model=model)
    assert body == b'{"model":"o3","messages":[],"max_completion_tokens":50}'


@pytest.mark.parametrize("content", ["\ud800", {1, 2}.__iter__()])
def test_what_json_cannot_hold_is_the_callers_error(content: Any) -> None:
    with pytest.raises(MalformedBody):
        sent(Ask(messages=[{"role": "user", "content": content}]))


CHOICE = Choice(field="ok", values=("true", "false"))
ONLY = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}


def weighed(answer: dict[str, Any], *, parameters: dict[str, Any] | None = None) -> Any:
    """The request that was sent for a choice, and what became of this answer."""
    ask = Ask(messages=HI, parameters=parameters or {}, choice=CHOICE)
    exchange = OpenAIWire().weigh(MODEL, ask, CHOICE)
    request = next(exchange)
    with pytest.raises(StopIteration) as end:
        exchange.send(msgspec.json.encode({"choices": [answer]}))
    return request, end.value.value


def entry(token: str, log_p: float, **rivals: float) -> dict[str, Any]:
    told = [{"token": text, "logprob": value} for text, value in rivals.items()]
    return {"token": token, "logprob": log_p, "top_logprobs": told}


def test_a_choice_asks_for_the_likelihood_of_what_is_written() -> None:
    given = {"max_tokens": 900, "temperature": 0.7, "tools": [{}], "seed": 4, "user": "u"}
    content = [entry('{"ok":', 0), entry("true", -0.1, true=-0.1, false=-2.3), entry("}", 0)]
    answer = {"message": {"content": '{"ok":true}'}, "logprobs": {"content": content}}
    request, reply = weighed(answer, parameters=given)
    assert request.body == (
        b'{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}],"temperature":0,'
        b'"seed":4,"user":"u","logprobs":true,"top_logprobs":20,"max_tokens":41}'
    )
    assert [share.values for share in reply.shares] == [(1,), (0,)]
    assert reply.shares[0].log_p - reply.shares[1].log_p == pytest.approx(-2.2)


def test_a_choice_keeps_the_structure_that_was_asked_for() -> None:
    structured = Structured(mode="json", schema=ONLY)
    exchange = OpenAIWire().weigh(MODEL, Ask(messages=[], structured=structured), CHOICE)
    assert b'"response_format":{"type":"json_object"}' in next(exchange).body


def test_a_provider_that_leaves_log_probabilities_out_is_an_error() -> None:
    exchange = OpenAIWire().weigh(MODEL, Ask(messages=HI), CHOICE)
    next(exchange)
    with pytest.raises(UpstreamError, match=r"log_probabilities = false under \[models.main\]"):
        exchange.send(b'{"choices":[{"message":{"content":"{}"},"logprobs":null}]}')


def test_a_refusal_to_choose_is_a_refusal() -> None:
    _, reply = weighed({"message": {"content": None, "refusal": "no"}, "finish_reason": "stop"})
    assert (reply.refusal, reply.shares) == ("no", ())
