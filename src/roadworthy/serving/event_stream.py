"""A call that flows, as server-sent events.

Not Starlette's `StreamingResponse`: that one drops its iterator unclosed when the caller goes
away before the first event, which would leave an open connection and an unrecorded call.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from roadworthy.core.errors import RoadworthyError
from roadworthy.models import Delta
from roadworthy.pipeline import CallStream
from roadworthy.serving.chat_response import DONE, chunk_event, error_event, usage_event
from roadworthy.serving.guard import run_unless_gone

__all__ = ["EventStream"]

_HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}


class EventStream(Response):
    """Sends the call's events, and ends the call however the sending ends."""

    media_type = "text/event-stream"

    def __init__(self, stream: CallStream, headers: dict[str, str], *, with_usage: bool) -> None:
        self.status_code = 200
        self.background = None
        self.body = b""
        self.init_headers(headers | _HEADERS)
        self._stream = stream
        self._with_usage = with_usage

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
        async for data in self._events():
            await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _events(self) -> AsyncIterator[bytes]:
        """Those that came together leave together, in one write."""
        call, first = self._stream.call, True
        try:
            async for batch in self._stream.deltas:
                shown = [delta for delta in batch if _is_shown(delta)]
                if shown:
                    head = chunk_event(call, shown[0], first=first)
                    first = False
                    yield b"".join((head, *(chunk_event(call, d, first=False) for d in shown[1:])))
        except RoadworthyError as error:
            # A stream that merely ends looks like success to every client.
            yield error_event(error) + DONE
            return
        yield usage_event(call) + DONE if self._with_usage else DONE


def _is_shown(delta: Delta) -> bool:
    if delta.chunk is None:
        return bool(delta.text) or delta.stop_reason is not None
    return bool(delta.chunk.get("choices"))  # else the provider's own usage; ours follows
