"""The page of a difference. As in the API, routes run in threads and may block."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from roadworthy.control.context import Control, control_of
from roadworthy.control.prompts.diff_page import diff_view
from roadworthy.control.prompts.playground_page import WORKING, version_choices
from roadworthy.control.query import Text, parse_query
from roadworthy.control.working import working_drafts
from roadworthy.core.errors import NotFound
from roadworthy.registry import Draft, Pointer, Version, VersionRow
from roadworthy.registry.content import version_digest
from roadworthy.registry.differences import difference

__all__ = ["router"]

router = APIRouter(include_in_schema=False, default_response_class=Response)

OFFERED_ROWS: Final = 50


class DiffQuery(BaseModel):
    """Which versions."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    old: Annotated[Text, Field(alias="from")] = None
    new: Annotated[Text, Field(alias="to")] = None
    lines: Literal["changed", "all"] = "changed"


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """The two sides, as the form says them."""

    old: str
    new: str


@router.get("/tasks/{name}/diff")
def show_difference(request: Request, name: str) -> Response:
    control = control_of(request)
    query = parse_query(DiffQuery, request.query_params)
    rows = control.registry.versions(name, limit=OFFERED_ROWS)
    pointers = control.registry.channels(name)
    draft = working_drafts(control.bench.root).get(name)
    if not rows:
        raise NotFound(
            f"There is nothing of {name[:80]!r} to compare: no version is published."
            f' roadworthy publish {name[:80]} -m "first version"'
        )
    chosen = _chosen(query, rows, pointers, draft)
    old, new = (_side(control, name, side, draft) for side in (chosen.old, chosen.new))
    whole = query.lines == "all"
    return control.page(
        "diff.html",
        here="tasks",
        health=control.health(),
        name=name,
        chosen=chosen,
        choices=version_choices(rows, pointers, working=draft is not None, chosen=""),
        view=diff_view(difference(old, new), old.row, new.row, whole=whole),
        whole=whole,
    )


def _chosen(
    query: DiffQuery, rows: list[VersionRow], pointers: list[Pointer], draft: Draft | None
) -> Chosen:
    """What the address says; else from production, or the version before, to what is newest."""
    new = query.new or (WORKING if draft is not None else rows[0].version)
    production = any(pointer.channel == "production" for pointer in pointers)
    before = rows[1].version if len(rows) > 1 else rows[0].version
    old = query.old or ("@production" if production else before)
    return Chosen(old=old, new=new)


def _side(control: Control, name: str, reference: str, draft: Draft | None) -> Version:
    """
    Raises:
        NotFound: there is no such version, or there are no files.
    """
    if reference != WORKING:
        return control.registry.version(name, reference.removeprefix("@"))
    if draft is None:
        raise NotFound(f"There are no files of {name[:80]!r} here.")
    row = VersionRow(
        task=name,
        version="working",
        digest=version_digest(draft.definition, draft.suite),
        definition_digest=draft.definition.digest,
        level="patch",
        message="",
        author="",
        commit=None,
        published_us=0,
    )
    return Version(row=row, definition=draft.definition, suite=draft.suite)
