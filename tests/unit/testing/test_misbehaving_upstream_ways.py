"""Each way of misbehaving does what its name says, whole and streamed, and is told by its seed."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from roadworthy.core.errors import UpstreamError, UpstreamRateLimited, UpstreamTimeout
from roadworthy.models import Ask, Model, Reply
from roadworthy.testing import MisbehavingUpstream
from roadworthy.testing.misbehaviour import WAYS

VALUE: dict[str, Any] = {"name": "tea", "price": 4.5, "tags": ["green"], "sold": False}
MODEL = Model(
    name="m", provider="openai-compatible", upstream="m", base_url="http://127.0.0.1:9/v1"
)
ASK = Ask(messages=[{"role": "user", "content": "Say it."}])


def upstream(*ways: str, seed: int = 0, honest_share: float = 0.0) -> MisbehavingUpstream:
    return MisbehavingUpstream(
        lambda model, ask: VALUE, seed=seed, ways=ways or tuple(WAYS), honest_share=honest_share
    )


def send(*ways: str, seed: int = 0) -> Reply:
    return asyncio.run(upstream(*ways, seed=seed).send(MODEL, ASK))


async def streamed(source: MisbehavingUpstream) -> str:
    async with source.stream(MODEL, ASK) as deltas:
        return "".join([delta.text async for batch in deltas for delta in batch])


def outcome_of(source: MisbehavingUpstream, *, stream: bool) -> str:
    try:
        if stream:
            return asyncio.run(streamed(source))
        return asyncio.run(source.send(MODEL, ASK)).text
    except UpstreamError as error:
        return f"{type(error).__name__}: {error.message}"


def test_there_are_at_least_40_ways_and_each_says_what_it_is() -> None:
    assert len(WAYS) >= 40
    assert all(way.__doc__ and way.__doc__.endswith(".") for way in WAYS.values())


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_every_way_brings_an_answer_or_an_error_of_the_providers(way: str, stream: bool) -> None:
    outcomes = [outcome_of(upstream(way, seed=seed), stream=stream) for seed in range(8)]
    again = [outcome_of(upstream(way, seed=seed), stream=stream) for seed in range(8)]
    assert outcomes == again


def test_an_honest_answer_is_the_value_whole_and_streamed() -> None:
    source = upstream(honest_share=1.0)
    reply = asyncio.run(source.send(MODEL, ASK))
    assert (json.loads(reply.text), reply.stop_reason) == (VALUE, "stop")
    assert json.loads(asyncio.run(streamed(source))) == VALUE
    assert source.met == ["honest", "honest"]


def test_the_ways_met_are_named_in_order() -> None:
    source = upstream("fenced", "nulls", seed=3)
    for _ in range(6):
        asyncio.run(source.send(MODEL, ASK))
    assert len(source.met) == 6
    assert set(source.met) == {"fenced", "nulls"}


@pytest.mark.parametrize(
    ("way", "error"), [("rate_limited", UpstreamRateLimited), ("times_out", UpstreamTimeout)]
)
def test_failures_of_the_transport_are_raised_as_in_service(
    way: str, error: type[UpstreamError]
) -> None:
    with pytest.raises(error):
        send(way)
    with pytest.raises(error):
        asyncio.run(streamed(upstream(way)))


@pytest.mark.parametrize(
    "way", ["stream_stops", "stream_unfinished", "stream_broken", "stream_error"]
)
def test_a_broken_stream_is_an_error_and_no_short_answer(way: str) -> None:
    with pytest.raises(UpstreamError):
        asyncio.run(streamed(upstream(way)))


def test_some_ways_by_what_comes() -> None:
    assert send("fenced").text.startswith("```")
    assert send("content_filter").stop_reason == "content_filter"
    assert send("refusal_field").refusal
    assert send("tool_call_instead_of_text").tool_calls
    assert send("said_to_be_cut").stop_reason == "length"
    assert json.loads(send("byte_order_mark").text.strip("\ufeff\0\u200b")) == VALUE
    assert json.loads(send("missing_field").text) != VALUE
