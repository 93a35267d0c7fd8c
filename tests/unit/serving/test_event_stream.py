from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pipelines import chat, pipeline_of
from roadworthy.serving.chat_response import ChatEvents
from roadworthy.serving.event_stream import EventStream
from roadworthy.testing import ScriptedUpstream

SCOPE: dict[str, Any] = {"type": "http", "headers": []}


async def never() -> dict[str, Any]:
    await asyncio.Event().wait()
    raise AssertionError


async def gone() -> dict[str, Any]:
    return {"type": "http.disconnect"}


def test_the_events_end_with_usage_and_done() -> None:
    async def scenario() -> None:
        pipeline, journal = pipeline_of(ScriptedUpstream(["Hello there!"]))
        sent: list[dict[str, Any]] = []

        async def send(message: Any) -> None:
            sent.append(message)

        stream = await pipeline.stream(chat(stream=True))
        told = ChatEvents(stream.call, with_usage=True)
        await EventStream(stream, told, {})(SCOPE, never, send)
        body = b"".join(message.get("body", b"") for message in sent)
        events = body.split(b"\n\n")
        assert events[-2:] == [b"data: [DONE]", b""]
        assert b'"usage":{"prompt_tokens":10' in events[-3]
        assert (b"content-type", b"text/event-stream; charset=utf-8") in sent[0]["headers"]
        assert [c.outcome for c in journal.calls] == ["unchecked"]

    asyncio.run(scenario())


@pytest.mark.parametrize("broken", [False, True])
def test_a_caller_who_is_gone_before_the_first_event_is_recorded(broken: bool) -> None:
    async def scenario() -> None:
        upstream = ScriptedUpstream(["Hello there!"])
        pipeline, journal = pipeline_of(upstream)

        async def send(_: Any) -> None:
            if broken:
                raise OSError("the connection is gone")
            await asyncio.Event().wait()

        stream = await pipeline.stream(chat(stream=True))
        response = EventStream(stream, ChatEvents(stream.call, with_usage=False), {})
        if broken:
            with pytest.raises(OSError, match="gone"):
                await response(SCOPE, never, send)
        else:
            await response(SCOPE, gone, send)
        assert [c.outcome for c in journal.calls] == ["cancelled"]
        assert (upstream.open_streams, pipeline.load.under_way) == (0, 0)

    asyncio.run(scenario())
