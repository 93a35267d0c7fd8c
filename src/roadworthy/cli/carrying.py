"""A version on its way from one installation to another: with its history and its results, so
that the gate over there can decide on what was measured here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from roadworthy.core.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from roadworthy.registry import Actor, MoveRequest, Registry, VersionRow

__all__ = ["Carried", "carry"]


class Carried(NamedTuple):
    """What was brought, and what to ask for now."""

    text: str
    request: MoveRequest | None
    """With the version as the source names it; None: it was not brought, so that nothing can be
    weighed over there."""


def carry(
    source: Registry, target: Registry, request: MoveRequest, *, by: Actor, dry_run: bool
) -> Carried:
    """Bring the task's versions, history and results to the target, which keeps what it has; and
    the versions of other tasks that they run.

    The version is found where it comes from: what the request names, else what its channel points
    to there.

    Raises:
        NotFound: the source has no such version.
        RegistryConflict: the target has another version of the same number.
    """
    row = source.version(request.task, request.to or request.channel).row
    request = msgspec.structs.replace(request, to=row.version)
    if dry_run:
        if _has(target, row.task, row.digest):
            return Carried(f"{row.task} {row.version} is there already.", request)
        text = (
            f"{row.task} {row.version} would be brought with its history and results; the gate can"
            " weigh it once it is there."
        )
        return Carried(text, None)
    new = target.take(source.export([row.task]), by)
    if not new:
        return Carried(f"{row.task} {row.version} was there already.", request)
    return Carried(_brought(row.task, new), request)


def _brought(task: str, new: Sequence[VersionRow]) -> str:
    own = ", ".join(row.version for row in new if row.task == task)
    steps = ", ".join(f"{row.task} {row.version}" for row in new if row.task != task)
    of_steps = f"what it runs: {steps}" if steps else ""
    if not own:
        return f"{task} was there already; brought {of_steps}."
    return f"Brought {task} {own}, with history and results" + (
        f", and {of_steps}." if steps else "."
    )


def _has(registry: Registry, task: str, digest: str) -> bool:
    try:
        return registry.version(task, digest).row.digest == digest
    except NotFound:
        return False
