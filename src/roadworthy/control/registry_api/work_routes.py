"""What people do with a task beside publishing it: try a version out, and save cases."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Request, Response

import roadworthy.control.registry_api.registry_examples as examples
from roadworthy.control.answers import answers, json_answer, takes
from roadworthy.control.bodies import json_body
from roadworthy.control.context import control_of
from roadworthy.control.entry.visitor import owner
from roadworthy.control.registry_api.case_files import save_case
from roadworthy.control.registry_api.registry_routes import task_name
from roadworthy.core import Outcome
from roadworthy.core.errors import InvalidRequest

__all__ = ["PlayWish", "Played", "router"]

router = APIRouter()

MAX_CASE_BYTES: Final = 5_000_000
MAX_INPUT_BYTES: Final = 10_000_000
MAX_WORD: Final = 200


class PlayWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call that somebody wants to try."""

    input: dict[str, Any]
    """As the version's input schema asks for it."""
    selector: str | None = None
    """``1.4.0``, ``production``, ``^1``; ``working`` where working copies are served. None: what is
    served."""
    model: str | None = None
    """A model to ask in place of the version's own."""


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """What the call was answered."""

    value: Any
    """Conforms to the version's output schema; text without one."""
    call: str
    """Id of the recorded call."""
    outcome: Outcome
    task: str
    version: str
    model: str
    usage: dict[str, int | None]
    """``input_tokens`` and ``output_tokens``; None: the provider did not say."""
    cost_usd: float | None
    """None: unknown."""
    duration_ms: float


CaseBody = Annotated[dict[str, Any], Depends(json_body(dict[str, Any], most_bytes=MAX_CASE_BYTES))]

WishBody = Annotated[PlayWish, Depends(json_body(PlayWish, most_bytes=MAX_INPUT_BYTES))]


@router.post(
    "/api/tasks/{task}/play",
    responses=answers(
        "Played",
        also={422: "The model answered, and its answer does not conform; the call is recorded."},
        example=examples.PLAYED,
    ),
    openapi_extra=takes("PlayWish", example=examples.PLAY_WISH),
    operation_id="try_out",
)
def play(request: Request, task: str, wish: WishBody) -> Response:
    """Try an input on any version and any model. It takes the way of every call, through a gateway,
    and is recorded as a test: it counts in no figure. Takes an owner, for it costs money."""
    owner()
    name = task_name(task)
    for param, word in (("selector", wish.selector), ("model", wish.model)):
        if word is not None and (len(word) > MAX_WORD or not word.isprintable()):
            raise InvalidRequest(f"No {param} is called so.", param=param)
    selector = (wish.selector or "").removeprefix("@") or None
    answer = control_of(request).play(name, selector, wish.input, wish.model or None)
    return json_answer(msgspec.convert(answer, Played))


@router.post(
    "/api/tasks/{task}/cases",
    status_code=201,
    responses=answers("SavedCase", status=201, example=examples.SAVED_CASE),
    openapi_extra=takes("Case", example=examples.NEW_CASE),
    operation_id="save_case",
)
def save(request: Request, task: str, case: CaseBody) -> Response:
    """Add a case to the `cases.jsonl` of a working copy on this machine. It must fit the working
    copy's schemas; a version has it once it is published."""
    owner()
    control = control_of(request)
    return json_answer(save_case(control.bench.root, task_name(task), case), 201)
