from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.stats import difference_interval, wilson_interval

COUNTS = st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_one_share_is_as_published(part: int, whole: int, low: float, high: float) -> None:
    """Newcombe 1998, 857-872, table I, method 3."""
    assert wilson_interval(part, whole) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("now", "before", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0000),
    ],
)
def test_a_difference_is_as_published(
    now: tuple[int, int], before: tuple[int, int], low: float, high: float
) -> None:
    """Newcombe 1998, 873-890, table II, method 10."""
    found = difference_interval(*now, before_part=before[0], before_whole=before[1])
    assert found == pytest.approx((low, high), abs=5e-5)


@given(COUNTS)
def test_an_interval_holds_its_share_and_lies_between_none_and_all(count: tuple[int, int]) -> None:
    part, whole = count
    low, high = wilson_interval(part, whole)
    assert 0 <= low <= part / whole <= high <= 1
    assert wilson_interval(whole - part, whole) == pytest.approx((1 - high, 1 - low))


@given(COUNTS, COUNTS)
def test_a_difference_turned_round_changes_its_sign(
    now: tuple[int, int], before: tuple[int, int]
) -> None:
    low, high = difference_interval(*now, before_part=before[0], before_whole=before[1])
    back = difference_interval(*before, before_part=now[0], before_whole=now[1])
    assert back == pytest.approx((-high, -low))
    assert -1 <= low <= now[0] / now[1] - before[0] / before[1] <= high <= 1


def test_of_nothing_nothing_is_known() -> None:
    assert wilson_interval(0, 0) == (0, 1)
    assert difference_interval(5, 5, before_part=0, before_whole=0) == (-1, 1)


@pytest.mark.parametrize(("part", "whole"), [(3, 2), (-1, 2)])
def test_a_part_is_no_more_than_the_whole(part: int, whole: int) -> None:
    with pytest.raises(ValueError, match="no part"):
        wilson_interval(part, whole)


def test_nineteen_of_twenty_intervals_hold_the_true_difference() -> None:
    dice, held, trials = random.Random(3), 0, 1_500
    for _ in range(trials):
        now = sum(dice.random() < 0.97 for _ in range(200))
        before = sum(dice.random() < 0.99 for _ in range(150))
        low, high = difference_interval(now, 200, before_part=before, before_whole=150)
        held += low <= -0.02 <= high
    assert 0.935 <= held / trials <= 0.985
