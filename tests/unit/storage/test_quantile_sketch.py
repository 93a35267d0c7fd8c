from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.storage.sketch import RELATIVE_ERROR, QuantileSketch

VALUES = st.floats(1e-3, 1e12) | st.integers(1, 10**12)
MANY = st.lists(VALUES, max_size=60)


@given(st.lists(VALUES, min_size=1, max_size=60), st.floats(0, 1))
def test_a_quantile_is_within_one_percent_of_the_exact_one(values: list[float], q: float) -> None:
    exact = sorted(values)[math.floor(q * (len(values) - 1))]
    found = QuantileSketch(values).quantile(q)
    assert found is not None
    assert abs(found - exact) <= exact * RELATIVE_ERROR * (1 + 1e-9)


@given(MANY, MANY)
def test_merging_is_counting_both(left: list[float], right: list[float]) -> None:
    merged = QuantileSketch(left)
    merged.merge(QuantileSketch(right))
    assert merged == QuantileSketch([*left, *right])


@given(st.lists(VALUES | st.just(0), max_size=60))
def test_bytes_give_the_same_sketch(values: list[float]) -> None:
    sketch = QuantileSketch(values)
    assert QuantileSketch.from_bytes(sketch.to_bytes()) == sketch


def test_without_values_there_is_no_quantile() -> None:
    assert QuantileSketch().quantile(0.5) is None


def test_zero_is_exact_and_sorts_first() -> None:
    sketch = QuantileSketch([0, 0, 0, 100])
    assert sketch.quantile(0.5) == 0
    assert sketch.quantile(1) == pytest.approx(100, rel=RELATIVE_ERROR)
    assert sketch.count == 4


def test_an_hour_of_latencies_takes_little_room() -> None:
    sketch = QuantileSketch(200_000 * 1.0005**k for k in range(10_000))
    assert len(sketch.to_bytes()) < 1_000


@pytest.mark.parametrize("data", [b"", b"\x93\x01\x00\x00", b"\x95\x02\x00\x00\x90\x90"])
def test_other_bytes_are_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a quantile sketch"):
        QuantileSketch.from_bytes(data)
