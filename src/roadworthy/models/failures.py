"""What a provider's error means: an error of ours, and whether sending again may help.

Decided from the body as well as from the status: a 429 for lack of credit never passes, and a
stream reports its errors with no status at all. Used by the adapters (errors inside a 200) and
by the transport (everything else). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec

from roadworthy.core.errors import (
    UpstreamError,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnavailable,
)

__all__ = ["ErrorDetail", "error_detail", "scrub", "upstream_error"]

MAX_MESSAGE_CHARS = 500

# Source: the providers' pages on error codes (OpenAI, DeepSeek, Mistral, Groq), November 2026.
NO_CREDIT = frozenset(
    {
        "insufficient_quota",
        "insufficient_balance",
        "insufficient_credits",
        "billing_hard_limit_reached",
        "billing_not_active",
    }
)
STATUS_OF_CODE = {
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "requests": 429,
    "tokens": 429,
    "invalid_request_error": 400,
    "context_length_exceeded": 400,
    "exceed_context_size_error": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "model_not_found": 404,
    "server_error": 500,
    "internal_server_error": 500,
    "internal_error": 500,
    "overloaded_error": 503,
    "unavailable_error": 503,
    "service_unavailable": 503,
    "timeout": 504,
    "timeout_error": 504,
}
KEY_SHAPED = re.compile(r"\b(?:sk|gsk|xai|pk|key)-[\w*.\-]{6,}|(?i:bearer)\s+[\w*.~+/\-=]{6,}")


class ErrorDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's error object, whatever its dialect."""

    message: str = ""
    code: str = ""
    type: str = ""
    param: str | None = None
    status: int | None = None
    """The status that the object names or implies."""


def error_detail(payload: Any) -> ErrorDetail:
    """The error in a decoded body; fields are empty where the body says nothing."""
    if isinstance(payload, list) and payload:  # Google wraps the object in a list
        payload = payload[0]
    if not isinstance(payload, dict):
        return ErrorDetail()
    found = payload.get("error") or payload
    if isinstance(found, str):  # Ollama
        return ErrorDetail(message=found)
    if not isinstance(found, dict):
        return ErrorDetail()
    code, kind = found.get("code"), found.get("type")
    param = found.get("param")
    return ErrorDetail(
        message=_message_of(found),
        code="" if code is None else str(code),
        type=kind if isinstance(kind, str) else "",
        param=param if isinstance(param, str) else None,
        status=_status_of(code, kind),
    )


def upstream_error(
    detail: ErrorDetail,
    *,
    provider: str = "The provider",
    status: int | None = None,
    secrets: Iterable[str] = (),
) -> UpstreamError:
    """The error to raise. `status` is the response's own, where that was not a success."""
    status = status or detail.status
    said = scrub(detail.message, secrets)
    answered = f"{provider} answered HTTP {status}" if status else f"{provider} reported an error"
    error = _classify(detail, status, provider=provider, said=f"{answered}: {said or 'no reason'}")
    error.upstream_status = status
    return error


def scrub(text: str, secrets: Iterable[str] = ()) -> str:
    """A provider's words, short and without anything that is or looks like a credential."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "[credential]")
    text = KEY_SHAPED.sub("[credential]", text)
    return text if len(text) <= MAX_MESSAGE_CHARS else text[: MAX_MESSAGE_CHARS - 1] + "…"


def _classify(
    detail: ErrorDetail, status: int | None, *, provider: str, said: str
) -> UpstreamError:
    if status == HTTPStatus.PAYMENT_REQUIRED or NO_CREDIT & {detail.code, detail.type}:
        return UpstreamRejected(
            f"{provider} has no credit left for this API key. Add credit there, or bind the"
            " model to another provider in models.toml.",
            upstream_status=status or HTTPStatus.PAYMENT_REQUIRED,
        )
    if status is None:
        return UpstreamError(said)
    if status == HTTPStatus.UNAUTHORIZED:  # its text may quote the key
        return UpstreamRejected(
            f"{provider} does not accept the API key (HTTP 401). Check the variable or file"
            " that holds it.",
            upstream_status=status,
        )
    if 300 <= status < 400:
        return UpstreamRejected(
            f"{provider} answered with a redirect (HTTP {status}), which is not followed. Set"
            " base_url in models.toml to the final address.",
            upstream_status=status,
        )
    passing = _passing(status, said)
    return passing or UpstreamRejected(said, upstream_status=status, param=detail.param)


def _passing(status: int, said: str) -> UpstreamError | None:
    error: UpstreamError
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        error = UpstreamRateLimited(said)
    elif status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.GATEWAY_TIMEOUT):
        error = UpstreamTimeout(said)
    elif status >= 500 or status in (HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY):
        error = UpstreamUnavailable(said)
    else:
        return None
    error.transient = True
    return error


def _message_of(found: dict[str, Any]) -> str:
    for key in ("message", "detail", "error_description"):
        value = found.get(key)
        if isinstance(value, str):
            return value
        if isinstance(value, list) and value and isinstance(value[0], dict):  # FastAPI's 422
            return str(value[0].get("msg", ""))
    return ""


def _status_of(code: Any, kind: Any) -> int | None:
    if isinstance(code, str) and code.isdecimal():
        code = int(code)
    if isinstance(code, int) and not isinstance(code, bool) and 400 <= code <= 599:
        return code
    for name in (code, kind):
        if isinstance(name, str) and name in STATUS_OF_CODE:
            return STATUS_OF_CODE[name]
    return None
