"""A provider on loopback that answers from a script, and an upstream that asks it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from roadworthy.models import Ask, HttpUpstream, Model, Secret

T = TypeVar("T")
KEY = "sk-loopback-0123456789"
ASK = Ask(messages=[{"role": "user", "content": "hi"}])


def run(scenario: Coroutine[Any, Any, T]) -> T:
    """Run to the end; a scenario that hangs fails."""

    async def bounded() -> T:
        async with asyncio.timeout(10):
            return await scenario

    return asyncio.run(bounded())


@dataclass
class Step:
    """What is sent in answer to one request, and what follows it."""

    payload: bytes
    then: Literal["keep", "close", "hang"] = "keep"


@dataclass
class Request:
    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Loopback:
    """Each request takes the next step of the script; the last step answers all that follow."""

    steps: list[Step]
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    url: str = ""
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    dropped: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the client closes a connection on which a step hangs."""

    def model(self, **fields: Any) -> Model:
        facts = {"provider": "openai-compatible", "base_url": self.url, **fields}
        return Model(name="m", upstream="m-1", api_key=Secret(env="KEY"), **facts)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while request := await _read_request(reader):
                self.requests.append(request)
                step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
                writer.write(step.payload)
                await writer.drain()
                self.arrived.set()
                if step.then == "hang":
                    await reader.read()
                    self.dropped.set()
                if step.then != "keep":
                    break
        except ConnectionError:
            self.dropped.set()
        finally:
            writer.close()


@asynccontextmanager
async def loopback(*steps: Step) -> AsyncIterator[Loopback]:
    provider = Loopback(list(steps))
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0)
    provider.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield provider
    finally:
        server.close()


@dataclass
class Asking:
    """An upstream whose waits are noted instead of slept."""

    upstream: HttpUpstream
    waits: list[float]


@asynccontextmanager
async def asking(**options: Any) -> AsyncIterator[Asking]:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    facts = {"environ": {"KEY": KEY}, "jitter": lambda: 0.0, "sleep": sleep, **options}
    upstream = HttpUpstream(**facts)
    try:
        yield Asking(upstream, waits)
    finally:
        await upstream.close()


def whole(text: str = "hello", **fields: Any) -> dict[str, Any]:
    """A chat completion."""
    message = {"role": "assistant", "content": text}
    return {
        "model": "m-1-2026",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 5},
        **fields,
    }


def answer(status: int, payload: Any, *headers: str) -> Step:
    body = json.dumps(payload).encode()
    head = [f"HTTP/1.1 {status} X", "Content-Type: application/json", *headers]
    return Step("\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode() + body)


def failure(status: int, *headers: str, message: str = "no", **fields: Any) -> Step:
    return answer(status, {"error": {"message": message, **fields}}, *headers)


def chunk(text: str | None = None, finish: str | None = None, **fields: Any) -> str:
    """One event of a stream."""
    delta = {} if text is None else {"content": text}
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return f"data: {json.dumps({'model': 'm-1', 'choices': choices, **fields})}\n\n"


DONE = "data: [DONE]\n\n"


def stream(
    *events: str, then: Literal["keep", "close", "hang"] = "keep", complete: bool = True
) -> Step:
    """A stream of events; one that is not complete lacks HTTP's own end mark."""
    head = "HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    pieces = "".join(f"{len(event.encode()):x}\r\n{event}\r\n" for event in events)
    return Step((head + pieces + ("0\r\n\r\n" if complete else "")).encode(), then)


async def _read_request(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return None
    line, *rest = head.rstrip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (row.partition(": ") for row in rest)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(line, headers, body)
