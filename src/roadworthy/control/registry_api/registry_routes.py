"""The registry's addresses: versions, channels, their history, and what tests have measured.

`roadworthy.registry.remote` asks these on behalf of the command line. Who acts is who the request
is from, with the role that they have here; whatever a body says of that is not read.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response

import roadworthy.control.registry_api.registry_examples as examples
from roadworthy.control.answers import answers, json_answer, takes
from roadworthy.control.bodies import json_body
from roadworthy.control.context import control_of
from roadworthy.control.entry.visitor import acting, owner
from roadworthy.control.registry_api.draft_check import check_versions, checked_draft
from roadworthy.control.registry_api.registry_query import (
    DiffQuery,
    ExportQuery,
    HistoryQuery,
    PublishQuery,
    ResultQuery,
    RowsQuery,
    WeighQuery,
)
from roadworthy.core.errors import InvalidRequest
from roadworthy.registry import CaseResult, Draft, Move, MoveRequest, Pointer, VersionRow
from roadworthy.registry.differences import difference
from roadworthy.registry.pointing import check_channel
from roadworthy.tasks import is_task_name

__all__ = [
    "ChannelList",
    "MoveList",
    "ResultList",
    "VersionList",
    "router",
    "task_name",
]

router = APIRouter()

MAX_DRAFT_BYTES: Final = 20_000_000
MAX_MOVE_BYTES: Final = 100_000
MAX_RESULTS_BYTES: Final = 100_000_000
MAX_BUNDLE_BYTES: Final = 250_000_000
MAX_WHY: Final = 10_000
MAX_REFERENCE: Final = 200


class VersionList(msgspec.Struct, frozen=True, kw_only=True):
    """Versions, newest first."""

    versions: list[VersionRow]


class ChannelList(msgspec.Struct, frozen=True, kw_only=True):
    """Channels, by task and name."""

    channels: list[Pointer]


class MoveList(msgspec.Struct, frozen=True, kw_only=True):
    """Moves of channels, newest first."""

    moves: list[Move]


class ResultList(msgspec.Struct, frozen=True, kw_only=True):
    """What tests have measured."""

    results: list[CaseResult]


DraftBody = Annotated[Draft, Depends(json_body(Draft, most_bytes=MAX_DRAFT_BYTES))]
MoveBody = Annotated[MoveRequest, Depends(json_body(MoveRequest, most_bytes=MAX_MOVE_BYTES))]
ResultBody = Annotated[ResultList, Depends(json_body(ResultList, most_bytes=MAX_RESULTS_BYTES))]
BundleBody = Annotated[
    dict[str, Any], Depends(json_body(dict[str, Any], most_bytes=MAX_BUNDLE_BYTES))
]


@router.get(
    "/api/versions",
    responses=answers("VersionList", example=examples.VERSIONS),
    operation_id="list_all_versions",
)
def all_versions(request: Request, query: Annotated[RowsQuery, Query()]) -> Response:
    """Versions of all tasks, newest first."""
    registry = control_of(request).registry
    return json_answer(VersionList(versions=registry.versions(limit=query.limit)))


@router.get(
    "/api/tasks/{task}/versions",
    responses=answers("VersionList", example=examples.VERSIONS),
    operation_id="list_versions",
)
def versions(request: Request, task: str, query: Annotated[RowsQuery, Query()]) -> Response:
    """Versions of one task, newest first."""
    registry = control_of(request).registry
    return json_answer(VersionList(versions=registry.versions(task_name(task), limit=query.limit)))


@router.post(
    "/api/tasks/{task}/versions",
    responses=answers(
        "Publication",
        status=201,
        also={200: "Nothing to publish: the newest version equals the draft. Or a preview."},
        example=examples.PUBLICATION,
    ),
    openapi_extra=takes("Draft", example=examples.DRAFT),
    operation_id="publish_version",
)
def publish(
    request: Request, task: str, draft: DraftBody, query: Annotated[PublishQuery, Query()]
) -> Response:
    """Publish a draft as the task's next version. Its number is computed from what changed; the
    draft's own `version` and `digest` are not read."""
    control, draft = control_of(request), checked_draft(draft, task=task_name(task))
    if query.preview:
        return json_answer(control.registry.preview(draft))
    publication = control.registry.publish(draft, owner())
    return json_answer(publication, 201 if publication.new else 200)


@router.get(
    "/api/tasks/{task}/versions/{reference}",
    responses=answers("Version", example=examples.VERSION),
    operation_id="get_version",
)
def version(request: Request, task: str, reference: str) -> Response:
    """One version, whole. `reference` is a version, a channel, a range such as `^1`, or at least
    six characters of a digest."""
    found = control_of(request).registry.version(task_name(task), _reference(reference))
    return json_answer(found)


@router.get(
    "/api/tasks/{task}/diff",
    responses=answers("Difference"),
    operation_id="diff_versions",
)
def diff(request: Request, task: str, query: Annotated[DiffQuery, Query()]) -> Response:
    """What differs between two versions: text by word, schemas by field, what may break callers
    marked."""
    registry, name = control_of(request).registry, task_name(task)
    old = registry.version(name, _reference(query.old))
    new = registry.version(name, _reference(query.new))
    return json_answer(difference(old, new))


