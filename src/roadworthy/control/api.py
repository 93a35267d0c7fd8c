"""The control API: the same figures and calls as the pages, as JSON.

Routes are plain functions, so that the framework runs them, and their blocking queries, in
threads. Values are written by msgspec and described by its schemas; a field that has its
default value may be left out of a call.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.openapi.utils import get_openapi

from roadworthy.control.conformance_query import ConformanceQuery
from roadworthy.control.conformance_report import conformance_report
from roadworthy.control.context import control_of
from roadworthy.control.faults import ErrorBody
from roadworthy.control.health import Health
from roadworthy.control.query import CallQuery, OverviewQuery, window
from roadworthy.control.source import ServedTask
from roadworthy.control.task_report import TaskReport, task_report
from roadworthy.monitoring import ConformanceReport
from roadworthy.storage.views import CallPage, Overview, StoredCall

__all__ = ["TaskEntry", "TaskList", "describe", "router"]

router = APIRouter()

_REFERENCE: Final = "#/components/schemas/{name}"


class TaskEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A task that is served, or that has calls."""

    name: str
    served: ServedTask | None
    """None: it is not served now, or is the implicit task of a model."""


class TaskList(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks by name."""

    tasks: list[TaskEntry]


def _json(value: object, status: int = 200) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(msgspec.json.encode(value), status, headers, media_type="application/json")


def _answers(name: str) -> dict[int | str, dict[str, Any]]:
    """What a route answers, for the OpenAPI document."""

    def content(of: str) -> dict[str, Any]:
        return {"application/json": {"schema": {"$ref": _REFERENCE.format(name=of)}}}

    return {
        200: {"description": "The answer.", "content": content(name)},
        "4XX": {"description": "The request is at fault.", "content": content("ErrorBody")},
        "5XX": {"description": "The control plane failed.", "content": content("ErrorBody")},
    }


@router.get("/api/overview", responses=_answers("Overview"), operation_id="overview")
def overview(request: Request, query: Annotated[OverviewQuery, Query()]) -> Response:
    """Figures over a span: in all, by point of time, by task."""
    control = control_of(request)
    since_us, until_us, points = window(query.span, control.clock.now_us())
    return _json(
        control.source.overview(
            since_us=since_us, until_us=until_us, task=query.task, buckets=points
        )
    )


@router.get("/api/calls", responses=_answers("CallPage"), operation_id="list_calls")
def calls(request: Request, query: Annotated[CallQuery, Query()]) -> Response:
    """Calls that match, newest first. Follow `next_before` for older ones."""
    control = control_of(request)
    where = query.filter(control.clock.now_us())
    return _json(control.source.list_calls(where, limit=query.limit, before=query.before))


@router.get("/api/calls/{call_id}", responses=_answers("StoredCall"), operation_id="get_call")
def call(request: Request, call_id: str) -> Response:
    """Everything that is kept of one call; a prefix of its id is enough if only it has it."""
    return _json(control_of(request).source.find_call(call_id))


@router.get("/api/tasks", responses=_answers("TaskList"), operation_id="list_tasks")
def tasks(request: Request) -> Response:
    """Tasks that are served, and those that have calls."""
    source = control_of(request).source
    served = {task.name: task for task in source.status().tasks}
    names = sorted({*served, *source.task_names()})
    return _json(TaskList(tasks=[TaskEntry(name=n, served=served.get(n)) for n in names]))


@router.get("/api/tasks/{name:path}", responses=_answers("TaskReport"), operation_id="get_task")
def task(request: Request, name: str) -> Response:
    """One task: its definition, its model, and what enforces its output schema, here and at
    other providers."""
    return _json(task_report(control_of(request).source, name))


@router.get("/api/conformance", responses=_answers("ConformanceReport"), operation_id="conformance")
def conformance(request: Request, query: Annotated[ConformanceQuery, Query()]) -> Response:
    """How often answers conform over a span, how sure that is, whether it moved, and why not."""
    return _json(conformance_report(control_of(request), query))


@router.get("/healthz", responses=_answers("Health"), operation_id="health")
def healthz(request: Request) -> Response:
    """What runs and what is wrong; answers 200 as long as the control plane itself works."""
    return _json(control_of(request).health())


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document: routes as FastAPI sees them, values as msgspec describes them."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, routes=app.routes, summary=app.summary
        )
        _, schemas = msgspec.json.schema_components(
            (
                *(Overview, CallPage, StoredCall, TaskList, TaskReport, ConformanceReport),
                *(Health, ErrorBody),
            ),
            ref_template=_REFERENCE,
        )
        document.setdefault("components", {}).setdefault("schemas", {}).update(schemas)
        # FastAPI's own error shape: this API never answers it.
        for name in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(name, None)
        for path in document["paths"].values():
            path["get"]["responses"].pop("422", None)
        app.openapi_schema = document
    return app.openapi_schema
