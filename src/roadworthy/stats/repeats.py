"""What repeats of one question say: how often it goes right, and how alike answers are. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence

__all__ = ["pairwise_agreement", "pass_at_k", "pass_hat_k", "share_identical"]


def pass_at_k(runs: int, passed: int, *, k: int) -> float:
    """How likely at least one of ``k`` further runs passes; unbiased, for ``k`` up to ``runs``.

    Source: Chen et al., Evaluating large language models trained on code. arXiv:2107.03374, 2021,
    equation 1.
    """
    _check(runs, passed, k)
    return 1 - math.comb(runs - passed, k) / math.comb(runs, k)


def pass_hat_k(runs: int, passed: int, *, k: int) -> float:
    """How likely all of ``k`` further runs pass; unbiased, for ``k`` up to ``runs``.

    Source: Yao et al., tau-bench: a benchmark for tool-agent-user interaction in real-world
    domains. arXiv:2406.12045, 2024, section 4, where it is written pass^k.
    """
    _check(runs, passed, k)
    return math.comb(passed, k) / math.comb(runs, k)


def share_identical(answers: Sequence[Hashable]) -> float:
    """The share of the answers that are the most frequent one; of none, 1."""
    if not answers:
        return 1.0
    return max(Counter(answers).values()) / len(answers)


def pairwise_agreement(answers: Sequence[Hashable]) -> float:
    """The share of the pairs of answers that are equal; of fewer than two, 1.

    Unlike `share_identical` it does not grow when there are fewer answers: it estimates how likely
    two further answers are equal, without bias.

    Source: the agreement on one subject in Fleiss, Measuring nominal scale agreement among many
    raters. Psychological Bulletin 76, 1971, 378-382, equation 2.
    """
    n = len(answers)
    if n < 2:
        return 1.0
    return sum(c * (c - 1) for c in Counter(answers).values()) / (n * (n - 1))


def _check(runs: int, passed: int, k: int) -> None:
    if not 0 <= passed <= runs or not 1 <= k <= runs:
        raise ValueError(f"no k = {k} with {passed} of {runs} runs passed")
