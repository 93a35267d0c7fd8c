from __future__ import annotations

import asyncio
import json

import pytest

from pipelines import GOOD, chat, pipeline_of, triage
from roadworthy.core import RecordSettings
from roadworthy.core.errors import JournalUnavailable, OutputNonconforming, UpstreamUnavailable
from roadworthy.models import Delta, Reply
from roadworthy.pipeline import CallStream
from roadworthy.testing import MemoryJournal, ScriptedUpstream


async def collect(stream: CallStream) -> list[Delta]:
    return [delta async for batch in stream.deltas for delta in batch]


def test_a_plain_answer_flows_and_is_recorded_before_its_last_event() -> None:
    async def scenario() -> None:
        pipeline, journal = pipeline_of(ScriptedUpstream(["Hello there!"]))
        stream = await pipeline.stream(chat(stream=True))
        seen = ""
        async for batch in stream.deltas:
            seen += "".join(delta.text for delta in batch)
            last = any(delta.stop_reason or delta.usage for delta in batch)
            assert len(journal.calls) == last
        (call,) = journal.calls
        assert seen == call.value == "Hello there!"
        assert (call.outcome, call.stream) == ("unchecked", True)
        assert call.usage.output_tokens
        assert call.attempts[0].first_token_us is not None

    asyncio.run(scenario())


def test_an_answer_with_a_schema_is_streamed_once_it_conforms() -> None:
    async def scenario() -> None:
        pipeline, journal = pipeline_of(ScriptedUpstream([f"Sure: {GOOD}"]))
        stream = await pipeline.stream(triage(stream=True))
        assert [c.outcome for c in journal.calls] == ["repaired"]
        text = "".join(delta.text for delta in await collect(stream))
        assert json.loads(text) == json.loads(GOOD)

    asyncio.run(scenario())


def test_a_stream_that_fails_before_its_first_event_raises() -> None:
    async def scenario() -> None:
        pipeline, journal = pipeline_of(ScriptedUpstream([UpstreamUnavailable()]))
        with pytest.raises(UpstreamUnavailable):
            await pipeline.stream(chat(stream=True))
        assert [c.outcome for c in journal.calls] == ["errored"]
        assert pipeline.load.under_way == 0

    asyncio.run(scenario())


@pytest.mark.parametrize("read_first", [0, 1, 2])
def test_a_caller_who_goes_away_ends_the_upstream_and_is_recorded(read_first: int) -> None:
    async def scenario() -> None:
        upstream = ScriptedUpstream(["Hello there, stranger!"])
        pipeline, journal = pipeline_of(upstream)
        stream = await pipeline.stream(chat(stream=True))
        for _ in range(read_first):
            await anext(stream.deltas)
        await stream.deltas.aclose()
        assert upstream.open_streams == 0
        assert [c.outcome for c in journal.calls] == ["cancelled"]
        assert journal.calls[0].value == "Hello there, stranger!"[: 4 * read_first]

    asyncio.run(scenario())


def test_a_caller_cancelled_while_waiting_for_a_piece_is_recorded() -> None:
    async def scenario() -> None:
        upstream = ScriptedUpstream(["Hello there!"], hold=asyncio.Event())
        pipeline, journal = pipeline_of(upstream)
        stream = await pipeline.stream(chat(stream=True))
        task = asyncio.create_task(collect(stream))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert upstream.open_streams == 0
        assert [c.outcome for c in journal.calls] == ["cancelled"]

    asyncio.run(scenario())


def test_closing_a_finished_stream_changes_nothing() -> None:
    async def scenario() -> None:
        pipeline, journal = pipeline_of(ScriptedUpstream(["Hello!"]))
        stream = await pipeline.stream(chat(stream=True))
        await collect(stream)
        await stream.deltas.aclose()
        assert [c.outcome for c in journal.calls] == ["unchecked"]

    asyncio.run(scenario())


def test_a_streamed_answer_that_never_conforms_raises_before_anything_is_sent() -> None:
    async def scenario() -> None:
        pipeline, journal = pipeline_of(ScriptedUpstream(["no idea"]))
        with pytest.raises(OutputNonconforming):
            await pipeline.stream(triage(stream=True))
        assert [c.outcome for c in journal.calls] == ["failed"]

    asyncio.run(scenario())


def test_a_stream_that_cannot_be_recorded_breaks_off_where_the_project_says_refuse() -> None:
    async def scenario() -> None:
        full = MemoryJournal()
        full.full = True
        refuse = RecordSettings(when_full="refuse")
        pipeline, _ = pipeline_of(ScriptedUpstream(["Hello!"]), journal=full, record=refuse)
        stream = await pipeline.stream(chat(stream=True))
        with pytest.raises(JournalUnavailable):
            await collect(stream)
        assert (full.lost, pipeline.load.under_way) == (1, 0)

    asyncio.run(scenario())


def test_calls_of_the_callers_tools_are_streamed_where_a_schema_was_given() -> None:
    async def scenario() -> None:
        call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
        reply = Reply(tool_calls=[call], stop_reason="tool_calls")
        pipeline, journal = pipeline_of(ScriptedUpstream([reply]))
        offered = {"tools": [{"type": "function", "function": {"name": "look"}}]}
        request = chat(stream=True, output_schema={"type": "object"}, parameters=offered)
        stream = await pipeline.stream(request)
        first, last = await collect(stream)
        assert first.chunk is not None
        assert first.chunk["choices"][0]["delta"]["tool_calls"] == [{"index": 0, **call}]
        assert last.stop_reason == "tool_calls"
        assert [c.outcome for c in journal.calls] == ["unchecked"]

    asyncio.run(scenario())
