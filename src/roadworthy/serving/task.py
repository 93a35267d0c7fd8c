"""``POST /v1/tasks/{task}``: typed input, typed value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from roadworthy.core import NUSD_PER_USD, Call
from roadworthy.core.errors import InvalidRequest
from roadworthy.pipeline import TASK_PREFIX, CallRequest, Finished, Pipeline
from roadworthy.serving.body import decode_object, read_body
from roadworthy.serving.chat_request import read_timeout_s
from roadworthy.serving.errors import call_headers, json_response
from roadworthy.serving.guard import CLIENT_GONE, Endpoint, run_unless_gone

__all__ = ["parse_task_request", "task_body", "task_endpoint"]

_FIELDS = ("input", "conversation_id", "unit", "timeout_s")


def task_endpoint(pipeline: Pipeline, max_body_bytes: Callable[[], int]) -> Endpoint:
    async def run_task(request: Request, request_id: str) -> Response:
        body = decode_object(await read_body(request, max_body_bytes()))
        wish = parse_task_request(request.path_params["task"], body)
        wish.timeout_s = wish.timeout_s or read_timeout_s(request.headers)
        finished = await run_unless_gone(request, pipeline.run(wish))
        if finished is None:
            return Response(status_code=CLIENT_GONE)
        if finished.error is not None:
            raise finished.error
        headers = call_headers(request_id, finished.call.id, finished.call.outcome)
        return json_response(task_body(finished), headers)

    return run_task


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
    timeout_s = body.get("timeout_s")
    if timeout_s is not None and (
        isinstance(timeout_s, bool) or not isinstance(timeout_s, int | float) or timeout_s <= 0
    ):
        raise InvalidRequest("timeout_s must be a number of seconds above 0", param="timeout_s")
    return CallRequest(
        target=TASK_PREFIX + reference,
        surface="task",
        input=given,
        conversation_id=body.get("conversation_id"),
        unit=body.get("unit"),
        timeout_s=timeout_s,
    )


def task_body(finished: Finished) -> dict[str, Any]:
    call: Call = finished.call
    return {
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
