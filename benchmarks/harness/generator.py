"""A load generator of streams: raw sockets on uvloop, so that it costs less than what it measures.

Runs as a process of its own, ``python -m harness.generator``: a plan as JSON on standard input,
figures as JSON on standard output. Each connection sends its next request when the answer to its
last is whole. A stream counts only if every piece of the text and the end marker arrived.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

import uvloop

from harness.canned import WORD, WORDS

__all__ = ["Caller", "Tally", "dechunk", "is_whole_stream", "run"]

DRAIN_S = 10.0
"""After the time is up, for answers that are under way."""
_LAST_CHUNK = b"0\r\n\r\n"


@dataclass
class Tally:
    """What all connections saw together."""

    until: float
    latencies_ms: list[float] = field(default_factory=list)
    first_events_ms: list[float] = field(default_factory=list)
    errors: int = 0
    ended: float = 0.0


def dechunk(body: bytes) -> bytes:
    """The payload of a chunked body."""
    pieces: list[bytes] = []
    at = 0
    while True:
        line_end = body.index(b"\r\n", at)
        size = int(body[at:line_end].split(b";")[0], 16)
        if size == 0:
            return b"".join(pieces)
        at = line_end + 2
        pieces.append(body[at : at + size])
        at += size + 2


def is_whole_stream(payload: bytes) -> bool:
    """Whether every word of the canned text and the end of the stream are there."""
    return payload.count(WORD) == WORDS and b"[DONE]" in payload


class Caller(asyncio.Protocol):
    """One connection that asks again and again."""

    def __init__(self, request: bytes, tally: Tally, *, stream: bool) -> None:
        self.request, self.tally, self.stream = request, tally, stream
        self.closed = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None
        self.buffer = bytearray()
        self.sent_at = 0.0
        self.first_event_at: float | None = None
        self.waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._ask()

    def connection_lost(self, _exc: Exception | None) -> None:
        if self.waiting:
            self.tally.errors += 1
        if not self.closed.done():
            self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        if self.stream and self.first_event_at is None and b"data:" in data:
            self.first_event_at = now
        self.buffer += data
        payload = self._payload()
        if payload is None:
            return
        self._count(payload, now)
        self.waiting = False
        if now < self.tally.until:
            self._ask()
        elif self.transport is not None:
            self.transport.close()

    def _ask(self) -> None:
        assert self.transport is not None
        self.buffer.clear()
        self.first_event_at = None
        self.waiting = True
        self.sent_at = time.perf_counter()
        self.transport.write(self.request)

    def _payload(self) -> bytes | None:
        """The body once the answer is whole."""
        head_end = self.buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return None
        head = bytes(self.buffer[:head_end]).lower()
        if b"transfer-encoding: chunked" in head:
            if not self.buffer.endswith(_LAST_CHUNK):
                return None
            return dechunk(bytes(self.buffer[head_end + 4 :]))
        length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0] or 0)
        body = bytes(self.buffer[head_end + 4 :])
        return body if len(body) >= length else None

    def _count(self, payload: bytes, now: float) -> None:
        good = self.buffer.startswith(b"HTTP/1.1 200")
        if good and self.stream:
            good = is_whole_stream(payload)
        self.tally.ended = now
        if not good:
            self.tally.errors += 1
            return
        self.tally.latencies_ms.append((now - self.sent_at) * 1e3)
        if self.first_event_at is not None:
            self.tally.first_events_ms.append((self.first_event_at - self.sent_at) * 1e3)


def _bytes_of(plan: dict[str, Any]) -> bytes:
    url = urlsplit(plan["url"])
    body: bytes = plan["body"].encode()
    headers = plan["headers"] | {"host": url.netloc, "content-length": str(len(body))}
    lines = [f"POST {url.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def _keep_asking(plan: dict[str, Any], tally: Tally) -> None:
    """One connection until the time is up; a lost one is opened again, ten times a second."""
    url, request = urlsplit(plan["url"]), _bytes_of(plan)
    loop = asyncio.get_running_loop()
    while time.perf_counter() < tally.until:
        try:
            _, caller = await loop.create_connection(
                lambda: Caller(request, tally, stream=plan["stream"]), url.hostname, url.port
            )
        except OSError:
            tally.errors += 1
        else:
            await caller.closed
        if time.perf_counter() < tally.until:
            await asyncio.sleep(0.1)


async def run(plan: dict[str, Any]) -> dict[str, Any]:
    """The figures of one plan: `harness.load.Load` as a dict."""
    began = time.perf_counter()
    tally = Tally(until=began + plan["seconds"])
    callers = [asyncio.create_task(_keep_asking(plan, tally)) for _ in range(plan["connections"])]
    _, late = await asyncio.wait(callers, timeout=plan["seconds"] + DRAIN_S)
    for caller in late:
        caller.cancel()
    latencies = sorted(tally.latencies_ms) or [0.0]
    return {
        "calls": len(tally.latencies_ms),
        "errors": tally.errors + len(late),
        "seconds": max(tally.ended, tally.until) - began,
        "p50_ms": statistics.median(latencies),
        "p99_ms": latencies[int(len(latencies) * 0.99)] if len(latencies) > 1 else latencies[0],
        "first_event_ms": (
            statistics.median(tally.first_events_ms) if tally.first_events_ms else None
        ),
    }


if __name__ == "__main__":
    print(json.dumps(uvloop.run(run(json.load(sys.stdin)))))
