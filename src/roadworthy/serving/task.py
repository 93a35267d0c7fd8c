"""``POST /v1/tasks/{task}``: typed input, typed value; whole, or as a stream of events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from roadworthy.core import NUSD_PER_USD, Call
from roadworthy.core.errors import InvalidRequest, RoadworthyError
from roadworthy.models import Delta
from roadworthy.pipeline import TASK_PREFIX, CallRequest, Pipeline
from roadworthy.serving.body import decode_object, read_body
from roadworthy.serving.chat_request import read_timeout_s
from roadworthy.serving.errors import call_headers, error_body, json_response
from roadworthy.serving.event_stream import EventStream
from roadworthy.serving.guard import CLIENT_GONE, Endpoint, run_unless_gone
from roadworthy.serving.operator import hear_operator, take_resume

__all__ = ["TaskEvents", "parse_task_request", "task_body", "task_endpoint"]

_FIELDS = ("input", "stream", "conversation_id", "unit", "timeout_s")


def task_endpoint(pipeline: Pipeline, max_body_bytes: Callable[[], int]) -> Endpoint:
    async def run_task(request: Request, request_id: str) -> Response:
        body = decode_object(await read_body(request, max_body_bytes()))
        resume = take_resume(body, request.headers)
        wish = parse_task_request(request.path_params["task"], body)
        wish.timeout_s = wish.timeout_s or read_timeout_s(request.headers)
        token = pipeline.state().snapshot.operator_token
        hear_operator(wish, request.headers, token=token, resume=resume)
        if wish.stream:
            stream = await run_unless_gone(request, pipeline.stream(wish))
            if stream is None:
                return Response(status_code=CLIENT_GONE)
            headers = call_headers(request_id, stream.call, ended=False)
            return EventStream(stream, TaskEvents(stream.call), headers)
        finished = await run_unless_gone(request, pipeline.run(wish))
        if finished is None:
            return Response(status_code=CLIENT_GONE)
        if finished.error is not None:
            raise finished.error
        headers = call_headers(request_id, finished.call, ended=True)
        return json_response(task_body(finished.call), headers)

    return run_task


class TaskEvents:
    """A call's events by their names: ``call``, ``text`` …, then ``answer`` or ``error``."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def begin(self) -> bytes:
        call = self._call
        about = {"call": call.id, "task": call.task, "version": call.version, "model": call.model}
        form = "text" if call.schema_digest is None else "json"
        return _event(b"call", about | {"form": form})

    def deltas(self, batch: list[Delta]) -> bytes:
        text = "".join([delta.text for delta in batch])
        return _event(b"text", {"text": text}) if text else b""

    def end(self) -> bytes:
        return _event(b"answer", task_body(self._call))

    def error(self, error: RoadworthyError) -> bytes:
        told = {"status": error.status, "call": self._call.id, "outcome": self._call.outcome}
        return _event(b"error", error_body(error) | told)


def _event(name: bytes, value: object) -> bytes:
    return b"event: " + name + b"\ndata: " + msgspec.json.encode(value) + b"\n\n"


def parse_task_request(reference: str, body: dict[str, Any]) -> CallRequest:
    """Raises InvalidRequest naming the field and what it takes."""
    unknown = body.keys() - set(_FIELDS)
    if unknown:
        raise InvalidRequest(
            f"unknown field {min(unknown)[:80]!r}; a task takes {', '.join(_FIELDS)}",
            param=min(unknown)[:80],
        )
    given = body.get("input", {})
    if not isinstance(given, dict):
        raise InvalidRequest("input must be an object: the task's typed input", param="input")
    for name in ("conversation_id", "unit"):
        if not isinstance(body.get(name), str | None):
            raise InvalidRequest(f"{name} must be a string", param=name)
    if not isinstance(body.get("stream"), bool | None):
        raise InvalidRequest("stream must be true or false", param="stream")
    timeout_s = body.get("timeout_s")
    if timeout_s is not None and (
        isinstance(timeout_s, bool) or not isinstance(timeout_s, int | float) or timeout_s <= 0
    ):
        raise InvalidRequest("timeout_s must be a number of seconds above 0", param="timeout_s")
    return CallRequest(
        target=TASK_PREFIX + reference,
        surface="task",
        input=given,
        stream=bool(body.get("stream")),
        conversation_id=body.get("conversation_id"),
        unit=body.get("unit"),
        timeout_s=timeout_s,
    )


def task_body(call: Call) -> dict[str, Any]:
    """The answer as JSON; ``confidence`` stands in it where some was measured."""
    body = {
        "value": call.value,
        "call": call.id,
        "outcome": call.outcome,
        "task": call.task,
        "version": call.version,
        "model": call.model,
        "usage": {
            "input_tokens": call.usage.input_tokens,
            "output_tokens": call.usage.output_tokens,
        },
        "cost_usd": None if call.cost_nusd is None else call.cost_nusd / NUSD_PER_USD,
        "duration_ms": call.duration_us / 1000,
    }
    return body | {"confidence": call.confidence} if call.confidence else body
