"""``POST /v1/chat/completions``: OpenAI's surface over the pipeline."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from roadworthy.core.errors import RoadworthyError
from roadworthy.models import Delta
from roadworthy.pipeline import CallStream, Pipeline
from roadworthy.serving.body import decode_object, read_body
from roadworthy.serving.chat_request import parse_chat_request
from roadworthy.serving.chat_response import (
    DONE,
    chat_body,
    chunk_event,
    error_event,
    usage_event,
)
from roadworthy.serving.errors import call_headers, json_response
from roadworthy.serving.guard import CLIENT_GONE, Endpoint, run_unless_gone

__all__ = ["chat_endpoint"]

_STREAM_HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}


def chat_endpoint(pipeline: Pipeline, max_body_bytes: Callable[[], int]) -> Endpoint:
    async def chat(request: Request, request_id: str) -> Response:
        body = decode_object(await read_body(request, max_body_bytes()))
        wish = parse_chat_request(body, request.headers)
        if wish.stream:
            stream = await run_unless_gone(request, pipeline.stream(wish))
            if stream is None:
                return Response(status_code=CLIENT_GONE)
            options = body.get("stream_options")
            with_usage = isinstance(options, dict) and options.get("include_usage") is True
            return StreamingResponse(
                _events(stream, with_usage=with_usage),
                headers=call_headers(request_id, stream.call.id) | _STREAM_HEADERS,
                media_type="text/event-stream",
            )
        finished = await run_unless_gone(request, pipeline.run(wish))
        if finished is None:
            return Response(status_code=CLIENT_GONE)
        if finished.error is not None:
            raise finished.error
        headers = call_headers(request_id, finished.call.id, finished.call.outcome)
        return json_response(chat_body(finished), headers)

    return chat


async def _events(stream: CallStream, *, with_usage: bool) -> AsyncIterator[bytes]:
    """Server-sent events; those that came together leave together, in one write."""
    first = True
    async with aclosing(stream.deltas) as batches:
        try:
            async for batch in batches:
                shown = [delta for delta in batch if _is_shown(delta)]
                if shown:
                    head = chunk_event(stream.call, shown[0], first=first)
                    first = False
                    rest = (chunk_event(stream.call, d, first=False) for d in shown[1:])
                    yield b"".join((head, *rest))
        except RoadworthyError as error:
            # A stream that merely ends looks like success to every client.
            yield error_event(error)
            yield DONE
            return
    yield usage_event(stream.call) + DONE if with_usage else DONE


def _is_shown(delta: Delta) -> bool:
    if delta.chunk is None:
        return bool(delta.text) or delta.stop_reason is not None
    return bool(delta.chunk.get("choices"))  # else the provider's own usage; ours follows
