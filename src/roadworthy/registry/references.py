"""What a reference to a version means: a number, a range, a channel, a digest. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from roadworthy.core.documents import did_you_mean
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
) -> VersionRow:
    """The version that a reference means. ``moves`` are those of production, the oldest first.

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
        if len(fitting) == 1:
            return fitting[0]
    raise NotFound(_message(task, reference, by_version, channels))


def _message(
    task: str, reference: str, versions: dict[str, VersionRow], channels: dict[str, str]
) -> str:
    if not versions:
        return f'{task} has no version yet; roadworthy publish {task} -m "why"'
    if is_range(reference):
        return (
            f"production of {task} never pointed to a version in {reference}; it has"
            f" {_some(versions)}"
        )
    hint = did_you_mean(reference, [*channels, *versions])
    if reference in ("production", "staging") and not hint:
        return f"{task} is not in {reference}: roadworthy promote {task} VERSION --to {reference}"
    return f"{task} has no version or channel {reference[:60]!r}{hint or '; it has '}" + (
        "" if hint else _some([*channels, *versions])
    )


def _some(names: Sequence[str] | dict[str, VersionRow], most: int = 5) -> str:
    listed = list(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
