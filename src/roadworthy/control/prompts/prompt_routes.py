"""The pages of versions, channels, tests and blocks. As in the API, routes run in threads and may
block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from roadworthy.control.bodies import form_of
from roadworthy.control.context import Control, control_of
from roadworthy.control.entry.visitor import owner
from roadworthy.control.links import prompt_link
from roadworthy.control.prompts.block_page import block_lines, block_view
from roadworthy.control.prompts.body_page import body_view
from roadworthy.control.prompts.channel_page import (
    Weighing,
    channel_cards,
    move_line,
    told_move,
    weighing_of,
)
from roadworthy.control.prompts.tallies import tallies_by_definition
from roadworthy.control.prompts.tests_page import results_view
from roadworthy.control.prompts.version_page import PAGE_ROWS, version_lines, version_view
from roadworthy.control.query import Text, parse_query
from roadworthy.control.told import Told
from roadworthy.control.working import working_drafts
from roadworthy.core.errors import (
    GateRefused,
    InvalidRequest,
    NotFound,
    RegistryConflict,
    RoadworthyError,
)
from roadworthy.registry import CaseResult, Move, MoveRequest, Pointer, VersionRow
from roadworthy.registry.counts import block_uses, case_tallies, latest_binding
from roadworthy.registry.figures import CaseRuns, by_case, figures_of
from roadworthy.registry.gate import stricter
from roadworthy.registry.pointing import rollback_target
from roadworthy.tasks import Suite
from roadworthy.tasks.cases import case_id, question_digest

__all__ = ["router"]

router = APIRouter(include_in_schema=False, default_response_class=Response)

MOVES_ROWS: Final = 25
TESTED_ROWS: Final = 20
MOVES_READ: Final = 1_000
"""What a rollback leads to follows from a channel's history."""
OFFERED_ROWS: Final = 50
"""Versions that a form lists."""
ALL_ROWS: Final = 1_000_000
USUAL_CHANNELS: Final = ("production", "staging")


class PageQuery(BaseModel):
    """Which part of a list."""

    model_config = ConfigDict(extra="forbid")

    page: Annotated[int, Field(ge=1, le=10_000)] = 1


class HistoryQuery(PageQuery):
    """Which moves."""

    channel: Text = None


