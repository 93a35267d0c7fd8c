"""What the pages of channels and of their history say. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from roadworthy.control.links import prompt_link, version_link
from roadworthy.control.prompts.prompt_figures import EvidenceView, evidence_view
from roadworthy.registry import Evidence, Move, Pointer, VersionRow
from roadworthy.registry.counts import Step
from roadworthy.tasks.gate import Gate

__all__ = [
    "Behind",
    "ChannelCard",
    "MoveLine",
    "Weighing",
    "behind_of",
    "channel_cards",
    "move_line",
    "told_move",
    "weighing_of",
]

VERBS: Final = {"promote": "Promoted", "rollback": "Rolled back", "import": "Imported"}
PROTECTED: Final = "production"
_LEVELS: Final = ("major", "minor", "patch")


class Behind(msgspec.Struct, frozen=True, kw_only=True):
    """How far a channel is behind the newest version."""

    versions: int
    text: str
    """``2 behind: 1 minor, 1 patch``; ``newest`` where there is none."""
    diff: str
    """The address of the difference; empty where there is none."""


class ChannelCard(msgspec.Struct, frozen=True, kw_only=True):
    """One channel as it stands."""

    pointer: Pointer
    version: VersionRow | None
    """None: the version is beyond the ones that were read."""
    href: str
    behind: Behind | None
    last: Move | None
    back_to: str | None
    """Where a rollback leads; None: the channel had no other version."""


class MoveLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the history."""

    move: Move
    verb: str
    to: str
    """The address of the version that it led to."""
    diff: str
    """Empty where the channel came from nowhere."""
    evidence: EvidenceView | None


class Weighing(msgspec.Struct, frozen=True, kw_only=True):
    """What a promotion would rely on, before it is asked for."""

    channel: str
    to: str
    from_version: str | None
    protected: bool
    evidence: EvidenceView
    diff: str

    @property
    def refused(self) -> bool:
        """Whether the gate says no."""
        return self.protected and bool(self.evidence.misses)

    @property
    def lowers(self) -> bool:
        """Whether the candidate lowers a threshold of the channel's version."""
        return self.protected and bool(self.evidence.evidence.lowered)

    @property
    def moves(self) -> bool:
        return self.to != self.from_version


def behind_of(task: str, version: str, rows: Sequence[VersionRow | Step]) -> Behind | None:
    """How far this version is behind the newest of ``rows``, which are newest first; None: it is
    not among them."""
    at = next((index for index, row in enumerate(rows) if row.version == version), None)
    if at is None:
        return None
    if at == 0:
        return Behind(versions=0, text="newest", diff="")
    levels = [row.level for row in rows[:at]]
    told = ", ".join(f"{levels.count(level)} {level}" for level in _LEVELS if level in levels)
    diff = prompt_link(task, "diff", **{"from": version, "to": rows[0].version})
    return Behind(versions=at, text=f"{at} behind: {told}", diff=diff)


def channel_cards(
    task: str,
    pointers: Iterable[Pointer],
    *,
    rows: Sequence[VersionRow],
    moves: Sequence[Move],
    back_to: Mapping[str, str | None],
) -> list[ChannelCard]:
    """The channels, protected ones first. ``moves`` are newest first; ``back_to`` says where a
    rollback of each channel would lead."""
    by_version = {row.version: row for row in rows}
    cards = [
        ChannelCard(
            pointer=pointer,
            version=by_version.get(pointer.version),
            href=version_link(task, pointer.version),
            behind=behind_of(task, pointer.version, rows),
            last=next((move for move in moves if move.channel == pointer.channel), None),
            back_to=back_to.get(pointer.channel),
        )
        for pointer in pointers
    ]
    return sorted(cards, key=lambda card: (not card.pointer.protected, card.pointer.channel))


def weighing_of(
    task: str,
    *,
    channel: str,
    to: str,
    pointer: Pointer | None,
    evidence: Evidence,
    gate: Gate | None = None,
) -> Weighing:
    """What the registry says of a promotion that somebody thinks of."""
    from_version = None if pointer is None else pointer.version
    # A channel that points nowhere yet cannot say so itself.
    is_protected = pointer.protected if pointer else bool(channel == PROTECTED or evidence.misses)
    diff = (
        ""
        if from_version in (None, to)
        else prompt_link(task, "diff", **{"from": from_version, "to": to})
    )
    return Weighing(
        channel=channel,
        to=to,
        from_version=from_version,
        protected=is_protected,
        evidence=evidence_view(evidence, gate),
        diff=diff,
    )


def move_line(move: Move) -> MoveLine:
    """One line of the history."""
    diff = (
        ""
        if move.from_version in (None, move.to_version)
        else prompt_link(move.task, "diff", **{"from": move.from_version, "to": move.to_version})
    )
    return MoveLine(
        move=move,
        verb=VERBS[move.kind],
        to=version_link(move.task, move.to_version),
        diff=diff,
        evidence=None if move.evidence is None else evidence_view(move.evidence),
    )


def told_move(move: Move) -> str:
    """The move as the message that follows it."""
    verb = "rolled back" if move.kind == "rollback" else "moved"
    came = f" from {move.from_version}" if move.from_version else ""
    forced = " against its gate" if move.forced else ""
    return f"{move.channel} was {verb}{came} to {move.to_version}{forced}."
