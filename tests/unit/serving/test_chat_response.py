from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from pipelines import GOOD, chat, pipeline_of
from roadworthy.core import Usage
from roadworthy.models import Delta, Reply
from roadworthy.pipeline import CallRequest, Finished
from roadworthy.serving.chat_response import chat_body, chunk_event, usage_body
from roadworthy.testing import ScriptedUpstream

SCHEMA: dict[str, Any] = {"type": "object", "required": ["sentiment"]}


def finish(reply: Reply, request: CallRequest) -> Finished:
    return asyncio.run(pipeline_of(ScriptedUpstream([reply]))[0].run(request))


def reply_of(message: dict[str, Any], **fields: Any) -> Reply:
    choice = {"index": 0, "message": message, "finish_reason": "stop", "odd": 1}
    body = {"id": "up-1", "model": "m-1", "choices": [choice], "system_fingerprint": "fp"}
    text = message.get("content") or ""
    return Reply(text=text, stop_reason="stop", message=message, body=body, **fields)


def test_the_providers_own_fields_stay() -> None:
    body = chat_body(
        finish(reply_of({"role": "assistant", "content": "Hi", "audio": None}), chat())
    )
    assert (body["system_fingerprint"], body["model"]) == ("fp", "m-1")
    assert body["choices"][0]["odd"] == 1
    assert "audio" in body["choices"][0]["message"]


def test_a_repaired_answer_replaces_the_providers_text() -> None:
    reply = reply_of({"role": "assistant", "content": f"Sure: {GOOD}", "tool_calls": []})
    message = chat_body(finish(reply, chat(output_schema=SCHEMA)))["choices"][0]["message"]
    assert json.loads(message["content"]) == json.loads(GOOD)


def test_calls_of_tools_stay_beside_an_answer_that_conforms() -> None:
    calls = [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    message = {"role": "assistant", "content": f"Sure: {GOOD}", "tool_calls": calls}
    finished = finish(reply_of(message, tool_calls=calls), chat(output_schema=SCHEMA))
    shown = chat_body(finished)["choices"][0]["message"]
    assert shown["tool_calls"] == calls
    assert json.loads(shown["content"]) == json.loads(GOOD)


def test_choices_that_nothing_has_held_to_the_schema_are_left_out() -> None:
    other = {"index": 1, "message": {"content": '{"wrong": 1}'}, "finish_reason": "stop"}
    reply = reply_of({"role": "assistant", "content": GOOD})
    reply.body["choices"].insert(0, other)
    choices = chat_body(finish(reply, chat(output_schema=SCHEMA)))["choices"]
    assert [choice["message"]["content"] for choice in choices] == [GOOD]
    assert choices[0]["odd"] == 1
    assert len(chat_body(finish(reply, chat()))["choices"]) == 2


@pytest.mark.parametrize("refusal", [None, "", "I will not."])
def test_what_a_model_says_while_it_refuses_is_no_content(refusal: str | None) -> None:
    reply = Reply(text='{"wrong": 1}', stop_reason="refusal", refusal=refusal)
    message = chat_body(finish(reply, chat(output_schema=SCHEMA)))["choices"][0]["message"]
    assert message["content"] is None
    assert message["refusal"] == (refusal or '{"wrong": 1}')


@pytest.mark.parametrize(
    ("usage", "total"),
    [
        (Usage(), None),
        (Usage(input_tokens=3, output_tokens=4), 7),
        (Usage(output_tokens=4), 4),
    ],
)
def test_unreported_tokens_are_null_and_not_zero(usage: Usage, total: int | None) -> None:
    body = usage_body(usage)
    assert body["prompt_tokens"] == usage.input_tokens
    assert body["total_tokens"] == total


def test_a_chunks_own_fields_stay_and_its_first_names_the_role() -> None:
    call = finish(reply_of({"content": "Hi"}), chat()).call
    chunk = {"choices": [{"index": 0, "delta": {"content": "H", "odd": 1}}], "usage": None}
    event = chunk_event(call, Delta(text="H", chunk=chunk), first=True)
    shown = json.loads(event.removeprefix(b"data: "))
    assert shown["choices"][0]["delta"] == {"role": "assistant", "content": "H", "odd": 1}
    assert "usage" not in shown
