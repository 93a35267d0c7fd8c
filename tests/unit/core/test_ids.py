from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.core import new_id, time_of_id_us

NOW = 1_790_000_000_123_456


def test_an_id_is_a_uuid_of_version_7() -> None:
    parsed = uuid.UUID(new_id(NOW))
    assert parsed.version == 7
    assert parsed.variant == uuid.RFC_4122


@given(st.integers(0, 2**47 * 1000), st.integers(1, 10**6))
def test_a_later_id_sorts_after_an_earlier_one(now: int, later_by: int) -> None:
    assert new_id(now)[:18] <= new_id(now + later_by)[:18]


@given(st.integers(0, 2**47 * 1000))
def test_the_time_comes_back_to_the_millisecond(now: int) -> None:
    assert time_of_id_us(new_id(now)) == now - now % 1000


def test_two_ids_of_one_moment_differ() -> None:
    assert new_id(NOW) != new_id(NOW)


def test_the_time_of_another_uuid_is_an_error() -> None:
    with pytest.raises(ValueError, match="not a UUIDv7"):
        time_of_id_us(str(uuid.uuid4()))
