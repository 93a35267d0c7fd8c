"""Channels and the append-only history of their moves. Values only."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from roadworthy.registry.version import Actor

__all__ = ["Evidence", "Figures", "Miss", "Move", "MoveKind", "MoveRequest", "Pointer", "Share"]

MoveKind: TypeAlias = Literal["promote", "rollback", "import"]


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A share of cases or runs with its interval."""

    value: float
    low: float
    high: float
    """Ends of the 95 % interval."""
    n: int
    """Cases or runs that were counted; unscored ones are not."""


class Figures(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the results of a version's cases amount to. None: nothing was measured."""

    pass_rate: Share | None = None
    """Weighted."""
    tags: dict[str, Share] = {}
    conformance: Share | None = None
    stability: float | None = None
    p95_ms: float | None = None
    cost_usd: float | None = None
    """Mean of a run."""
    cases: int = 0
    runs: int = 0
    unscored: int = 0
    """Cases that have no verdict."""
    flaky: tuple[str, ...] = ()
    """Ids of cases that passed in some runs and failed in others."""


class Miss(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A threshold of the gate that is not reached."""

    figure: str
    """``pass_rate``, ``tags.edge``, ``conformance``, ``stability``, ``p95_ms``, ``cost_usd``, or
    ``cases`` where results are missing."""
    wanted: float
    found: float | None
    """None: it was not measured."""
    message: str
    """The whole of it in words, with by how much, and the remedy."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a move relied on."""

    figures: Figures
    bindings: dict[str, str] = {}
    """What each logical model stood for: name → ``provider/model``."""
    binding: str = ""
    """Digest of the models that were measured, see `ResultKey.binding`."""
    environment: str = ""
    """The installation that measured the results, or several; not always the one that moves."""
    measured_us: int | None = None
    """When the last of the results was measured."""
    misses: tuple[Miss, ...] = ()
    """What the gate found missing; not empty only in forced moves."""
    invalid_cases: tuple[str, ...] = ()
    """Cases of the channel's version whose input the candidate does not accept; left out."""
    changed_cases: tuple[str, ...] = ()
    """Cases of the channel's version of which the candidate expects something else; they were
    scored as the candidate says."""
    lowered: tuple[str, ...] = ()
    """Thresholds of the channel's version that the candidate lowers; it had to be allowed."""


class Pointer(msgspec.Struct, frozen=True, kw_only=True):
    """A channel as it stands."""

    task: str
    channel: str
    version: str
    since_us: int
    protected: bool = False


class MoveRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A wish to point a channel to a version."""

    task: str
    channel: str = "production"
    to: str | None = None
    """A version, a range or a channel; None, for a rollback: the one before."""
    kind: MoveKind = "promote"
    why: str = ""
    force: bool = False
    """Move although the gate refuses. Takes an owner and a reason, and is recorded."""
    lower_gate: bool = False
    """Use the candidate's own thresholds where they are lower than those of the channel's version.
    Takes an owner and a reason, and is recorded."""


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the history."""

    id: str
    task: str
    channel: str
    kind: MoveKind
    from_version: str | None
    to_version: str
    at_us: int
    by: Actor
    why: str = ""
    forced: bool = False
    evidence: Evidence | None = None
    """None: the channel is not protected, or the move went back to a version that it had."""
    environment: str = ""
    """The installation whose channel was moved."""
