"""Quantiles of Student's t distribution, for commands that must start quickly. Pure."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

__all__ = ["t_quantile"]

_TINY: Final = 1e-300
_STEPS: Final = 300


@lru_cache(maxsize=1_000)
def t_quantile(probability: float, df: float) -> float:
    """The value that a t distribution with ``df`` degrees of freedom stays below with this
    probability, to about 10 digits."""
    if not 0 < probability < 1 or df <= 0:
        raise ValueError(f"no quantile {probability} with {df} degrees of freedom")
    if probability < 0.5:
        return -t_quantile(1 - probability, df)
    low, high = 0.0, 1.0
    while _t_below(high, df) < probability:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        if _t_below(middle, df) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _t_below(t: float, df: float) -> float:
    """The share of the distribution below ``t``, which is not negative.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.1 with 26.5.27.
    """
    return 1 - _beta_share(df / (df + t * t), df / 2, 0.5) / 2


def _beta_share(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function.

    Source: NIST Digital Library of Mathematical Functions, 8.17.22, the continued fraction, which
    converges quickly below the distribution's mean; 8.17.4 for what lies above it.
    """
    if x <= 0 or x >= 1:
        return min(max(x, 0.0), 1.0)
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta_share(1 - x, b, a)
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    scale += a * math.log(x) + b * math.log1p(-x)
    return math.exp(scale) / a * _fraction(x, a, b)


def _fraction(x: float, a: float, b: float) -> float:
    """1/(1 + d1/(1 + d2/(1 + …))), front to back.

    Source: Lentz, Generating Bessel functions in Mie scattering calculations using continued
    fractions. Applied Optics 15, 1976, 668-671.
    """
    value, up, down = 1.0, 1.0, 0.0
    for step in range(_STEPS):
        m = step // 2
        if step == 0:
            term = 1.0
        elif step % 2:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        down = 1 / _not_zero(1 + term * down)
        up = _not_zero(1 + term / up)
        value *= up * down
        if abs(up * down - 1) < 1e-14:
            break
    return value - 1


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
