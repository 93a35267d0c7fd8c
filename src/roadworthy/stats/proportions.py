"""Intervals for shares of calls, and for the difference between two of them.

Calls are taken as independent of each other. Where a few callers send most of them, the true
intervals are wider.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

__all__ = ["Interval", "difference_interval", "wilson_interval"]

_Z_95: Final = 1.959963984540054
"""The normal distribution's 97.5 % point."""


class Interval(NamedTuple):
    """A 95 % confidence interval."""

    low: float
    high: float


def wilson_interval(part: float, whole: float) -> Interval:
    """Where the share lies of which ``part`` of ``whole`` were seen; of nothing, anywhere.

    Source: Wilson, Probable inference, the law of succession, and statistical inference. JASA 22,
    1927; the score interval without continuity correction, method 3 of Newcombe, Two-sided
    confidence intervals for the single proportion. Statistics in Medicine 17, 1998, 857-872.
    """
    if not 0 <= part <= whole:
        raise ValueError(f"{part} is no part of {whole}")
    if whole == 0:
        return Interval(0.0, 1.0)
    share, z2 = part / whole, _Z_95**2
    middle = share + z2 / (2 * whole)
    half = _Z_95 * math.sqrt(share * (1 - share) / whole + z2 / (4 * whole**2))
    scale = 1 + z2 / whole
    # Rounding must not leave out the share itself at the ends.
    low = 0.0 if part == 0 else (middle - half) / scale
    high = 1.0 if part == whole else (middle + half) / scale
    return Interval(low, high)


def difference_interval(part: int, whole: int, *, before_part: int, before_whole: int) -> Interval:
    """Where the share of now less the share of before lies; of nothing on either side, anywhere.

    Source: method 10 of Newcombe, Interval estimation for the difference between independent
    proportions. Statistics in Medicine 17, 1998, 873-890.
    """
    now, before = wilson_interval(part, whole), wilson_interval(before_part, before_whole)
    if not whole or not before_whole:
        return Interval(-1.0, 1.0)
    share, was = part / whole, before_part / before_whole
    down = math.hypot(share - now.low, before.high - was)
    up = math.hypot(now.high - share, was - before.low)
    return Interval(max(-1.0, share - was - down), min(1.0, share - was + up))
