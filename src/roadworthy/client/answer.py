"""What a gateway's task surface sends, as values; and its errors as exceptions."""

from __future__ import annotations

from typing import Any

import msgspec

from roadworthy.core import errors
from roadworthy.core.errors import RoadworthyError

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


_BY_CODE: dict[str, type[RoadworthyError]] = {
    error.code: error
    for error in vars(errors).values()
    if isinstance(error, type) and issubclass(error, RoadworthyError)
}


def error_from(status: int, body: bytes, call_id: str | None) -> RoadworthyError:
    """The exception that the gateway meant; a body that is not its own becomes a plain one."""
    try:
        detail = msgspec.json.decode(body)["error"]
        message, code, param = str(detail["message"]), detail.get("code"), detail.get("param")
    except (msgspec.MsgspecError, KeyError, TypeError, AttributeError):
        message, code, param = f"the gateway answered {status} without an explanation", None, None
    error_class = _BY_CODE.get(code or "", RoadworthyError)
    error = error_class.__new__(error_class)
    RoadworthyError.__init__(error, message, param=param)
    error.call_id = call_id
    return error
