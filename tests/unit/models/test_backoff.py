"""Waiting times."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.models.backoff import backoff_s, retry_after_s


def test_waits_double_up_to_a_limit() -> None:
    assert [backoff_s(n, jitter=0.0) for n in (0, 1, 2, 20)] == [0.2, 0.4, 0.8, 8.0]


@given(st.integers(0, 50), st.floats(0, 0.999))
def test_jitter_takes_at_most_half_off(retries: int, jitter: float) -> None:
    longest = backoff_s(retries, jitter=0.0)
    assert longest / 2 <= backoff_s(retries, jitter=jitter) <= longest


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "9", "retry-after-ms": "120"}, 0.12),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:00 GMT"}, 50.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:00 -0000"}, 50.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:01 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf", "retry-after-ms": ""}, None),
    ],
)
def test_the_providers_wish_is_read(headers: dict[str, str], expected: float | None) -> None:
    assert retry_after_s(headers, now_us=10_000_000) == expected
