"""The control API: the same figures and calls as the pages, as JSON.

Routes are plain functions, so that the framework runs them, and their blocking queries, in
threads. Values are written by msgspec and described by its schemas; a field that has its
default value may be left out of a call.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response

import roadworthy.control.registry_api.registry_examples as examples
from roadworthy.control.answers import answers, json_answer, takes
from roadworthy.control.bodies import json_body
from roadworthy.control.conformance_query import ConformanceQuery
from roadworthy.control.conformance_report import conformance_report
from roadworthy.control.context import control_of
from roadworthy.control.entry.visitor import owner, visitor
from roadworthy.control.health import Health
from roadworthy.control.query import CallQuery, OverviewQuery, window
from roadworthy.control.registry_api.work_routes import Played
from roadworthy.control.resuming import ResumeWish, resume_call
from roadworthy.control.ruling import rule_report_of
from roadworthy.control.source import ServedTask, Status
from roadworthy.control.task_report import task_report
from roadworthy.storage.trees import below_of

__all__ = ["TaskEntry", "TaskList", "router"]

router = APIRouter()

ResumeBody = Annotated[ResumeWish, Depends(json_body(ResumeWish, most_bytes=1_000))]


class TaskEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A task that is served, or that has calls."""

    name: str
    served: ServedTask | None
    """None: it is not served now, or is the implicit task of a model."""


class TaskList(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks by name."""

    tasks: list[TaskEntry]


@router.get("/api/overview", responses=answers("Overview"), operation_id="overview")
def overview(request: Request, query: Annotated[OverviewQuery, Query()]) -> Response:
    """Figures over a span: in all, by point of time, by task."""
    control = control_of(request)
    since_us, until_us, points = window(query.span, control.clock.now_us())
    return json_answer(
        control.source.overview(
            since_us=since_us, until_us=until_us, task=query.task, buckets=points
        )
    )


@router.get("/api/calls", responses=answers("CallPage"), operation_id="list_calls")
def calls(request: Request, query: Annotated[CallQuery, Query()]) -> Response:
    """Calls that match, newest first. Follow `next_before` for older ones."""
    control = control_of(request)
    where = query.filter(control.clock.now_us())
    return json_answer(control.source.list_calls(where, limit=query.limit, before=query.before))


@router.get("/api/calls/{call_id}", responses=answers("StoredCall"), operation_id="get_call")
def call(request: Request, call_id: str) -> Response:
    """Everything that is kept of one call; a prefix of its id is enough if only it has it."""
    return json_answer(control_of(request).source.find_call(call_id))


@router.get("/api/calls/{call_id}/tree", responses=answers("CallTree"), operation_id="get_tree")
def tree(request: Request, call_id: str) -> Response:
    """The calls below one call: what a chain's steps ran, in the order in which they started. Of a
    step, the part of its tree that is below it."""
    source = control_of(request).source
    found = source.find_call(call_id).call
    return json_answer(below_of(source.call_tree(found.root_id or found.id), found.id))


@router.post(
    "/api/calls/{call_id}/resume",
    responses=answers("Played", example=examples.PLAYED),
    openapi_extra=takes("ResumeWish", example={"timeout_s": 60}),
    operation_id="resume_call",
)
def resume(request: Request, call_id: str, wish: ResumeBody) -> Response:
    """Go on with a chain's call that failed: steps that have answered are not run again. It is a
    call of its own, in the version that served the one before, with the same input, and counts as
    that did. Takes an owner, for it costs money."""
    owner()
    answer = resume_call(control_of(request), call_id, wish.timeout_s)
    return json_answer(msgspec.convert(answer, Played))


@router.get("/api/rules", responses=answers("RuleReport"), operation_id="list_rules")
def rules(request: Request, query: Annotated[OverviewQuery, Query()]) -> Response:
    """How often each rule took effect over a span, and the calls and money that it spared. Rules
    that are served and never took effect are among them. Money is an estimate: the mean cost of the
    task's calls in the span for which a model was asked."""
    return json_answer(rule_report_of(control_of(request), query))


@router.get("/api/tasks", responses=answers("TaskList"), operation_id="list_tasks")
def tasks(request: Request) -> Response:
    """Tasks that are served, and those that have calls."""
    source = control_of(request).source
    served = {task.name: task for task in source.status().tasks}
    names = sorted({*served, *source.task_names()})
    return json_answer(TaskList(tasks=[TaskEntry(name=n, served=served.get(n)) for n in names]))


@router.get("/api/tasks/{name:path}", responses=answers("TaskReport"), operation_id="get_task")
def task(request: Request, name: str) -> Response:
    """One task: its definition, its model, and what enforces its output schema, here and at
    other providers."""
    return json_answer(task_report(control_of(request).source, name))


@router.get("/api/conformance", responses=answers("ConformanceReport"), operation_id="conformance")
def conformance(request: Request, query: Annotated[ConformanceQuery, Query()]) -> Response:
    """How often answers conform over a span, how sure that is, whether it moved, and why not."""
    return json_answer(conformance_report(control_of(request), query))


@router.get("/healthz", responses=answers("Health"), operation_id="health")
def healthz(request: Request) -> Response:
    """What runs and what is wrong; answers 200 as long as the control plane itself works. Whoever
    shows no key where keys are needed is told no more than that."""
    health, here = control_of(request).health(), visitor()
    if here is None or here.actor is None:
        health = Health(
            status=health.status, reasons=[], version="", installation=Status(revision="")
        )
    return json_answer(health)
