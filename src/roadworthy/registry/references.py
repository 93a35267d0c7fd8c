"""What a reference to a version means: a number, a range, a channel, a digest. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from roadworthy.core.documents import nearest
from roadworthy.core.errors import NotFound
from roadworthy.registry.moves import Move, Pointer
from roadworthy.registry.pointing import released_versions
from roadworthy.registry.semantic import in_range, is_range, newest
from roadworthy.registry.version import VersionRow

__all__ = ["resolve_reference"]

_DIGEST: Final = re.compile(r"[0-9a-f]{6,64}")


def resolve_reference(
    task: str,
    reference: str,
    known: Sequence[VersionRow],
    pointers: Sequence[Pointer],
    moves: Sequence[Move],
    *,
    tasks: Sequence[str] = (),
) -> VersionRow:
    """The version that a reference means. ``known`` are the task's, the newest first, ``moves``
    those of production, the oldest first; only ranges need them. ``tasks`` are the names of those
    that have versions, for the message where this one has none.

    Raises:
        NotFound: there is none; the message names what comes nearest.
    """
    by_version = {row.version: row for row in known}
    channels = {pointer.channel: pointer.version for pointer in pointers}
    wanted: str | None = reference
    if is_range(reference):
        at = channels.get("production")
        released = released_versions(moves)
        wanted = at if at is not None and in_range(at, reference) else newest(released, reference)
    elif reference in channels:
        wanted = channels[reference]
    if wanted is not None and wanted in by_version:
        return by_version[wanted]
    if _DIGEST.fullmatch(reference):
        fitting = [row for row in known if row.digest.startswith(reference)]
        # A task that went back to what it was has two versions of one content.
        if len({row.digest for row in fitting}) == 1:
            return fitting[0]
        if fitting:
            raise NotFound(
                f"{len(fitting)} versions of {task} have a digest that begins with {reference!r}:"
                f" {_some([row.version for row in fitting])}. Give more of it, or the version"
            )
    if not known:
        raise NotFound(_nothing_published(task, tasks))
    raise NotFound(_message(task, reference, by_version, channels))


def _nothing_published(task: str, tasks: Sequence[str]) -> str:
    near = nearest(task, tasks)
    remedy = f'did you mean "{near}"?' if near else f'roadworthy publish {task[:100]} -m "why"'
    return f"{task[:100]} has no version yet; {remedy}"


def _message(
    task: str, reference: str, versions: dict[str, VersionRow], channels: dict[str, str]
) -> str:
    if is_range(reference):
        return (
            f"production of {task} never pointed to a version in {reference}; it has"
            f" {_some(versions)}"
        )
    if reference in ("production", "staging"):
        return f"{task} is not in {reference}: roadworthy promote {task} VERSION --to {reference}"
    near = nearest(reference, [*channels, *versions])
    has = f'did you mean "{near}"?' if near else f"it has {_some([*channels, *versions])}"
    return f"{task} has no version or channel {reference[:60]!r}; {has}"


def _some(names: Sequence[str] | dict[str, VersionRow], most: int = 5) -> str:
    listed = list(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
