"""What people do with a task beside publishing it: save a case to its working copy."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response

import roadworthy.control.registry_examples as examples
from roadworthy.control.answers import answers, json_answer, takes
from roadworthy.control.bodies import json_body
from roadworthy.control.case_files import save_case
from roadworthy.control.context import control_of
from roadworthy.control.registry_routes import task_name
from roadworthy.control.visitor import owner

__all__ = ["router"]

router = APIRouter()

MAX_CASE_BYTES: Final = 5_000_000

CaseBody = Annotated[dict[str, Any], Depends(json_body(dict[str, Any], most_bytes=MAX_CASE_BYTES))]


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
