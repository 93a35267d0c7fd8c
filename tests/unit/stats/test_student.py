from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.stats import t_quantile


@pytest.mark.parametrize(
    ("probability", "df", "value"),
    [
        (0.975, 1, 12.706),
        (0.95, 5, 2.015),
        (0.975, 9, 2.262),
        (0.995, 30, 2.750),
        (0.975, 120, 1.980),
        (0.9, 2, 1.886),
    ],
)
def test_quantiles_are_as_tabulated(probability: float, df: int, value: float) -> None:
    """Abramowitz and Stegun, table 26.10."""
    assert t_quantile(probability, df) == pytest.approx(value, abs=5e-4)


@given(st.floats(0.501, 0.999))
def test_one_and_two_degrees_of_freedom_are_as_their_closed_forms(probability: float) -> None:
    """With one it is Cauchy's distribution; with two, A&S 26.7.4 can be solved."""
    assert t_quantile(probability, 1) == pytest.approx(math.tan(math.pi * (probability - 0.5)))
    x = 2 * probability - 1
    assert t_quantile(probability, 2) == pytest.approx(x * math.sqrt(2 / (1 - x * x)))


def test_many_degrees_of_freedom_are_the_normal_distribution() -> None:
    assert t_quantile(0.975, 1e7) == pytest.approx(1.959963985, abs=1e-6)


def test_it_is_symmetric() -> None:
    assert t_quantile(0.025, 7) == -t_quantile(0.975, 7)
    assert t_quantile(0.5, 7) == pytest.approx(0, abs=1e-9)


def test_what_is_no_probability_is_an_error() -> None:
    with pytest.raises(ValueError, match="no quantile"):
        t_quantile(1.0, 3)
