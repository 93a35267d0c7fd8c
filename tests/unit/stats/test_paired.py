from __future__ import annotations

import math
import random
from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.stats import (
    cases_needed,
    detectable,
    mean_difference,
    share_difference,
    sign_test,
    t_quantile,
)

SHARES = st.lists(st.floats(-1, 1), min_size=1, max_size=30)


def drawn(rng: random.Random, pairs: tuple[float, float, float]) -> float:
    better, worse, _ = pairs
    chance = rng.random()
    return 1.0 if chance < better else -1.0 if chance < better + worse else 0.0


def covered(draw: Callable[[], list[float]], truth: float, *, trials: int = 1_500) -> float:
    hits = 0
    for _ in range(trials):
        found = share_difference(draw())
        hits += found.low <= truth <= found.high
    return hits / trials


def coverage(cases: int, *, better: float, worse: float) -> float:
    """How often the interval holds the true difference, over every possible table."""
    found = 0.0
    for up, down in product(range(cases + 1), repeat=2):
        same = cases - up - down
        if same < 0:
            continue
        ways = math.comb(cases, up) * math.comb(cases - up, down)
        chance = ways * better**up * worse**down * (1 - better - worse) ** same
        interval = share_difference([1.0] * up + [-1.0] * down + [0.0] * same)
        found += chance * (interval.low - 1e-9 <= better - worse <= interval.high + 1e-9)
    return found


@pytest.mark.parametrize(
    ("better", "worse"), [(0.1, 0.1), (0.2, 0.05), (0.3, 0.1), (0.02, 0.02), (0.3, 0.02)]
)
@pytest.mark.parametrize("cases", [6, 12, 30])
def test_the_interval_holds_the_true_difference_as_often_as_it_says(
    cases: int, better: float, worse: float
) -> None:
    assert coverage(cases, better=better, worse=worse) > 0.94


def test_few_cases_may_hold_it_less_often_where_none_gets_worse() -> None:
    """What the docstring says: the least over a grid of tables."""
    steps = [step / 20 for step in range(20)]
    grid = [(b, w) for b, w in product(steps, repeat=2) if b >= w and 0 < b + w < 1]
    found = [coverage(12, better=better, worse=worse) for better, worse in grid]
    assert min(found) == pytest.approx(0.913, abs=0.005)
    assert sum(found) / len(found) == pytest.approx(0.964, abs=0.005)


def test_repeats_do_not_make_it_surer_than_it_is() -> None:
    """Five runs a case on each side, of cases that differ in how hard they are."""
    rng = random.Random(2)

    def passes(chance: float) -> float:
        return sum(rng.random() < chance for _ in range(5)) / 5

    def draw() -> list[float]:
        cases = [rng.choice((0.05, 0.5, 0.95)) for _ in range(30)]
        return [passes(min(1, p + 0.1 * (p == 0.5))) - passes(p) for p in cases]

    assert covered(draw, 0.1 / 3) > 0.94


def test_the_mean_holds_the_true_difference_of_latencies_as_often_as_it_says() -> None:
    rng = random.Random(3)
    trials, hits = 1_500, 0
    truth = math.exp(6.2 + 0.08) - math.exp(6 + 0.08)
    for _ in range(trials):
        found = mean_difference(
            [rng.lognormvariate(6.2, 0.4) - rng.lognormvariate(6, 0.4) for _ in range(25)]
        )
        assert found is not None
        hits += found.low <= truth <= found.high
    assert 0.93 < hits / trials < 0.97


def test_the_number_of_cases_finds_the_difference_four_times_out_of_five() -> None:
    rng, pairs = random.Random(4), (0.2, 0.05, 0.6)
    pilot = [drawn(rng, pairs) for _ in range(4_000)]
    needed = cases_needed(pilot, 0.15)
    assert needed is not None
    found = sum(
        share_difference([drawn(rng, pairs) for _ in range(needed)]).told for _ in range(1_000)
    )
    assert found / 1_000 == pytest.approx(0.8, abs=0.05)


def test_a_fourfold_table_is_as_the_formula_gives() -> None:
    """Agresti and Min: half a case in each of the cells of 6 better, 2 worse, 42 the same."""
    better, worse, n = 6.5, 2.5, 52
    middle = (better - worse) / n
    half = t_quantile(0.975, 51) * math.sqrt(((better + worse) - (better - worse) ** 2 / n) / n**2)
    found = share_difference([1.0] * 6 + [-1.0] * 2 + [0.0] * 42)
    assert found == pytest.approx((0.08, middle - half, middle + half), abs=1e-6)


def test_cases_that_all_agree_promise_no_certainty() -> None:
    low, high = share_difference([0.0] * 20)[1:]
    assert low == pytest.approx(-high)
    assert high > 0.08
    assert share_difference([]) == (0, -1, 1)


@given(SHARES)
def test_turned_round_a_difference_changes_its_sign(differences: list[float]) -> None:
    value, low, high = share_difference(differences)
    assert -1 <= low <= high <= 1
    assert share_difference([-d for d in differences]) == pytest.approx((-value, -high, -low))


@given(SHARES, st.floats(0.1, 10))
def test_equal_weights_are_no_weights(differences: list[float], weight: float) -> None:
    weighted = share_difference(differences, [weight] * len(differences))
    assert weighted == pytest.approx(share_difference(differences))


def test_weights_that_differ_move_the_mean_and_widen_the_interval() -> None:
    differences = [1.0, 0.0, 0.0, 1.0] * 10
    even = share_difference(differences)
    uneven = share_difference(differences, [3.0, 3.0, 1.0, 1.0] * 10)
    assert even.value == uneven.value == pytest.approx(0.5)
    assert uneven.high - uneven.low > even.high - even.low
    assert share_difference([1.0, 0.0], [3.0, 1.0]).value == pytest.approx(0.75)
    assert share_difference([1.0, 1.0], [0.0, 0.0]) == (0, -1, 1)


def test_the_paired_t_is_as_published() -> None:
    """Student, The probable error of a mean. Biometrika 6, 1908, 1-25: ten patients' additional
    sleep, laevo- less dextro-hyoscyamine; the interval is R's, t.test(..., paired = TRUE)."""
    sleep = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]
    assert mean_difference(sleep) == pytest.approx((1.58, 0.7001142, 2.4598858), abs=1e-6)


def test_one_case_says_nothing_of_a_mean() -> None:
    assert mean_difference([3.0]) is None


@pytest.mark.parametrize(("more", "fewer"), [(0, 0), (1, 0), (5, 5), (9, 3), (0, 8), (2, 7)])
def test_the_sign_test_is_what_tossing_every_coin_gives(more: int, fewer: int) -> None:
    n = more + fewer
    heads = [sum(toss) for toss in product((0, 1), repeat=n)]
    distance = abs(more - n / 2)
    extreme = sum(abs(h - n / 2) >= distance for h in heads) / len(heads)
    assert sign_test(more, fewer) == pytest.approx(extreme)


def test_no_difference_needs_no_number_of_cases() -> None:
    assert cases_needed([0.0, 0.0]) is None
    assert cases_needed([]) is None
    assert detectable([]) == math.inf


def test_as_many_cases_as_are_needed_can_detect_the_difference() -> None:
    differences = [1.0] * 20 + [-1.0] * 10 + [0.0] * 70
    needed = cases_needed(differences)
    assert needed is not None
    assert detectable(differences * 10) == pytest.approx(0.1 * math.sqrt(needed / 1_000), rel=0.05)
