"""The dashboard's pages. As in the API, routes run in threads and may block."""

from __future__ import annotations

from time import monotonic, sleep
from typing import Literal

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from roadworthy.control.call_page import call_view
from roadworthy.control.context import Control, control_of
from roadworthy.control.entry.visitor import owner, visitor
from roadworthy.control.links import call_link
from roadworthy.control.overview import overview_page
from roadworthy.control.prompts.channel_page import Behind, behind_of
from roadworthy.control.prompts.task_states import TaskState, task_states
from roadworthy.control.query import CallQuery, OverviewQuery, SpanQuery, parse_query, window
from roadworthy.control.resuming import resume_call
from roadworthy.control.ruling import rule_report_of
from roadworthy.control.task_page import task_rows, task_view
from roadworthy.control.task_report import require_known
from roadworthy.control.tree_page import TreeView, tree_view
from roadworthy.control.working import working_drafts
from roadworthy.core import ANSWERED
from roadworthy.core.errors import NotFound, RoadworthyError
from roadworthy.registry import Pointer, VersionRow
from roadworthy.registry.counts import task_steps
from roadworthy.storage.views import CallFilter, CallRow, Overview, StoredCall

__all__ = ["router"]

router = APIRouter(include_in_schema=False, default_response_class=Response)

# The overview lists a few of the latest calls without an answer.
LATEST = 6
HOUR_US = 3_600_000_000
# Who moved production longer ago than this is told by the history of the task.
MOVES_READ = 500
VERSIONS_READ = 100
WAIT_S = 3.0
"""How long the record of a call may take to get into the database."""
WAIT_STEP_S = 0.05
WITHHELD = ("failed", "errored", "truncated", "refused")


@router.get("/")
def show_overview(request: Request) -> Response:
    control = control_of(request)
    query = parse_query(OverviewQuery, request.query_params)
    now = _overview(control, query)
    if "span" not in request.query_params and _all_of_the_last_hour(now, control.clock.now_us()):
        query = query.model_copy(update={"span": "1h"})
        now = _overview(control, query)
    before = _overview(control, query, spans_ago=1)
    return control.page(
        "overview.html",
        here="overview",
        health=control.health(),
        query=query,
        page=overview_page(now, before=before, query=query),
        tasks=_task_names(control),
        troubled=_troubled(control, query, now),
        newest=_newest(control, CallFilter(task=query.task)) if not now.total.calls else None,
        any_call=bool(now.total.calls) or _newest(control, CallFilter()) is not None,
    )


@router.get("/calls")
def show_calls(request: Request) -> Response:
    control = control_of(request)
    query = parse_query(CallQuery, request.query_params)
    where = query.filter(control.clock.now_us())
    page = control.source.list_calls(where, limit=query.limit, before=query.before)
    return control.page(
        "calls.html",
        here="calls",
        health=control.health(),
        query=query,
        where=where,
        filtered=where != CallFilter(),
        page=page,
        tasks=_task_names(control),
        any_call=bool(page.rows) or _newest(control, CallFilter()) is not None,
    )


@router.get("/calls/{call_id}")
def show_call(request: Request, call_id: str) -> Response:
    control = control_of(request)
    stored = control.source.find_call(call_id)
    call, find = stored.call, control.source.find_call
    tree = tree_view(call.id, control.source.call_tree(call.root_id or call.id), find)
    return control.page(
        "call.html",
        here="calls",
        health=control.health(),
        view=call_view(stored),
        tree=tree,
        resumable=_is_resumable(control, stored, tree),
    )


@router.post("/calls/{call_id}/resume")
def resume_from_page(request: Request, call_id: str) -> Response:
    control = control_of(request)
    owner()
    try:
        resumed = str(resume_call(control, call_id)["call"])
    except RoadworthyError as error:
        if error.call_id is None:
            raise
        resumed = error.call_id  # its page says why it failed again
    _wait_for(control, resumed)
    return RedirectResponse(call_link(resumed), 303, {"cache-control": "no-store"})


@router.get("/tasks")
def show_tasks(request: Request) -> Response:
    control = control_of(request)
    query = parse_query(SpanQuery, request.query_params)
    names = _task_names(control)
    definitions = {name: found for name in names if (found := control.source.find_task(name))}
    rows = task_rows(names, definitions, _overview(control, OverviewQuery(span=query.span)))
    states = _states(control)
    return control.page(
        "tasks.html",
        here="tasks",
        health=control.health(),
        query=query,
        rows=rows,
        unlisted=len(names) - len(rows),
        states=states,
        has_files=any(state.files for state in states),
    )


