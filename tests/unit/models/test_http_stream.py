"""Streams over real sockets: when errors surface, what counts as an end, who closes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from models_loopback import (
    ASK,
    DONE,
    Loopback,
    Step,
    answer,
    asking,
    chunk,
    failure,
    loopback,
    run,
    stream,
    whole,
)

from roadworthy.core.errors import (
    UpstreamError,
    UpstreamRateLimited,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from roadworthy.models import Delta, connection, live_stream

GOOD = stream(chunk("hel"), chunk("lo"), chunk(finish="stop"), DONE)
BROKEN = 'data: {"error": {"message": "overloaded", "code": 503}}\n\n'


async def deltas_of(provider: Loopback, **fields: Any) -> list[Delta]:
    async with asking() as it, it.upstream.stream(provider.model(**fields), ASK) as deltas:
        return [delta async for batch in deltas for delta in batch]


def test_a_stream_arrives_piece_by_piece() -> None:
    async def scenario() -> None:
        async with loopback(GOOD) as provider:
            deltas = await deltas_of(provider)
        assert [delta.text for delta in deltas] == ["hel", "lo", ""]
        assert deltas[-1].stop_reason == "stop"
        assert b'"stream_options":{"include_usage":true}' in provider.requests[0].body

    run(scenario())


def test_the_connection_of_a_finished_stream_is_used_again() -> None:
    async def scenario() -> None:
        async with loopback(GOOD) as provider, asking() as it:
            for _ in range(3):
                async with it.upstream.stream(provider.model(), ASK) as deltas:
                    assert len([delta async for batch in deltas for delta in batch]) == 3
        assert provider.connections == 1

    run(scenario())


def test_an_error_status_is_raised_on_entering() -> None:
    async def scenario() -> None:
        async with loopback(failure(429)) as provider:
            with pytest.raises(UpstreamRateLimited) as caught:
                await deltas_of(provider)
        assert caught.value.retries == 2

    run(scenario())


@pytest.mark.parametrize(
    "first",
    [failure(503), stream(BROKEN), stream(": hi\n\n"), stream(complete=False, then="close")],
)
def test_what_fails_before_the_first_event_is_sent_again_and_counted(first: Step) -> None:
    async def scenario() -> None:
        async with loopback(first, GOOD) as provider:
            deltas = await deltas_of(provider)
        assert [delta.retries for delta in deltas] == [1, 0, 0]

    run(scenario())


def test_an_error_after_the_first_event_is_raised_where_it_comes() -> None:
    async def scenario() -> None:
        first = stream(chunk("hel"), then="hang", complete=False)
        async with loopback(first) as provider, asking() as it:
            async with it.upstream.stream(provider.model(timeout_s=0.05), ASK) as deltas:
                assert (await anext(deltas))[0].text == "hel"
                with pytest.raises(UpstreamTimeout):
                    await anext(deltas)
            await provider.dropped.wait()
        assert len(provider.requests) == 1

    run(scenario())


@pytest.mark.parametrize("complete", [True, False])
def test_an_end_without_a_finish_reason_is_an_error(complete: bool) -> None:
    async def scenario() -> None:
        cut = stream(chunk("hel"), then="close", complete=complete)
        async with loopback(cut) as provider:
            with pytest.raises(UpstreamUnavailable, match="ended early"):
                await deltas_of(provider)

    run(scenario())


@pytest.mark.parametrize("complete", [True, False])
def test_a_finish_reason_alone_is_an_end(complete: bool) -> None:
    async def scenario() -> None:
        short = stream(chunk("hello"), chunk(finish="stop"), then="close", complete=complete)
        async with loopback(short) as provider:
            assert len(await deltas_of(provider)) == 2

    run(scenario())


def test_a_server_that_never_closes_after_the_end_mark_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live_stream, "SETTLE_S", 0.01)

    async def scenario() -> None:
        lingering = stream(chunk("hello", "stop"), DONE, then="hang", complete=False)
        async with loopback(lingering) as provider:
            assert len(await deltas_of(provider)) == 1
            await provider.dropped.wait()

    run(scenario())


def test_leaving_early_drops_the_connection() -> None:
    async def scenario() -> None:
        open_ended = stream(chunk("hel"), chunk("lo"), then="hang", complete=False)
        async with loopback(open_ended) as provider, asking() as it:
            async with it.upstream.stream(provider.model(), ASK) as deltas:
                await anext(deltas)
            await provider.dropped.wait()
            assert [delta async for batch in deltas for delta in batch] == []

    run(scenario())


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


@pytest.mark.parametrize("sent", [b"", HEAD, HEAD + b": waiting\n\n"])
def test_cancelling_before_the_first_event_drops_the_connection(sent: bytes) -> None:
    async def scenario() -> None:
        async with loopback(Step(sent, "hang")) as provider:
            task = asyncio.create_task(deltas_of(provider))
            await provider.arrived.wait()
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await provider.dropped.wait()

    run(scenario())


def test_cancelling_between_events_drops_the_connection() -> None:
    async def scenario() -> None:
        reached = asyncio.Event()
        open_ended = stream(chunk("hel"), then="hang", complete=False)
        async with loopback(open_ended) as provider, asking() as it:

            async def consume() -> None:
                async with it.upstream.stream(provider.model(), ASK) as deltas:
                    async for _ in deltas:
                        reached.set()

            task = asyncio.create_task(consume())
            await reached.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await provider.dropped.wait()

    run(scenario())


def test_a_json_error_in_place_of_a_stream_is_that_error() -> None:
    async def scenario() -> None:
        async with loopback(failure(200, message="no such deployment")) as provider:
            with pytest.raises(UpstreamError, match="no such deployment"):
                await deltas_of(provider)

    run(scenario())


def test_a_whole_answer_in_place_of_a_stream_is_an_error() -> None:
    async def scenario() -> None:
        async with loopback(answer(200, whole())) as provider:
            with pytest.raises(UpstreamError, match="where a stream was asked"):
                await deltas_of(provider)

    run(scenario())


def test_a_stream_may_not_be_endless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MAX_ANSWER_BYTES", 1_000)

    async def scenario() -> None:
        async with loopback(stream(chunk("x" * 2_000), then="hang")) as provider:
            with pytest.raises(UpstreamError, match="larger"):
                await deltas_of(provider)
            await provider.dropped.wait()

    run(scenario())


def test_what_came_in_one_read_with_an_error_is_passed_on_before_it() -> None:
    async def scenario() -> None:
        async with loopback(stream(chunk("hel") + BROKEN)) as provider, asking() as it:
            seen: list[str] = []

            async def read() -> None:
                async with it.upstream.stream(provider.model(), ASK) as deltas:
                    async for batch in deltas:
                        seen.extend(delta.text for delta in batch)

            with pytest.raises(UpstreamUnavailable):
                await read()
        assert seen == ["hel"]

    run(scenario())
