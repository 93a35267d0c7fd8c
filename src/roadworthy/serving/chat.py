"""``POST /v1/chat/completions``: OpenAI's surface over the pipeline."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from roadworthy.core.errors import RoadworthyError
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
    first = True
    async with aclosing(stream.deltas) as deltas:
        try:
            async for delta in deltas:
                if delta.chunk is None and not delta.text and delta.stop_reason is None:
                    continue
                if delta.chunk is not None and not delta.chunk.get("choices"):
                    continue  # the provider's own usage chunk; ours follows, if asked for
                yield chunk_event(stream.call, delta, first=first)
                first = False
        except RoadworthyError as error:
            # A stream that merely ends looks like success to every client.
            yield error_event(error)
        else:
            if with_usage:
                yield usage_event(stream.call)
    yield DONE
