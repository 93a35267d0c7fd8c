"""What the rest of the house asks of the registry: the port of this room.

`roadworthy.registry.store` keeps it in the database. A command that finds a keeper at work asks
the same of the keeper's API. Methods may block.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from roadworthy.registry.moves import Evidence, Move, MoveRequest, Pointer
from roadworthy.registry.results import CaseResult
from roadworthy.registry.version import Actor, Draft, Publication, Version, VersionRow

__all__ = ["Registry"]


class Registry(Protocol):
    """Published versions, channels, their history, and what tests have measured."""

    def publish(self, draft: Draft, by: Actor) -> Publication:
        """Make the draft the task's next version, unless it equals the newest. The tasks that it
        runs are pinned to published versions of theirs.

        Raises:
            Forbidden: `by` is no owner.
            RegistryConflict: it runs a task in a state that no version has.
            InvalidRequest: there is no message, or `bump` would lower the computed level.
        """
        ...

    def preview(self, draft: Draft) -> Publication:
        """What `publish` would do, once what is `unpublished` has been; writes nothing."""
        ...

    def versions(self, task: str | None = None, *, limit: int = 100) -> list[VersionRow]:
        """Newest first; of one task, or of all."""
        ...

    def version(self, task: str, reference: str) -> Version:
        """``1.4.0``, ``^1``, ``production``, or at least 6 characters of a digest.

        Raises:
            NotFound: there is none; the message names what comes nearest.
        """
        ...

    def channels(self, task: str | None = None) -> list[Pointer]:
        """Where every channel points, by task and name."""
        ...

    def history(
        self, task: str | None = None, *, channel: str | None = None, limit: int = 100
    ) -> list[Move]:
        """Moves, newest first; of kind ``import``, those that were made in other installations."""
        ...

    def weigh(self, request: MoveRequest) -> Evidence:
        """What a promotion would rely on, its `misses` included; writes nothing."""
        ...

    def move(self, request: MoveRequest, by: Actor) -> Move:
        """Point the channel there, if role and gate allow it.

        Raises:
            GateRefused: the gate does not hold; `misses` say which figure misses by how much.
            Forbidden: it takes another role, or a reason.
            NotFound: there is no such task or version.
            RegistryConflict: it points there already, has nothing to go back to, or what the
                version needs is not here: its model, or the Python that it runs.
        """
        ...

    def results(
        self, task: str, *, definition: str, binding: str | None = None
    ) -> list[CaseResult]:
        """All runs of this definition, of one binding or of all."""
        ...

    def record(self, results: Sequence[CaseResult], by: Actor) -> None:
        """Keep these; a run that is there already is replaced.

        Raises:
            Forbidden: `by` is no owner.
        """
        ...

    def export(self, tasks: Iterable[str] = ()) -> dict[str, Any]:
        """Versions, channels, history and results as plain JSON values; of all tasks by default."""
        ...

    def take(self, bundle: dict[str, Any], by: Actor) -> list[VersionRow]:
        """Add what an export holds and this registry does not; the versions that are new. Channels
        stay where they are. An equal version is no conflict, a different one of the same number is.

        Raises:
            RegistryConflict: a version of the same number differs; nothing was taken.
            ExportDamaged: it is no export, or a version is not what its digest says.
            Forbidden: `by` is no owner.
        """
        ...
