"""Errors as callers see them: OpenAI's shape, and headers that steer its client's retries.

Source: OpenAI's API reference, "Errors"; openai-python honours ``x-should-retry`` before its
own list of statuses, and ``retry-after`` up to 120 s (observed in version 3.52).
"""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from roadworthy.core.errors import RoadworthyError

__all__ = ["call_headers", "error_body", "error_response", "json_response"]


def error_body(error: RoadworthyError) -> dict[str, dict[str, str | None]]:
    return {
        "error": {
            "message": error.message,
            "type": error.type,
            "param": error.param,
            "code": error.code,
        }
    }


def call_headers(
    request_id: str, call_id: str | None, outcome: str | None = None
) -> dict[str, str]:
    headers = {"x-request-id": request_id}
    if call_id is not None:
        headers["x-roadworthy-call"] = call_id
    if outcome is not None:
        headers["x-roadworthy-outcome"] = outcome
    return headers


def error_response(error: RoadworthyError, request_id: str) -> Response:
    """An error as a response. The gateway has retried already, so a client should only where
    the class says so."""
    headers = call_headers(request_id, error.call_id)
    headers["x-should-retry"] = "true" if error.retry else "false"
    if error.retry_after_s is not None:
        headers["retry-after"] = str(max(1, round(error.retry_after_s)))
    return json_response(error_body(error), headers, status=error.status)


def json_response(body: object, headers: dict[str, str], *, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, headers, "application/json")
