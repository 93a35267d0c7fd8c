"""What only an operator may ask of the data plane: a version on another model than its own, and
that a chain goes on from what its steps have answered before.

The keeper makes a token, puts it into the snapshot and shows it with the calls that people make
from its pages; nobody else knows it. Such calls count in no figure of what is served.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

import msgspec

from roadworthy.core.errors import Forbidden, InvalidRequest
from roadworthy.core.http_names import MODEL_HEADER, OPERATOR_HEADER
from roadworthy.pipeline import CallRequest

__all__ = ["RESUME_FIELD", "hear_operator", "take_resume"]

RESUME_FIELD = "resume"
"""Of a task's request: which call it goes on with, and from what."""


class Resume(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a chain goes on from."""

    call: str
    recorded: dict[str, Any]
    """As `CallRequest.recorded`."""
    tried_out: bool = False
    """Whether it counts in no figure."""


def take_resume(body: dict[str, Any], headers: Mapping[str, str]) -> Resume | None:
    """Take out of the body what an operator's call goes on from; everybody else's has no such
    field.

    Raises:
        InvalidRequest: it is not what the field takes.
    """
    if OPERATOR_HEADER not in headers or RESUME_FIELD not in body:
        return None
    try:
        return msgspec.convert(body.pop(RESUME_FIELD), Resume)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"{RESUME_FIELD}: {error}", param=RESUME_FIELD) from error


def hear_operator(
    wish: CallRequest, headers: Mapping[str, str], *, token: str, resume: Resume | None = None
) -> None:
    """Write into the wish what is asked for as an operator; without the headers, nothing.

    Raises:
        Forbidden: they ask so without this installation's token.
    """
    model, shown = headers.get(MODEL_HEADER), headers.get(OPERATOR_HEADER)
    if model is None and shown is None:
        return
    if not token or not hmac.compare_digest((shown or "").encode(), token.encode()):
        raise Forbidden(
            f"the header {MODEL_HEADER} is for this installation's own keeper, which proves"
            f" itself with {OPERATOR_HEADER}; leave both out, or name the model in task.toml"
        )
    wish.surface, wish.model = "test", model or None
    if resume is not None:
        wish.recorded, wish.resumes = resume.recorded, resume.call
        wish.surface = "test" if resume.tried_out else "task"
