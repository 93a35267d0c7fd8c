"""Inputs without content, and what calibration makes of probabilities."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.pipeline.choosing.content_free import content_free
from roadworthy.pipeline.choosing.distribution import calibrated, likeliest, mean

CONVERSATION = {
    "type": "object",
    "properties": {"text": {"type": "string"}, "before": {"role": "conversation"}},
}


def test_texts_become_the_marker_and_all_else_is_neutral() -> None:
    values = {
        "text": "Great!",
        "stars": 5,
        "share": 0.5,
        "urgent": True,
        "none": None,
        "tags": ["a", "b"],
        "by": {"name": "Ann", "orders": [{"id": 7}]},
    }
    assert content_free(values, {}, "N/A") == {
        "text": "N/A",
        "stars": 0,
        "share": 0,
        "urgent": False,
        "none": None,
        "tags": ["N/A"],
        "by": {"name": "N/A", "orders": [{"id": 0}]},
    }


def test_a_conversation_becomes_one_turn_that_can_be_sent() -> None:
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}] * 2
    found = content_free({"text": "x", "before": turns}, CONVERSATION, "")
    assert found == {"text": "", "before": [{"role": "user", "content": ""}]}
    assert content_free({"before": []}, CONVERSATION, "")["before"] == []


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text("abc", min_size=1), JSON, max_size=3))
def test_what_has_no_content_stays_as_it_is(values: dict[str, Any]) -> None:
    once = content_free(values, {}, "N/A")
    assert content_free(once, {}, "N/A") == once
    assert once.keys() == values.keys()


def test_calibration_divides_by_what_is_said_without_content() -> None:
    # A worked case by hand: 0.6/0.8 = 0.75 and 0.4/0.2 = 2, of 2.75 together.
    assert calibrated((0.6, 0.4), (0.8, 0.2)) == pytest.approx((0.75 / 2.75, 2 / 2.75))


@given(
    st.lists(st.floats(0.01, 1), min_size=2, max_size=6),
    st.lists(st.floats(0.01, 1), min_size=6, max_size=6),
)
def test_calibrated_probabilities_sum_to_one_and_undo_a_bias(
    odds: list[float], bias: list[float]
) -> None:
    true = tuple(p / sum(odds) for p in odds)
    prior = tuple(q / sum(bias[: len(odds)]) for q in bias[: len(odds)])
    seen = [p * q for p, q in zip(true, prior, strict=True)]
    found = calibrated(tuple(p / sum(seen) for p in seen), prior)
    assert sum(found) == pytest.approx(1)
    assert found == pytest.approx(true)


def test_without_a_bias_nothing_changes() -> None:
    assert calibrated((0.7, 0.3), (0.5, 0.5)) == pytest.approx((0.7, 0.3))


def test_several_priors_are_averaged() -> None:
    assert mean([(0.2, 0.8), (0.4, 0.6)]) == pytest.approx((0.3, 0.7))


def test_of_equal_probabilities_the_first_is_the_likeliest() -> None:
    assert likeliest((0.2, 0.4, 0.4)) == 1
