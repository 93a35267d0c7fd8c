"""What the list of tasks says of versions: what production serves, how far it is behind, who moved
it last. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from roadworthy.control.links import prompt_link, version_link
from roadworthy.control.prompts.channel_page import Behind, behind_of
from roadworthy.control.prompts.prompt_figures import percent_of
from roadworthy.registry import Draft, Move, Pointer, VersionRow
from roadworthy.registry.content import version_digest
from roadworthy.registry.counts import TaskSteps

__all__ = ["GateState", "TaskState", "task_states"]

PRODUCTION = "production"


class GateState(msgspec.Struct, frozen=True, kw_only=True):
    """How the gate stood at the last move of production."""

    text: str
    held: bool | None
    """None: no gate bound it."""


class TaskState(msgspec.Struct, frozen=True, kw_only=True):
    """The versions of one task, in a line."""

    task: str
    versions: int
    newest: VersionRow | None
    """None: none is published, there are only files."""
    newest_href: str
    production: Pointer | None
    production_href: str
    behind: Behind | None
    last: Move | None
    """None: production was never moved, or so long ago that it was not read."""
    gate: GateState | None
    files: str
    """How the working copy stands to the newest version; empty: there is none."""
    files_href: str
    """The address of the difference."""


def task_states(
    tasks: Iterable[TaskSteps],
    *,
    pointers: Iterable[Pointer],
    moves: Iterable[Move],
    drafts: Mapping[str, Draft],
) -> list[TaskState]:
    """One line a task that is published or has files, by name. ``moves`` are those of production,
    newest first."""
    by_task: dict[str, TaskSteps | None] = dict.fromkeys(drafts)
    by_task |= {found.newest.task: found for found in tasks}
    at = {pointer.task: pointer for pointer in pointers if pointer.channel == PRODUCTION}
    last: dict[str, Move] = {}
    for move in moves:
        last.setdefault(move.task, move)
    return [
        _state(task, found, at.get(task), last.get(task), drafts.get(task))
        for task, found in sorted(by_task.items())
    ]


def _state(
    task: str,
    found: TaskSteps | None,
    pointer: Pointer | None,
    last: Move | None,
    draft: Draft | None,
) -> TaskState:
    newest, steps = (None, ()) if found is None else (found.newest, found.steps)
    files, files_href = _files(task, newest, draft)
    return TaskState(
        task=task,
        versions=len(steps),
        newest=newest,
        newest_href=version_link(task, newest.version) if newest else "",
        production=pointer,
        production_href=version_link(task, pointer.version) if pointer else "",
        behind=behind_of(task, pointer.version, steps) if pointer else None,
        last=last,
        gate=None if last is None else _gate(last),
        files=files,
        files_href=files_href,
    )


def _gate(move: Move) -> GateState:
    evidence = move.evidence
    if move.forced:
        return GateState(text="forced", held=False)
    if evidence is None or not evidence.figures.runs:
        return GateState(text="rolled back" if move.kind == "rollback" else "no gate", held=None)
    rate = evidence.figures.pass_rate
    told = "" if rate is None else f"{percent_of(rate.value)} of {rate.n} pass"
    return GateState(text=told or "held", held=True)


def _files(task: str, newest: VersionRow | None, draft: Draft | None) -> tuple[str, str]:
    if draft is None:
        return "", ""
    if newest is None:
        return "not published", ""
    if version_digest(draft.definition, draft.suite) == newest.digest:
        return "as published", ""
    return "differ", prompt_link(task, "diff", **{"from": newest.version, "to": "@working"})
