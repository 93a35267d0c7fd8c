"""The majority of several values, field by field."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.pipeline.voting.majority import (
    ABSENT,
    agreement,
    combine,
    count_votes,
    votes_needed,
)


def majority(*votes: Any) -> Any:
    return combine(count_votes(votes))


def test_each_field_takes_the_value_of_the_most() -> None:
    votes = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}, {"a": 1, "b": "y"}]
    assert majority(*votes) == {"a": 1, "b": "y"}


def test_objects_are_voted_on_leaf_by_leaf_and_lists_whole() -> None:
    votes = [
        {"o": {"a": 1, "b": [1, 2]}},
        {"o": {"a": 1, "b": [1, 3]}},
        {"o": {"a": 2, "b": [1, 3]}},
    ]
    assert majority(*votes) == {"o": {"a": 1, "b": [1, 3]}}
    assert [field.path for field in count_votes(votes)] == ["", "/o", "/o/a", "/o/b"]


def test_a_field_that_most_leave_out_is_left_out() -> None:
    assert majority({"a": 1, "b": 2}, {"a": 1}, {"a": 1}) == {"a": 1}


def test_where_most_say_object_its_fields_are_theirs_alone() -> None:
    assert majority({"a": {"x": 1}}, {"a": "text"}, {"a": {"x": 2}}, {"a": {"x": 2}}) == {
        "a": {"x": 2}
    }


def test_of_equally_many_the_earliest_leads_and_is_tied() -> None:
    fields = count_votes([{"a": 2}, {"a": 1}, {"a": 1}, {"a": 2}])
    assert combine(fields) == {"a": 2}
    assert [field.is_tied for field in fields] == [False, True]


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (1, 1.0, True),
        (True, 1, False),
        ([1, 2.0], [1.0, 2], True),
        ("1", 1, False),
        (None, 0, False),
    ],
)
def test_values_are_equal_where_their_json_is(left: Any, right: Any, equal: bool) -> None:
    fields = count_votes([left, right])
    assert (fields[0].ahead == 2) is equal


def test_a_value_that_is_no_object_is_voted_on_whole() -> None:
    assert majority("a", "b", "b") == "b"
    assert majority({}, {}) == {}


def test_names_with_slashes_find_back_to_their_place() -> None:
    assert majority({"a/b": {"~": 1}}, {"a/b": {"~": 1}}) == {"a/b": {"~": 1}}


def test_agreement_counts_the_fields_on_which_a_vote_is_with_the_most() -> None:
    votes = [{"a": 1, "b": 1, "c": 3}, {"a": 1, "b": 2, "c": 1}, {"a": 2, "b": 2, "c": 1}]
    fields = count_votes(votes)
    assert [agreement(fields, vote) for vote in votes] == [2, 4, 3]


@pytest.mark.parametrize(
    ("n", "votes", "needed"),
    [
        (3, [], 2),
        (5, [], 3),
        (2, [], 2),
        (3, [1, 1], 0),
        (3, [1, 2], 1),
        (5, [1, 2], 2),
        (5, [1, 2, 3], 2),
        (5, [1, 2, 3, 1], 1),
        (5, [1, 2, 3, 4, 5], 0),
    ],
)
def test_no_more_votes_are_needed_than_could_fix_the_majority(
    n: int, votes: list[int], needed: int
) -> None:
    assert votes_needed(count_votes(votes), n - len(votes)) == needed


VALUES = st.one_of(
    st.integers(0, 2),
    st.fixed_dictionaries({}, optional={"a": st.integers(0, 2), "b": st.booleans()}),
)


@given(st.lists(VALUES, min_size=1, max_size=5), st.integers(0, 3))
def test_what_is_fixed_stays_whatever_is_voted_after(votes: Sequence[Any], left: int) -> None:
    fields = count_votes(votes)
    if votes_needed(fields, left):
        return
    fixed = combine(fields)
    options = [*votes, 0, {"a": 9}]
    for more in itertools.islice(itertools.product(options, repeat=left), 60):
        if all(field.is_fixed(left) for field in fields):
            assert combine(count_votes([*votes, *more])) == fixed


@given(st.lists(VALUES, min_size=1, max_size=6))
def test_the_same_votes_come_to_what_they_are(votes: Sequence[Any]) -> None:
    assert majority(*[votes[0]] * 3) == votes[0]
    assert combine(count_votes(votes)) is not ABSENT