@router.get("/tasks/{name:path}")
def show_task(request: Request, name: str) -> Response:
    control = control_of(request)
    query = parse_query(SpanQuery, request.query_params)
    published = _published(control, name)
    served = control.source.find_task(name) if published else require_known(control.source, name)
    wanted = OverviewQuery(span=query.span, task=name)
    overview = _overview(control, wanted)
    ruled = rule_report_of(control, wanted).tasks
    return control.page(
        "task.html",
        here="tasks",
        health=control.health(),
        query=query,
        view=task_view(name, served, overview, span=query.span),
        ruled=ruled[0] if ruled and ruled[0].rules else None,
        published=published,
    )


@router.get("/static/{name}")
def static_file(request: Request, name: str) -> Response:
    address = f"/static/{name}"
    for asset in control_of(request).assets.values():
        if asset.address == address:
            headers = {"cache-control": "public, max-age=31536000, immutable"}
            return Response(asset.content, 200, headers, media_type=asset.media_type)
    raise NotFound("There is no such file. Reload the page that asked for it.")


def _is_resumable(control: Control, stored: StoredCall, tree: TreeView | None) -> bool:
    """Whether there is something to go on from, and a visitor who may. A call without steps ended
    before them, or is no chain's."""
    here = visitor()
    if control.workbench is None or control.workbench.resume is None:
        return False
    call = stored.call
    failed = call.outcome not in ANSWERED and not call.model and call.parent_id is None
    begun = call.resumes is not None or (tree is not None and bool(tree.steps))
    return failed and begun and stored.texts_kept and here is not None and here.may_write


def _wait_for(control: Control, call_id: str) -> None:
    """Until the keeper has taken the record up, which is a moment after the answer."""
    give_up_s = monotonic() + WAIT_S
    while monotonic() < give_up_s:
        try:
            control.source.find_call(call_id)
        except NotFound:
            sleep(WAIT_STEP_S)
        else:
            return


def _overview(control: Control, query: OverviewQuery, *, spans_ago: int = 0) -> Overview:
    since_us, until_us, points = window(query.span, control.clock.now_us())
    back_us = spans_ago * (until_us - since_us)
    return control.source.overview(
        since_us=since_us - back_us, until_us=until_us - back_us, task=query.task, buckets=points
    )


def _all_of_the_last_hour(overview: Overview, now_us: int) -> bool:
    """Whether a day's points would squeeze all that happened into one or two of them."""
    begun = [figures.start_us for figures in overview.series if figures.calls]
    return bool(begun) and begun[0] >= now_us - HOUR_US


def _states(control: Control) -> list[TaskState]:
    """What the registry says of its tasks; nothing where there is none."""
    if control.workbench is None:
        return []
    registry = control.registry
    return task_states(
        task_steps(control.workbench.registry),
        pointers=registry.channels(),
        moves=registry.history(channel="production", limit=MOVES_READ),
        drafts=working_drafts(control.workbench.root),
    )


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """What the registry says of one task."""

    newest: VersionRow
    pointers: list[Pointer]
    behind: Behind | None


def _published(control: Control, name: str) -> Published | Literal[False] | None:
    """False: none of its versions is published; None: there is no registry, or no such task."""
    if control.workbench is None:
        return None
    rows = control.registry.versions(name, limit=VERSIONS_READ)
    if not rows:
        return False if control.source.find_task(name) is not None else None
    pointers = control.registry.channels(name)
    at = next((p.version for p in pointers if p.channel == "production"), None)
    behind = None if at is None else behind_of(name, at, rows)
    return Published(newest=rows[0], pointers=pointers, behind=behind)


def _task_names(control: Control) -> list[str]:
    served = (task.name for task in control.source.status().tasks)
    return sorted({*served, *control.source.task_names()})


def _newest(control: Control, where: CallFilter) -> CallRow | None:
    rows = control.source.list_calls(where, limit=1, before=None).rows
    return rows[0] if rows else None


def _troubled(control: Control, query: OverviewQuery, overview: Overview) -> list[CallRow]:
    """The latest calls of the span that the model or the machinery gave no answer."""
    found: list[CallRow] = []
    for outcome in WITHHELD:
        if overview.total.outcomes.get(outcome):
            where = CallFilter(task=query.task, outcome=outcome, since_us=overview.since_us)
            found += control.source.list_calls(where, limit=LATEST, before=None).rows
    return sorted(found, key=lambda row: row.started_us, reverse=True)[:LATEST]
