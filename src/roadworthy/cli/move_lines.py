"""A move of a channel, or why there was none, as text. Pure."""

from __future__ import annotations

import shlex

from roadworthy.cli.registry_lines import evidence_lines
from roadworthy.core.errors import GateRefused
from roadworthy.core.visible import visible
from roadworthy.registry import Evidence, Move, MoveRequest

__all__ = ["move_lines", "refusal_lines", "weighing_lines"]


def move_lines(move: Move) -> str:
    """Where the channel points now, what that relied on, and the way back."""
    was = f"{move.from_version} → " if move.from_version else ""
    forced = ", forced" if move.forced else ""
    lines = [f"{move.task}: {move.channel} {was}{move.to_version}{forced}, by {move.by.name}."]
    if move.evidence is not None:
        lines += [line for line in (evidence_lines(move.evidence),) if line]
        lines += [f"  missed: {miss.message}" for miss in move.evidence.misses]
    if move.kind == "promote" and move.from_version is None and move.evidence is None:
        # A name that was mistyped would pass for one that is guarded.
        pin = f"task:{move.task}@{move.channel}"
        lines.append(f"{move.channel} is a new channel without a gate; callers reach it by {pin}.")
    if move.kind == "promote" and move.from_version is not None:
        channel = "" if move.channel == "production" else f" --channel {shlex.quote(move.channel)}"
        lines.append(f"Back: roadworthy rollback {shlex.quote(move.task)}{channel}")
    return visible("\n".join(lines))


def weighing_lines(request: MoveRequest, evidence: Evidence) -> str:
    """What a promotion would rely on."""
    what = f"{request.task} {request.to} to {request.channel}"
    verdict = "would be refused" if evidence.misses else "would hold"
    lines = [f"Promoting {what} {verdict}."]
    lines += [line for line in (evidence_lines(evidence),) if line]
    lines += [f"  missed: {miss.message}" for miss in evidence.misses]
    return "\n".join(lines)


def refusal_lines(refused: GateRefused) -> str:
    """What the gate found missing, one figure a line."""
    misses = [f"  {miss}" for miss in refused.misses if miss not in refused.message]
    return "\n".join([f"roadworthy: {refused.message}", *misses])
