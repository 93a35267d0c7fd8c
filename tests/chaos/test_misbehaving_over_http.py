"""The same misbehaviour over real connections: resets, silence and half bodies included."""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from roadworthy.core.errors import UpstreamTimeout
from roadworthy.models import Ask, Delta, HttpUpstream, Model, Reply, Structured
from roadworthy.testing.misbehaviour import WAYS, Exchange, Question

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
MODEL = Model(name="m", provider="openai-compatible", upstream="m")


@pytest.fixture(scope="module")
def misbehaving() -> Iterator[Any]:
    sys.path.insert(0, str(BENCHMARKS))
    yield importlib.import_module("harness.misbehaving")
    sys.path.remove(str(BENCHMARKS))


class Provider:
    """Answers HTTP requests, each in another way; afterwards the connection is closed."""

    def __init__(self, *, seed: int, honest_share: float) -> None:
        self.rng = Random(seed)
        self.honest_share = honest_share
        self.answer: Callable[[Model, Ask], Any] = lambda model, ask: None
        self.met: list[str] = []

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            body = await self._read(reader)
            exchange = self._exchange(body)
            if isinstance(exchange.error, UpstreamTimeout):
                await reader.read()  # until whoever asks gives up
            elif exchange.error is not None:
                writer.transport.abort()
            else:
                await self._write(writer, exchange, stream=bool(body.get("stream")))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> dict[str, Any]:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        body: dict[str, Any] = json.loads(await reader.readexactly(length))
        return body

    def _exchange(self, body: dict[str, Any]) -> Exchange:
        strict = body.get("response_format", {}).get("json_schema")
        structured = Structured(mode="strict", schema=strict["schema"]) if strict else None
        ask = Ask(messages=body["messages"], structured=structured)
        question = Question(rng=self.rng, value=self.answer(MODEL, ask))
        if self.rng.random() < self.honest_share:
            self.met.append("honest")
            return Exchange(text=question.text)
        name = self.rng.choice(list(WAYS))
        self.met.append(name)
        return WAYS[name](question)

    async def _write(
        self, writer: asyncio.StreamWriter, exchange: Exchange, *, stream: bool
    ) -> None:
        as_events = stream and exchange.body is None
        data = exchange.events(self.rng) if as_events else exchange.whole()
        kind = "text/event-stream" if as_events else "application/json"
        if data.startswith(b"<"):
            kind = "text/html"
        head = f"HTTP/1.1 {exchange.status} X\r\ncontent-type: {kind}\r\nconnection: close\r\n"
        if not as_events:
            promised = len(data) + (10 if self.met[-1] == "body_cut_off" else 0)
            head += f"content-length: {promised}\r\n"
        writer.write(head.encode() + b"\r\n")
        while data:
            size = self.rng.choice((1, 50, 1_000, 10_000))
            writer.write(data[:size])
            data = data[size:]
            await writer.drain()


class OverHttp:
    """The real upstream, with the names of what the provider at its other end did."""

    def __init__(self, provider: Provider, http: HttpUpstream) -> None:
        self.met = provider.met
        self._http = http

    async def send(self, model: Model, ask: Ask) -> Reply:
        return await self._http.send(model, ask)

    def stream(
        self, model: Model, ask: Ask
    ) -> AbstractAsyncContextManager[AsyncIterator[list[Delta]]]:
        return self._http.stream(model, ask)

    async def close(self) -> None:
        await self._http.close()


@asynccontextmanager
async def serving(provider: Provider) -> AsyncIterator[str]:
    server = await asyncio.start_server(provider.handle, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        server.close()


async def at_once(_: float) -> None:
    """No pause between attempts."""


def test_over_real_connections_too_nothing_that_does_not_conform_is_delivered(
    misbehaving: Any,
) -> None:
    async def scenario() -> Any:
        provider = Provider(seed=11, honest_share=misbehaving.HONEST_SHARE)
        http = HttpUpstream(environ={}, sleep=at_once)

        def connect(answer: Callable[[Model, Ask], Any]) -> OverHttp:
            provider.answer = answer
            return OverHttp(provider, http)

        async with serving(provider) as base_url:
            tally = await misbehaving.run_calls(1_000, seed=11, connect=connect, base_url=base_url)
            await http.close()
        return tally

    tally = asyncio.run(scenario())
    assert tally.problems == []
    assert sum(tally.outcomes.values()) == 1_000
    assert len(tally.ways) > 80
    errors: Counter[str] = tally.errors
    assert {"UpstreamTimeout", "UpstreamUnavailable", "UpstreamRejected"} <= errors.keys()
