"""What a gateway's task surface sends, as values; and its errors as exceptions."""

from __future__ import annotations

from typing import Any

import msgspec

from roadworthy.core import Confidence
from roadworthy.core.errors import RoadworthyError, error_named

__all__ = ["Answer", "GatewayUnreachable", "error_from"]


class GatewayUnreachable(RoadworthyError):
    """The gateway cannot be reached. Start it with `roadworthy serve`, or name its address."""

    status = 503
    code = "gateway_unreachable"
    retry = True


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One call's answer."""

    value: Any
    """Conforms to the task's output schema; text for a task without one."""
    call: str
    """The recorded call: `roadworthy call ID` shows everything about it."""
    outcome: str
    task: str
    version: str
    model: str
    cost_usd: float | None = None
    """None: unknown, which is not free."""
    duration_ms: float | None = None
    confidence: dict[str, Confidence] = {}
    """By JSON pointer into the value, what speaks for a field: the share of votes for it, or its
    calibrated likelihood. Empty where the task has neither."""


def error_from(status: int, body: bytes, call_id: str | None) -> RoadworthyError:
    """The exception that the gateway meant; a body that is not its own becomes a plain one."""
    step = ""
    try:
        detail = msgspec.json.decode(body)["error"]
        message, code, param = str(detail["message"]), detail.get("code"), detail.get("param")
        step = detail.get("step") or ""
    except (msgspec.MsgspecError, KeyError, TypeError, AttributeError):
        message, code, param = f"the gateway answered {status} without an explanation", None, None
    error = error_named(code or "", message, param=param)
    error.step = step
    error.call_id = call_id
    return error