class ChannelQuery(BaseModel):
    """Which promotion is thought of, and which move was just made."""

    model_config = ConfigDict(extra="forbid")

    to: Text = None
    channel: Text = None
    moved: Text = None


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What the forms of channels hold."""

    to: str = ""
    channel: str = "production"
    act: str = ""
    why: str = ""
    back_why: str = ""


@router.get("/tasks/{name}/versions")
def show_versions(request: Request, name: str) -> Response:
    control = control_of(request)
    query = parse_query(PageQuery, request.query_params)
    rows, more = _page(
        control.registry.versions(name, limit=query.page * PAGE_ROWS + 2), query.page
    )
    if not rows:
        _require_task(control, name)
    tallies = case_tallies(control.bench.registry, name, [row.definition_digest for row in rows])
    return control.page(
        "versions.html",
        here="tasks",
        health=control.health(),
        name=name,
        lines=version_lines(rows, control.registry.channels(name), tallies_by_definition(tallies))[
            :PAGE_ROWS
        ],
        number=query.page,
        more=more,
        working=_working(control, name) if query.page == 1 else None,
    )


@router.get("/tasks/{name}/versions/{reference}")
def show_version(request: Request, name: str, reference: str) -> Response:
    control = control_of(request)
    version = control.registry.version(name, reference)
    results = latest_binding(
        control.registry.results(name, definition=version.row.definition_digest)
    )
    pointers = control.registry.channels(name)
    return control.page(
        "version.html",
        here="tasks",
        health=control.health(),
        view=version_view(
            version,
            neighbours=_neighbours(control, version.row),
            channels=[p.channel for p in pointers if p.version == version.row.version],
            figures=figures_of(_case_runs(version.suite, results)) if results else None,
            results=results,
        ),
        body=body_view(version.definition),
    )


@router.get("/tasks/{name}/channels")
def show_channels(request: Request, name: str) -> Response:
    control = control_of(request)
    query = parse_query(ChannelQuery, request.query_params)
    chosen = Chosen(to=query.to or "", channel=query.channel or "production")
    told = _told_move(control, name, query.moved) if query.moved else None
    return _channels(control, name, chosen, told=told)


@router.post("/tasks/{name}/channels")
def move_channel(request: Request, name: str) -> Response:
    control = control_of(request)
    form = form_of(request)
    actor = owner()
    kind = form.get("act")
    if kind not in ("promote", "rollback"):
        raise InvalidRequest("act is neither promote nor rollback. Use the page's own forms.")
    wish = MoveRequest(
        task=name,
        channel=form.get("channel", "").strip() or "production",
        to=form.get("to", "").strip() or None if kind == "promote" else None,
        kind="promote" if kind == "promote" else "rollback",
        why=form.get("why", "").strip(),
        force=form.get("force") == "yes",
        lower_gate=form.get("lower_gate") == "yes",
    )
    try:
        move = control.registry.move(wish, actor)
    except RoadworthyError as error:
        chosen = Chosen(
            to=wish.to or "",
            channel=wish.channel,
            act=kind,
            why=wish.why if kind == "promote" else "",
            back_why=wish.why,
        )
        return _channels(control, name, chosen, refusal=error)
    address = prompt_link(name, "channels", moved=move.id)
    return RedirectResponse(address, 303, {"cache-control": "no-store"})


@router.get("/tasks/{name}/history")
def show_history(request: Request, name: str) -> Response:
    control = control_of(request)
    query = parse_query(HistoryQuery, request.query_params)
    pointers = control.registry.channels(name)
    moves = control.registry.history(name, channel=query.channel, limit=query.page * MOVES_ROWS + 1)
    start = (query.page - 1) * MOVES_ROWS
    if not moves:
        _require_task(control, name)
    return control.page(
        "history.html",
        here="tasks",
        health=control.health(),
        name=name,
        channels=[pointer.channel for pointer in pointers],
        chosen=query.channel,
        lines=[move_line(move) for move in moves[start : start + MOVES_ROWS]],
        number=query.page,
        more=len(moves) > start + MOVES_ROWS,
    )


@router.get("/tasks/{name}/tests")
def show_tests(request: Request, name: str) -> Response:
    control = control_of(request)
    rows = control.registry.versions(name, limit=TESTED_ROWS)
    if not rows:
        _require_task(control, name)
    cases = case_tallies(control.bench.registry, name, [row.definition_digest for row in rows])
    suite = control.registry.version(name, rows[0].version).suite if rows else None
    tags = {} if suite is None else {question_digest(c): c.tags for c in suite.cases}
    return control.page(
        "tests.html",
        here="tasks",
        health=control.health(),
        name=name,
        view=results_view(rows, pointers=control.registry.channels(name), cases=cases, tags=tags),
    )


@router.get("/blocks")
def show_blocks(request: Request) -> Response:
    control = control_of(request)
    return control.page(
        "blocks.html",
        here="blocks",
        health=control.health(),
        lines=block_lines(block_uses(control.bench.registry)),
    )


@router.get("/blocks/{name}")
def show_block(request: Request, name: str) -> Response:
    control = control_of(request)
    uses = block_uses(control.bench.registry, name)
    if not uses:
        raise NotFound(f"No published version includes a block {name[:80]!r}.")
    return control.page(
        "block.html", here="blocks", health=control.health(), view=block_view(name, uses)
    )


def _channels(
    control: Control,
    name: str,
    chosen: Chosen,
    *,
    told: Told | None = None,
    refusal: RoadworthyError | None = None,
) -> Response:
    """The page of channels, with the promotion that is thought of, if any, weighed."""
    registry = control.registry
    rows = registry.versions(name, limit=OFFERED_ROWS)
    if not rows:
        _require_task(control, name)
    pointers = registry.channels(name)
    weighing = None
    if chosen.to and chosen.act != "rollback":
        try:
            weighing = _weigh(control, name, chosen, pointers)
        except RoadworthyError as error:
            refusal = refusal or error
    moves = registry.history(name, limit=MOVES_READ)
    return control.page(
        "channels.html",
        status=200 if refusal is None else refusal.status,
        here="tasks",
        health=control.health(),
        name=name,
        told=told,
        refusal=refusal,
        misses=refusal.misses if isinstance(refusal, GateRefused) and weighing is None else (),
        rows=rows,
        channels=sorted({*(p.channel for p in pointers), *USUAL_CHANNELS}),
        cards=channel_cards(
            name, pointers, rows=rows, moves=moves, back_to=_back_to(name, pointers, moves)
        ),
        weighing=weighing,
        chosen=chosen,
    )


def _weigh(control: Control, name: str, chosen: Chosen, pointers: Sequence[Pointer]) -> Weighing:
    pointer = next((p for p in pointers if p.channel == chosen.channel), None)
    version = control.registry.version(name, chosen.to)
    gate = version.suite.gate
    if pointer is not None:
        gate = stricter(control.registry.version(name, pointer.version).suite.gate, gate)
    evidence = control.registry.weigh(
        MoveRequest(task=name, channel=chosen.channel, to=version.row.version)
    )
    return weighing_of(
        name,
        channel=chosen.channel,
        to=version.row.version,
        pointer=pointer,
        evidence=evidence,
        gate=gate,
    )


def _page(rows: Sequence[VersionRow], number: int) -> tuple[list[VersionRow], bool]:
    """The rows of one page and the one after them, which the last of them is compared with."""
    start = (number - 1) * PAGE_ROWS
    return list(rows[start : start + PAGE_ROWS + 1]), len(rows) > start + PAGE_ROWS


def _case_runs(suite: Suite, results: Sequence[CaseResult]) -> list[CaseRuns]:
    """The cases of a suite that were measured, with their runs."""
    found = by_case(results)
    return [
        CaseRuns(case_id(case), case.tags, case.weight, found[question])
        for case in suite.cases
        if (question := question_digest(case)) in found
    ]


def _neighbours(control: Control, row: VersionRow) -> tuple[str | None, str | None]:
    """The versions before and after; most often among the newest."""
    for limit in (OFFERED_ROWS, ALL_ROWS):
        rows = [found.version for found in control.registry.versions(row.task, limit=limit)]
        if row.version in rows and (rows[-1] != row.version or len(rows) < limit):
            at = rows.index(row.version)
            return (rows[at + 1] if at + 1 < len(rows) else None, rows[at - 1] if at else None)
    return None, None


def _require_task(control: Control, name: str) -> None:
    """
    Raises:
        NotFound: neither the registry nor the files know such a task.
    """
    if control.source.find_task(name) is None and name not in working_drafts(control.bench.root):
        raise NotFound(
            f"There is no task {name[:80]!r} here: no version of it is published, and no files"
            " are served under that name."
        )


def _told_move(control: Control, name: str, move_id: str) -> Told | None:
    """The message of a move that was just made; what an address says is not repeated."""
    moves = control.registry.history(name, limit=OFFERED_ROWS)
    move = next((move for move in moves if move.id == move_id), None)
    if move is None:
        return None
    return Told(text=told_move(move), href=prompt_link(name, "history"), link="History")


def _back_to(
    name: str, pointers: Sequence[Pointer], moves: Sequence[Move]
) -> Mapping[str, str | None]:
    """Where a rollback of each channel leads. ``moves`` are newest first."""
    found: dict[str, str | None] = {}
    for pointer in pointers:
        own = [move for move in reversed(moves) if move.channel == pointer.channel]
        try:
            target = rollback_target(own, None, task=name, channel=pointer.channel)
        except RegistryConflict:
            target = None
        found[pointer.channel] = target
    return found


class Working(msgspec.Struct, frozen=True, kw_only=True):
    """How the files differ from the newest version."""

    text: str
    changes: int = 0
    href: str = ""
    command: str = ""


def _working(control: Control, name: str) -> Working | None:
    """None: there are no files of this task here."""
    draft = working_drafts(control.bench.root).get(name)
    if draft is None:
        return None
    ahead = control.registry.preview(draft)
    if not ahead.new:
        return Working(text=f"The files are as {ahead.version.version} says.")
    if ahead.previous is None:
        return None
    changes = len(ahead.changes)
    first = " --with-steps" if ahead.unpublished else ""
    return Working(
        text=f"The files differ from {ahead.previous} in {changes} place"
        f"{'s' if changes != 1 else ''}: publishing them makes {ahead.version.version}"
        f" ({ahead.version.level}).",
        changes=changes,
        href=prompt_link(name, "diff", **{"from": ahead.previous, "to": "@working"}),
        command=f'roadworthy publish {name}{first} -m "…"',
    )
