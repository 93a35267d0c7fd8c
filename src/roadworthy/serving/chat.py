"""``POST /v1/chat/completions``: OpenAI's surface over the pipeline."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from roadworthy.pipeline import Pipeline
from roadworthy.serving.body import decode_object, read_body
from roadworthy.serving.chat_request import parse_chat_request
from roadworthy.serving.chat_response import ChatEvents, chat_body
from roadworthy.serving.errors import call_headers, json_response
from roadworthy.serving.event_stream import EventStream
from roadworthy.serving.guard import CLIENT_GONE, Endpoint, run_unless_gone

__all__ = ["chat_endpoint"]


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
            events = ChatEvents(stream.call, with_usage=with_usage)
            return EventStream(stream, events, call_headers(request_id, stream.call, ended=False))
        finished = await run_unless_gone(request, pipeline.run(wish))
        if finished is None:
            return Response(status_code=CLIENT_GONE)
        if finished.error is not None:
            raise finished.error
        headers = call_headers(request_id, finished.call, ended=True)
        return json_response(chat_body(finished), headers)

    return chat