@router.get(
    "/api/channels",
    responses=answers("ChannelList", example=examples.CHANNELS),
    operation_id="list_all_channels",
)
def all_channels(request: Request) -> Response:
    """Where every channel points."""
    return json_answer(ChannelList(channels=control_of(request).registry.channels()))


@router.get(
    "/api/tasks/{task}/channels",
    responses=answers("ChannelList", example=examples.CHANNELS),
    operation_id="list_channels",
)
def channels(request: Request, task: str) -> Response:
    """Where the channels of one task point."""
    registry = control_of(request).registry
    return json_answer(ChannelList(channels=registry.channels(task_name(task))))


@router.post(
    "/api/tasks/{task}/channels/{channel}",
    responses=answers(
        ("Move", "Evidence"),
        also={409: "The gate does not hold; `misses` say which figure misses by how much."},
        example=examples.MOVE,
    ),
    openapi_extra=takes("MoveRequest", example=examples.MOVE_REQUEST),
    operation_id="move_channel",
)
def move(
    request: Request,
    task: str,
    channel: str,
    wish: MoveBody,
    query: Annotated[WeighQuery, Query()],
) -> Response:
    """Point a channel to another version, if role and gate allow it. With `weigh=true`, answers
    the `Evidence` that the move would rely on instead."""
    control = control_of(request)
    check_channel(channel)
    _check_wish(wish, task=task_name(task), channel=channel)
    if query.weigh:
        return json_answer(control.registry.weigh(wish))
    return json_answer(control.registry.move(wish, owner()))


@router.get(
    "/api/history",
    responses=answers("MoveList", example=examples.MOVES),
    operation_id="list_all_moves",
)
def all_history(request: Request, query: Annotated[HistoryQuery, Query()]) -> Response:
    """Moves of all tasks' channels, newest first: who, when, why, and on which evidence."""
    registry = control_of(request).registry
    moves = registry.history(channel=query.channel, limit=query.limit)
    return json_answer(MoveList(moves=moves))


@router.get(
    "/api/tasks/{task}/history",
    responses=answers("MoveList", example=examples.MOVES),
    operation_id="list_moves",
)
def history(request: Request, task: str, query: Annotated[HistoryQuery, Query()]) -> Response:
    """Moves of one task's channels, newest first."""
    registry = control_of(request).registry
    moves = registry.history(task_name(task), channel=query.channel, limit=query.limit)
    return json_answer(MoveList(moves=moves))


@router.get(
    "/api/tasks/{task}/results",
    responses=answers("ResultList", example=examples.RESULTS),
    operation_id="list_results",
)
def results(request: Request, task: str, query: Annotated[ResultQuery, Query()]) -> Response:
    """All runs of a task's cases that were measured on one definition."""
    found = control_of(request).registry.results(
        task_name(task), definition=query.definition, binding=query.binding
    )
    return json_answer(ResultList(results=found))


@router.post(
    "/api/results",
    status_code=204,
    response_class=Response,
    responses=answers(None, status=204),
    openapi_extra=takes("ResultList", example=examples.RESULTS),
    operation_id="record_results",
)
def record(request: Request, body: ResultBody) -> Response:
    """Keep what was measured; a run that is there already is replaced."""
    for name in {result.key.task for result in body.results}:
        task_name(name)
    control_of(request).registry.record(body.results, owner())
    return Response(status_code=204)


@router.get(
    "/api/registry/export",
    responses=answers("Bundle"),
    operation_id="export_registry",
)
def export(request: Request, query: Annotated[ExportQuery, Query()]) -> Response:
    """Versions, channels, history and results, for another installation."""
    acting()
    tasks = [task_name(name) for name in query.task]
    return json_answer(control_of(request).registry.export(tasks))


@router.post(
    "/api/registry/import",
    responses=answers(
        "VersionList",
        also={409: "A version of the same number differs; nothing was taken."},
        example=examples.VERSIONS,
    ),
    openapi_extra=takes("Bundle"),
    operation_id="import_registry",
)
def take(request: Request, bundle: BundleBody) -> Response:
    """Add what an export holds and this registry does not; answers the versions that are new.
    Channels stay where they are."""
    check_versions(bundle)
    added = control_of(request).registry.take(bundle, owner())
    return json_answer(VersionList(versions=added))


def task_name(name: str) -> str:
    """The name, if a task can have it.

    Raises:
        InvalidRequest: none can.
    """
    if not is_task_name(name):
        raise InvalidRequest(
            f"{name[:80]!r} cannot be a task's name, which is at most 100 letters, digits, '.',"
            " '_' and '-'.",
            param="task",
        )
    return name


def _reference(reference: str) -> str:
    if len(reference) > MAX_REFERENCE:
        raise InvalidRequest("No version has a name as long as that.", param="reference")
    return reference


def _check_wish(wish: MoveRequest, *, task: str, channel: str) -> None:
    if (wish.task, wish.channel) != (task, channel):
        raise InvalidRequest(
            f"The body names channel {wish.channel[:80]!r} of {wish.task[:80]!r}, and the address"
            f" {channel!r} of {task!r}.",
            param="task" if wish.task != task else "channel",
        )
    if wish.kind == "import":
        raise InvalidRequest(
            "kind is 'import', which is how the history tells of imported moves. Send 'promote' or"
            " 'rollback'.",
            param="kind",
        )
    if len(wish.why) > MAX_WHY:
        raise InvalidRequest(f"why is longer than {MAX_WHY:,} characters.", param="why")
    _reference(wish.to or "")
