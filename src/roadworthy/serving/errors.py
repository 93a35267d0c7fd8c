"""Errors as callers see them: OpenAI's shape, and headers that steer its client's retries.

Source: OpenAI's API reference, "Errors"; openai-python honours ``x-should-retry`` before its
own list of statuses, and ``retry-after`` up to 120 s (observed in version 3.52).
"""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from roadworthy.core import Call
from roadworthy.core.errors import RoadworthyError
from roadworthy.core.http_names import VERSION_HEADER

__all__ = ["call_headers", "error_body", "error_response", "json_response"]


def error_body(error: RoadworthyError) -> dict[str, dict[str, str | None]]:
    """OpenAI's shape; of an error in a chain, ``step`` says where."""
    detail = {
        "message": error.message,
        "type": error.type,
        "param": error.param,
        "code": error.code,
    }
    return {"error": detail | {"step": error.step} if error.step else detail}


def call_headers(request_id: str, call: Call, *, ended: bool) -> dict[str, str]:
    """What every answer says of its call; of one that has ended how, too."""
    headers = _about(request_id, call.id, call.version)
    if ended:
        headers["x-roadworthy-outcome"] = call.outcome
    return headers


def _about(request_id: str, call_id: str | None, version: str) -> dict[str, str]:
    headers = {"x-request-id": request_id}
    if call_id is not None:
        headers["x-roadworthy-call"] = call_id
    if version:
        headers[VERSION_HEADER] = version
    return headers


def error_response(error: RoadworthyError, request_id: str) -> Response:
    """An error as a response. The gateway has retried already, so a client should only where
    the class says so."""
    headers = _about(request_id, error.call_id, error.version)
    headers["x-should-retry"] = "true" if error.retry else "false"
    if error.retry_after_s is not None:
        headers["retry-after"] = str(max(1, round(error.retry_after_s)))
    return json_response(error_body(error), headers, status=error.status)


def json_response(body: object, headers: dict[str, str], *, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, headers, "application/json")
