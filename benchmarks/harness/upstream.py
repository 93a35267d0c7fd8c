"""The canned upstream: answers chat completions from memory, far faster than any gateway asks.

Runs as a process of its own: ``python -m harness.upstream PORT``. A raw protocol, because the
figure of a gateway is only as good as the distance between it and what it is measured against.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import uvloop

from harness.canned import PACED_MODEL, answer, events

__all__ = ["EVENT_GAP_S", "Upstream", "chunked_stream", "serve"]

EVENT_GAP_S = 0.02
"""Between the events of a paced stream: 50 tokens a second."""

_BODY = answer()
_ANSWER = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(_BODY)
) + _BODY
_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)
_LAST_CHUNK = b"0\r\n\r\n"
_PACED = PACED_MODEL.encode()


def chunked_stream(*, usage: bool) -> tuple[bytes, ...]:
    """A whole HTTP answer, one part an event."""
    parts = [b"%x\r\n%b\r\n" % (len(event), event) for event in events(usage=usage)]
    return (_STREAM_HEAD + parts[0], *parts[1:-1], parts[-1] + _LAST_CHUNK)


_STREAMS = {usage: chunked_stream(usage=usage) for usage in (False, True)}


class Upstream(asyncio.Protocol):
    """One connection: whole requests in, canned bytes out, kept alive."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.buffer = b""
        self.transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        self.transport = cast("asyncio.WriteTransport", transport)

    def connection_lost(self, _exc: Exception | None) -> None:
        self.transport = None

    def data_received(self, data: bytes) -> None:
        self.buffer = self.buffer + data if self.buffer else data
        body = self._body()
        if body is None:
            return
        self.buffer = b""
        if b'"stream":true' in body or b'"stream": true' in body:
            usage = b'"include_usage":true' in body or b'"include_usage": true' in body
            self._send(_STREAMS[usage], 0, EVENT_GAP_S if _PACED in body else 0.0)
        elif self.transport is not None:
            self.transport.write(_ANSWER)

    def _body(self) -> bytes | None:
        """The request's body once it is complete. Requests are not pipelined by any client here."""
        head, separator, body = self.buffer.partition(b"\r\n\r\n")
        if not separator:
            return None
        lower = head.lower()
        at = lower.find(b"\r\ncontent-length:")
        if at >= 0:
            length = int(lower[at + 17 :].split(b"\r\n", 1)[0])
            return body if len(body) >= length else None
        if b"transfer-encoding: chunked" in lower:
            return body if body.endswith(_LAST_CHUNK) else None
        return body

    def _send(self, parts: tuple[bytes, ...], index: int, gap_s: float) -> None:
        """One event a turn of the loop, so that each is a write of its own."""
        if self.transport is None:
            return
        self.transport.write(parts[index])
        if index + 1 < len(parts):
            if gap_s:
                self.loop.call_later(gap_s, self._send, parts, index + 1, gap_s)
            else:
                self.loop.call_soon(self._send, parts, index + 1, gap_s)


async def serve(port: int) -> None:
    """Answers on this port of the loopback until it is ended."""
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
