"""Errors of the control plane: OpenAI's shape for programs, a page that says what to do for
people."""

from __future__ import annotations

import logging
import math
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from roadworthy.control.context import Control, control_of
from roadworthy.control.query import invalid_query
from roadworthy.core.errors import GateRefused, MethodNotAllowed, NotFound, RoadworthyError

__all__ = ["ApiError", "ErrorBody", "fault_response", "install_error_handlers"]

_log = logging.getLogger(__name__)

_TITLES: Final = {
    400: "This address cannot be understood",
    401: "Log in first",
    403: "That is not allowed",
    404: "There is nothing here",
    405: "That cannot be done here",
    409: "The registry refused that",
    413: "That is too much at once",
    503: "Not available at the moment",
}


class ApiError(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong."""

    message: str
    """What happened, the offending value and the remedy."""
    type: str
    param: str | None
    code: str
    misses: tuple[str, ...] = ()
    """Each threshold of the gate that is not reached, in words; left out of other errors."""


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """An error, in the shape that OpenAI's clients read."""

    error: ApiError


def fault_response(control: Control, scope: Scope, error: RoadworthyError) -> Response:
    """The error as JSON below ``/api/`` and for health checks, else as a page."""
    path: str = scope["path"]
    if path.startswith("/api/") or path == "/healthz":
        body = ErrorBody(
            error=ApiError(
                message=error.message,
                type=error.type,
                param=error.param,
                code=error.code,
                misses=error.misses if isinstance(error, GateRefused) else (),
            )
        )
        headers = {"cache-control": "no-store"}
        if error.retry_after_s is not None:
            headers["retry-after"] = str(math.ceil(error.retry_after_s))
        if error.call_id is not None:
            headers["x-roadworthy-call"] = error.call_id
        content = msgspec.json.encode(body)
        return Response(content, error.status, headers, media_type="application/json")
    return control.page(
        "fault.html",
        status=error.status,
        here="",
        health=None,
        title=_TITLES.get(error.status, "Something broke here"),
        error=error,
        request_id=scope["state"]["request_id"],
    )


def install_error_handlers(app: FastAPI) -> None:
    """Every failure of a route becomes one of our own errors."""

    async def known(request: Request, error: Any) -> Response:
        return fault_response(control_of(request), request.scope, error)

    async def misread(request: Request, error: Any) -> Response:
        return await known(request, invalid_query(list(error.errors())))

    async def routing(request: Request, error: Any) -> Response:
        method = error.status_code == 405
        return await known(request, MethodNotAllowed() if method else NotFound())

    async def unforeseen(request: Request, error: Any) -> Response:
        request_id = request.state.request_id
        _log.error("request %s failed in the control plane", request_id, exc_info=error)
        message = (
            "The control plane failed on this request; calls are served and recorded all the "
            f"same. Its log names the cause under {request_id}."
        )
        return await known(request, RoadworthyError(message))

    async def left(_request: Request, _error: Any) -> Response:
        return Response(status_code=400)  # nobody reads it

    app.add_exception_handler(RoadworthyError, known)
    app.add_exception_handler(ClientDisconnect, left)
    app.add_exception_handler(RequestValidationError, misread)
    app.add_exception_handler(HTTPException, routing)
    app.add_exception_handler(Exception, unforeseen)
