"""What trimming found, as values: what ``--json`` writes."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from roadworthy.evaluation.comparison import FigureDifference
from roadworthy.evaluation.trimming.parts import Kind
from roadworthy.registry import Share

__all__ = ["Proposal", "TrimLeftOut", "TrimPart", "TrimPlan", "TrimReport", "TrimVerdict"]

TrimVerdict: TypeAlias = Literal["spare", "needed", "doubtful", "unmeasured"]
"""Of a part alone. ``spare``: without it the gate holds, and no worse is seen than is tolerated.
``needed``: without it answers are worse, and not by chance. ``doubtful``: they look worse, or miss
a threshold, and the cases cannot tell it from chance. ``unmeasured``: the budget ended before."""
TrimLeftOut: TypeAlias = Literal["questions", "cost", "stopped"]


class TrimPart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One part, and what became of the answers without it."""

    number: int
    kind: Kind
    name: str
    file: str
    line: int
    tokens: float
    """What a call is shorter by without it, in the mean of the cases."""
    verdict: TrimVerdict = "unmeasured"
    cases: int = 0
    """Pairs with a verdict on both sides; fewer than all where it was plain before."""
    pass_rate: FigureDifference | None = None
    """Without the part, less with it."""
    reason: str = ""
    """Why it is not spare."""
    worse: tuple[str, ...] = ()
    """Ids of cases that pass less often without it."""
    better: tuple[str, ...] = ()
    proposed: bool = False
    """Whether the proposal leaves it out."""
    usd_a_month: float | None = None
    """What leaving it out saves of input, at list price; None: price or volume is not known."""


class Proposal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The shortest prompt that was found to answer as well."""

    parts: tuple[int, ...]
    """The numbers of what is left out."""
    definition: str
    """Digest of the definition that the patch makes."""
    tokens: float
    """What a call is shorter by, in the mean of the cases."""
    usd_a_month: float | None = None
    pass_rate: FigureDifference
    """Measured with all of it left out, less as it is."""
    figures: tuple[FigureDifference, ...] = ()
    """Score, latency and cost, as far as they were measured on both sides."""
    worse: tuple[str, ...] = ()
    better: tuple[str, ...] = ()
    patch: str


class TrimPlan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What would be asked, before anything is."""

    task: str
    model: str
    estimated: bool = False
    """Whether tokens are estimates."""
    tokens: float | None = None
    """Of a whole prompt, in the mean of the cases."""
    parts: tuple[TrimPart, ...] = ()
    cases: int = 0
    runs: int = 0
    """Of all cases together, once."""
    questions: int = 0
    """To measure the prompt as it is and each part alone, without what was measured before."""
    usd: float | None = None
    """What these may cost at most, about; None: the price is not known."""
    calls_a_month: float | None = None
    volume: str = ""
    """Where that figure comes from."""


class TrimReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was found."""

    format: int = 1
    task: str
    definition: str = ""
    """Digest of the prompt as it is."""
    at_us: int = 0
    """When it was measured; 0: nothing was."""
    model: str
    estimated: bool = False
    tokens: float | None = None
    """Of a whole prompt as it is, in the mean of the cases."""
    calls_a_month: float | None = None
    volume: str = ""
    cases: int = 0
    pass_rate: Share | None = None
    """Of the prompt as it is."""
    gate: bool = False
    """Whether the task has thresholds; without any, only what is lost decides."""
    misses: tuple[str, ...] = ()
    """Thresholds that the prompt as it is misses already."""
    tolerance: float = 0.0
    """Share of the cases that a shorter prompt may lose."""
    parts: tuple[TrimPart, ...] = ()
    proposal: Proposal | None = None
    """None: nothing can go, as far as was measured."""
    tried: int = 0
    """Combinations that were asked."""
    asked: int = 0
    recalled: int = 0
    max_questions: int | None = None
    max_cost_usd: float | None = None
    spent_usd: float = 0.0
    unpriced: int = 0
    left_out: TrimLeftOut | None = None
    """Why not everything was measured."""
    replayed: bool = False
    seconds: float = 0.0
