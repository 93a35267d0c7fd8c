"""Probabilities of a field's values, and what calibration makes of them. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

__all__ = ["Distribution", "calibrated", "likeliest", "mean"]

Distribution: TypeAlias = tuple[float, ...]
"""A probability for each value, in their order; they sum to 1."""

_LEAST = 1e-12


def mean(distributions: Sequence[Distribution]) -> Distribution:
    """The average of several."""
    return tuple(
        math.fsum(column) / len(distributions) for column in zip(*distributions, strict=True)
    )


def calibrated(found: Distribution, prior: Distribution) -> Distribution:
    """What speaks for each value once the bias towards it is taken away: probabilities divided by
    those without content, normalised.

    Source: arXiv:2102.09690, section 4.2: softmax(W p) with W = diag(p_cf)⁻¹ and b = 0, without the
    softmax, which would only make the normalised quotients alike.
    """
    quotients = [p / max(q, _LEAST) for p, q in zip(found, prior, strict=True)]
    total = math.fsum(quotients)
    return tuple(quotient / total for quotient in quotients)


def likeliest(found: Distribution) -> int:
    """The index of the most probable value, the first of equals."""
    return max(range(len(found)), key=lambda index: found[index])
