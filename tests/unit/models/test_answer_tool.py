"""Mode ``tool`` on its way back: arguments of a forced function as an answer's text."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from roadworthy.models import Delta, Reply, Structured
from roadworthy.models.openai_wire import OpenAIWire

TOOL = Structured(mode="tool", schema={"type": "object"}, name="answer")


def call(arguments: Any = '{"a":1}', name: str = "answer", **fields: Any) -> dict[str, Any]:
    return {"id": "c", "type": "function", "function": {"name": name, "arguments": arguments}} | (
        fields
    )


def reply(*calls: Any, content: Any = None, finish: str = "tool_calls") -> Reply:
    message = {"role": "assistant", "content": content, "tool_calls": list(calls), "x": 1}
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return OpenAIWire().decode(msgspec.json.encode({"choices": [choice]}), TOOL)


def test_the_arguments_are_the_answer_and_the_call_is_gone() -> None:
    answer = reply(call())
    assert (answer.text, answer.stop_reason, answer.tool_calls) == ('{"a":1}', "stop", [])
    assert answer.message == {"role": "assistant", "content": '{"a":1}', "x": 1}
    (choice,) = answer.body["choices"]
    assert (choice["message"], choice["finish_reason"]) == (answer.message, "stop")


def test_words_beside_the_call_are_no_part_of_the_answer() -> None:
    assert reply(call(), content="Here you are.").text == '{"a":1}'


def test_of_several_calls_the_first_of_our_function_counts() -> None:
    assert reply(call("{}", "other"), call(), call('{"a":2}')).text == '{"a":1}'


def test_arguments_that_came_as_an_object_are_its_json() -> None:
    assert reply(call({"a": 1})).text == '{"a":1}'


def test_without_a_call_the_words_are_the_answer() -> None:
    answer = reply(content='{"a": 1}', finish="stop")
    assert (answer.text, answer.stop_reason) == ('{"a": 1}', "stop")
    assert reply(call(name="other")).tool_calls != []


def test_a_cut_off_call_stays_cut_off() -> None:
    answer = reply(call('{"a":'), finish="length")
    assert (answer.text, answer.stop_reason) == ('{"a":', "length")


@pytest.mark.parametrize("broken", [None, {}, {"function": None}, {"function": {"name": "answer"}}])
def test_no_shape_of_call_breaks_it(broken: Any) -> None:
    assert reply(broken, content="x").text == "x"


def test_other_modes_leave_calls_alone() -> None:
    body = {"choices": [{"message": {"tool_calls": [call()]}, "finish_reason": "tool_calls"}]}
    answer = OpenAIWire().decode(msgspec.json.encode(body))
    assert (answer.text, answer.stop_reason, len(answer.tool_calls)) == ("", "tool_calls", 1)


def event(delta: dict[str, Any], finish: str | None = None) -> bytes:
    chunk = {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], "model": "m"}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def piece(arguments: str, **fields: Any) -> bytes:
    return event({"tool_calls": [{"index": 0, "function": {"arguments": arguments}} | fields]})


STREAM = b"".join(
    [
        event({"role": "assistant", "content": "Let me see."}),
        piece("", function={"name": "answer", "arguments": ""}, id="c", type="function"),
        piece('{"a"'),
        event({"tool_calls": [{"index": 1, "function": {"name": "x", "arguments": "{}"}}]}),
        piece(":1}"),
        event({}, "tool_calls"),
        b'data: {"choices":[],"usage":{"prompt_tokens":4,"completion_tokens":9}}\n\n',
        b"data: [DONE]\n\n",
    ]
)


def deltas(*pieces: bytes) -> list[Delta]:
    decoder = OpenAIWire().decoder(TOOL)
    return [delta for data in pieces for delta in decoder.feed(data)]


def test_a_stream_brings_the_arguments_as_text_piece_by_piece() -> None:
    found = deltas(STREAM)
    assert [delta.text for delta in found if delta.text] == ['{"a"', ":1}"]
    assert [delta.stop_reason for delta in found if delta.stop_reason] == ["stop"]
    assert found[-1].usage is not None
    for delta in found:
        assert b"tool_calls" not in msgspec.json.encode(delta)


def test_chunks_show_the_answer_where_other_modes_show_it() -> None:
    choices = [d.chunk["choices"][0] for d in deltas(STREAM) if d.chunk and d.chunk["choices"]]
    assert [c["delta"].get("content") for c in choices] == [None, None, '{"a"', None, ":1}", None]
    assert choices[0]["delta"]["role"] == "assistant"
    assert choices[-1]["finish_reason"] == "stop"


def test_one_cut_anywhere_changes_nothing() -> None:
    whole = deltas(STREAM)
    for cut in range(len(STREAM) + 1):
        assert deltas(STREAM[:cut], STREAM[cut:]) == whole


def test_a_stream_without_a_call_ends_with_its_words() -> None:
    found = deltas(event({"content": '{"a"'}), event({"content": ":1}"}), event({}, "stop"))
    assert [delta.text for delta in found] == ["", "", '{"a":1}']
    assert found[-1].stop_reason == "stop"
