"""Where a channel's history leads: what it points to, what a rollback goes back to, what a range
may reach. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from roadworthy.core.errors import Forbidden, InvalidRequest, RegistryConflict
from roadworthy.registry.moves import Move, MoveRequest
from roadworthy.registry.version import Actor

__all__ = ["check_allowed", "check_channel", "released_versions", "rollback_target", "trail"]

_CHANNEL: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")
MAX_WHY: Final = 10_000
RESERVED: Final = frozenset({"working"})


def trail(moves: Iterable[Move]) -> list[str]:
    """The versions that a channel came to by promotions that stand, the present one last. A
    rollback takes back every promotion after the version that it went to.

    ``moves`` are one channel's, the oldest first.
    """
    found: list[str] = []
    for move in moves:
        if move.kind == "rollback" and move.to_version in found:
            at = len(found) - 1 - found[::-1].index(move.to_version)
            del found[at + 1 :]
        elif move.kind != "import":
            found.append(move.to_version)
    return found


def rollback_target(moves: Sequence[Move], wanted: str | None, *, task: str, channel: str) -> str:
    """What a rollback goes to: the version before, or one that the channel had.

    Raises:
        RegistryConflict: there is nothing to go back to, or the channel never had it.
    """
    earlier = trail(moves)[:-1]
    while wanted is None and earlier and earlier[-1] == trail(moves)[-1]:
        earlier.pop()
    if wanted is None and earlier:
        return earlier[-1]
    if wanted is not None and wanted in earlier:
        return wanted
    if wanted is not None:
        raise RegistryConflict(
            f"{channel} of {task} cannot go back to {wanted}, which it did not have before."
            f" Promote it: roadworthy promote {task} {wanted} --to {channel}"
        )
    raise RegistryConflict(
        f"{channel} of {task} has no version to go back to. `roadworthy history {task}` lists where"
        " it was"
    )


def released_versions(moves: Iterable[Move]) -> tuple[str, ...]:
    """Versions that a channel pointed to and was not rolled back from since, each once, in the
    order in which it came to them. ``moves`` are the oldest first."""
    found: dict[str, None] = {}
    for move in moves:
        if move.kind == "import":
            continue
        if move.kind == "rollback" and move.from_version is not None:
            found.pop(move.from_version, None)
        found.pop(move.to_version, None)
        found[move.to_version] = None
    return tuple(found)


def check_channel(name: str) -> None:
    """Raises InvalidRequest unless a channel may be called so."""
    if _CHANNEL.fullmatch(name) is None or name in RESERVED:
        raise InvalidRequest(
            f"{name[:60]!r} is no name of a channel: lower-case letters, digits, '-' and '_', at"
            " most 40, a letter first, and not 'working'",
            param="channel",
        )


def check_allowed(request: MoveRequest, by: Actor) -> None:
    """
    Raises:
        Forbidden: this actor may not make this move, or not without a reason.
        InvalidRequest: it is no move that can be asked for.
    """
    if request.kind == "import":
        raise InvalidRequest(
            "channels are promoted or rolled back; `import` marks moves of other installations",
            param="kind",
        )
    if by.role != "owner":
        raise Forbidden(
            f"the key of {by.name} may read only; moving {request.channel} takes an owner's"
        )
    if len(request.why) > MAX_WHY:
        raise InvalidRequest(
            f"the reason has {len(request.why)} characters, of at most {MAX_WHY}", param="why"
        )
    if (request.force or request.lower_gate) and not request.why.strip():
        what = "forcing a promotion" if request.force else "lowering a gate"
        raise Forbidden(f'{what} takes a reason, which the history keeps: --why "…"')
