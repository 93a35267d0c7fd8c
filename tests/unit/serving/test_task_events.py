from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from pipelines import GOOD, chat, pipeline_of
from roadworthy.core.errors import InvalidRequest
from roadworthy.pipeline import CallRequest
from roadworthy.serving.event_stream import EventStream
from roadworthy.serving.task import TaskEvents, parse_task_request
from roadworthy.testing import ScriptedUpstream

SCOPE: dict[str, Any] = {"type": "http", "headers": []}


async def events_of(answer: str, request: CallRequest) -> list[tuple[str, Any]]:
    pipeline, _ = pipeline_of(ScriptedUpstream([answer]))
    sent: list[bytes] = []

    async def send(message: Any) -> None:
        sent.append(message.get("body", b""))

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    stream = await pipeline.stream(request)
    await EventStream(stream, TaskEvents(stream.call), {})(SCOPE, receive, send)
    blocks = b"".join(sent).decode().strip().split("\n\n")
    lines = [block.removeprefix("event: ").partition("\ndata: ") for block in blocks]
    return [(name, json.loads(data)) for name, _, data in lines]


SCHEMA = {"type": "object", "properties": {"sentiment": {"type": "string"}}}


def test_a_stream_is_the_call_its_texts_and_the_answer() -> None:
    request = chat(stream=True, output_schema=SCHEMA)
    (_, call), *texts, (last, answer) = asyncio.run(events_of(GOOD, request))
    assert call["form"] == "json"
    assert {name for name, _ in texts} == {"text"}
    assert json.loads("".join(data["text"] for _, data in texts)) == answer["value"]
    assert (last, answer["outcome"], answer["call"]) == ("answer", "first_pass", call["call"])


def test_a_stream_that_breaks_off_ends_in_an_error() -> None:
    looping = '{"sentiment": "' + "so " * 2_000
    events = asyncio.run(events_of(looping, chat(stream=True, output_schema=SCHEMA)))
    name, told = events[-1]
    assert (name, told["status"], told["outcome"]) == ("error", 422, "failed")
    assert told["error"]["code"] == "output_nonconforming"
    assert "answer" not in {name for name, _ in events}


def test_free_text_says_so() -> None:
    (_, call), *_ = asyncio.run(events_of("Hello.", chat(stream=True)))
    assert call["form"] == "text"


def test_stream_is_true_or_false() -> None:
    assert parse_task_request("triage", {"stream": True}).stream
    assert not parse_task_request("triage", {}).stream
    with pytest.raises(InvalidRequest, match="stream"):
        parse_task_request("triage", {"stream": "yes"})
