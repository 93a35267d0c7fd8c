"""A registry of given values, for tests of the pages: it computes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from roadworthy.core.errors import Forbidden, GateRefused, NotFound
from roadworthy.registry import (
    Actor,
    CaseResult,
    Draft,
    Evidence,
    Figures,
    Level,
    Move,
    MoveRequest,
    Pointer,
    Publication,
    Version,
    VersionRow,
)
from roadworthy.tasks import TaskDefinition, Template
from roadworthy.tasks.cases import Suite

NOW_US = 1_795_232_467_000_000


def row_of(version: str, *, task: str = "triage", **changes: Any) -> VersionRow:
    """A line of the list; its digests follow from its number."""
    level: Level = "major" if version.endswith(".0.0") else "minor"
    fields: dict[str, Any] = {
        "task": task,
        "version": version,
        "digest": f"{hash((task, version)) & 0xFFFFFFFFFFFF:064x}",
        "definition_digest": f"{hash((version, task)) & 0xFFFFFFFFFFFF:064x}",
        "level": level,
        "message": f"message of {version}",
        "author": "Ada",
        "commit": "0123456789abcdef0123",
        "published_us": NOW_US,
    }
    return VersionRow(**(fields | changes))


def version_of(row: VersionRow, *, suite: Suite | None = None, **changes: Any) -> Version:
    """The version of a line, with a small definition."""
    fields: dict[str, Any] = {
        "name": row.task,
        "version": row.version,
        "digest": row.definition_digest,
        "model": "local",
        "input_schema": {
            "type": "object",
            "properties": {"comment": {"type": "string"}},
            "required": ["comment"],
        },
        "templates": (Template(role="user", source="{{ comment }}", file="prompt/user.md"),),
    }
    return Version(row=row, definition=TaskDefinition(**(fields | changes)), suite=suite or Suite())


class FixedRegistry:
    """Answers with these values; `moved` and `asked` hold what it was told."""

    def __init__(
        self,
        versions: Iterable[Version] = (),
        *,
        pointers: Iterable[Pointer] = (),
        moves: Iterable[Move] = (),
        results: Iterable[CaseResult] = (),
        evidence: Evidence | None = None,
    ) -> None:
        self.known = list(versions)
        """Newest first."""
        self.pointers = list(pointers)
        self.moves = list(moves)
        self.measured = list(results)
        self.evidence = evidence or Evidence(figures=Figures())
        self.moved: list[tuple[MoveRequest, Actor]] = []
        self.asked = 0

    def publish(self, draft: Draft, by: Actor) -> Publication:
        raise Forbidden

    def preview(self, draft: Draft) -> Publication:
        self.asked += 1
        own = [v.row for v in self.known if v.row.task == draft.definition.name]
        return Publication(version=own[0], new=False, previous=own[0].version)

    def versions(self, task: str | None = None, *, limit: int = 100) -> list[VersionRow]:
        self.asked += 1
        return [v.row for v in self.known if task in (None, v.row.task)][:limit]

    def version(self, task: str, reference: str) -> Version:
        self.asked += 1
        at = {p.channel: p.version for p in self.pointers if p.task == task}
        wanted = at.get(reference, reference)
        for version in self.known:
            if version.row.task == task and version.row.version == wanted:
                return version
        raise NotFound(f"There is no version {reference!r} of {task!r}.")

    def channels(self, task: str | None = None) -> list[Pointer]:
        self.asked += 1
        return [p for p in self.pointers if task in (None, p.task)]

    def history(
        self, task: str | None = None, *, channel: str | None = None, limit: int = 100
    ) -> list[Move]:
        self.asked += 1
        return [m for m in self.moves if task in (None, m.task) and channel in (None, m.channel)][
            :limit
        ]

    def weigh(self, request: MoveRequest) -> Evidence:
        self.asked += 1
        return self.evidence

    def move(self, request: MoveRequest, by: Actor) -> Move:
        if self.evidence.misses and not request.force:
            raise GateRefused(
                "the gate refuses", misses=tuple(miss.message for miss in self.evidence.misses)
            )
        self.moved.append((request, by))
        back = self.known[-1].row.version
        move = Move(
            id=f"move-{len(self.moved)}",
            task=request.task,
            channel=request.channel,
            kind=request.kind,
            from_version=next((p.version for p in self.pointers), None),
            to_version=request.to or back,
            at_us=NOW_US,
            by=by,
            why=request.why,
            forced=request.force,
            evidence=self.evidence,
        )
        self.moves.insert(0, move)
        self.pointers = [
            msgspec.structs.replace(p, version=move.to_version)
            if p.channel == move.channel and p.task == move.task
            else p
            for p in self.pointers
        ]
        return move

    def results(
        self, task: str, *, definition: str, binding: str | None = None
    ) -> list[CaseResult]:
        self.asked += 1
        return [r for r in self.measured if r.key.task == task and r.key.definition == definition]

    def record(self, results: Sequence[CaseResult], by: Actor) -> None:
        self.measured += results

    def export(self, tasks: Iterable[str] = ()) -> dict[str, Any]:
        return {}

    def take(self, bundle: dict[str, Any], by: Actor) -> list[VersionRow]:
        return []
