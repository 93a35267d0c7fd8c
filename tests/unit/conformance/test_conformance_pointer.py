"""JSON pointers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.conformance.pointer import (
    parent_of,
    parts_of,
    pointer_of,
    replaced,
    steps_into,
    value_at,
)


@given(st.lists(st.text()))
def test_a_pointer_names_the_parts_it_was_made_of(parts: list[str]) -> None:
    assert parts_of(pointer_of(parts)) == parts


def test_the_parent_of_a_place_is_one_step_up() -> None:
    assert [parent_of(p) for p in ("/a/b", "/a", "")] == ["/a", "", ""]


@pytest.mark.parametrize("parts", [["a", "x"], ["a", "7"], ["b", "c"], ["z"]])
def test_a_place_that_does_not_exist_is_a_lookup_error(parts: list[str]) -> None:
    with pytest.raises(LookupError):
        value_at({"a": [1], "b": 2}, parts)


def test_replacing_shares_all_that_it_does_not_touch() -> None:
    value: dict[str, Any] = {"a": [{"x": 1}, {"y": 2}], "b": {"c": 3}}
    changed = replaced(value, ["a", "1", "z"], 9)
    assert changed == {"a": [{"x": 1}, {"y": 2, "z": 9}], "b": {"c": 3}}
    assert value == {"a": [{"x": 1}, {"y": 2}], "b": {"c": 3}}
    assert changed["b"] is value["b"]
    assert changed["a"][0] is value["a"][0]


def test_replacing_the_root_gives_the_new_value() -> None:
    assert replaced({"a": 1}, [], [2]) == [2]


def test_replacing_an_item_that_does_not_exist_is_a_lookup_error() -> None:
    with pytest.raises(LookupError):
        replaced({"a": [1]}, ["a", "3"], 9)


def test_names_that_the_validator_reads_as_numbers_are_found_again() -> None:
    assert steps_into({"02": [5]}, [2, 0]) == ["02", 0]
    assert steps_into({"2": [5]}, [2]) == ["2"]
    with pytest.raises(LookupError):
        steps_into({"": 1}, [])
