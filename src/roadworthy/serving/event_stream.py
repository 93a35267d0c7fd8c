"""A call that flows, as server-sent events.

Not Starlette's `StreamingResponse`: that one drops its iterator unclosed when the caller goes
away before the first event, which would leave an open connection and an unrecorded call.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from roadworthy.core.errors import RoadworthyError
from roadworthy.models import Delta
from roadworthy.pipeline import CallStream
from roadworthy.serving.guard import run_unless_gone

__all__ = ["EventStream", "Events"]

_HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}


class Events(Protocol):
    """How one surface writes a call's events."""

    def begin(self) -> bytes:
        """What comes before the answer; may be empty."""
        ...

    def deltas(self, batch: list[Delta]) -> bytes:
        """Those that came together leave together, in one write; may be empty."""
        ...

    def end(self) -> bytes:
        """What follows a whole answer."""
        ...

    def error(self, error: RoadworthyError) -> bytes:
        """What follows where the answer breaks off: a mere end looks like success."""
        ...


class EventStream(Response):
    """Sends the call's events, and ends the call however the sending ends."""

    media_type = "text/event-stream"

    def __init__(self, stream: CallStream, events: Events, headers: dict[str, str]) -> None:
        self.status_code = 200
        self.background = None
        self.body = b""
        self.init_headers(headers | _HEADERS)
        self._stream = stream
        self._events = events

    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:
        """Starlette's, without a length: that of a stream is not known."""
        super().init_headers(headers)
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await run_unless_gone(Request(scope, receive), self._send_all(send))
        finally:
            await self._stream.deltas.aclose()

    async def _send_all(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        async for data in self._written():
            if data:
                await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _written(self) -> AsyncIterator[bytes]:
        events = self._events
        yield events.begin()
        try:
            async for batch in self._stream.deltas:
                yield events.deltas(batch)
        except RoadworthyError as error:
            yield events.error(error)
            return
        yield events.end()
