"""`[gate]` of `task.toml`: the figures that a version must reach before a protected channel may
point to it. What they are compared with is decided in `roadworthy.registry`."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec

__all__ = ["Gate"]

Fraction: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1)]
Positive: TypeAlias = Annotated[float, msgspec.Meta(gt=0)]


class Gate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Thresholds; one that is left out does not bind."""

    pass_rate: Fraction | None = None
    """Least weighted share of the cases that pass."""
    tags: dict[str, Fraction] = {}
    """Least pass rate of the cases with a tag."""
    conformance: Fraction | None = None
    """Least share of the runs that delivered a value."""
    stability: Fraction | None = None
    """Least share of the runs of a case that give its most frequent answer, over the cases that
    ran more than once."""
    p95_ms: Positive | None = None
    """Most milliseconds that 95 of 100 runs may take."""
    cost_usd: Annotated[float, msgspec.Meta(ge=0)] | None = None
    """Most US dollars that a run may cost in the mean."""
    confidence: Annotated[float, msgspec.Meta(gt=0.5, lt=1)] | None = None
    """Left out: the shares as measured must reach their thresholds. 0.95: the lower ends of their
    one-sided intervals must, which few cases cannot show."""
