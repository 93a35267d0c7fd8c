"""Conversions of one scalar into another."""

from __future__ import annotations

from typing import Any

import pytest

from roadworthy.conformance.convert import convert, match_option


@pytest.mark.parametrize(
    ("value", "types", "expected"),
    [
        ("3", ["integer"], 3),
        (" -3 ", ["number"], -3),
        ("3.50", ["number"], 3.5),
        ("1e3", ["number"], 1000.0),
        ("3.0", ["integer"], 3),
        (3.0, ["integer"], 3),
        ("123456789012345678901234567890", ["integer"], 123456789012345678901234567890),
        ("Yes.", ["boolean"], True),
        ("FALSE", ["boolean"], False),
        (12, ["string"], "12"),
        (True, ["string"], "true"),
        ("null", ["number", "null"], None),
        ('{"a": 1}', ["object"], {"a": 1}),
        ("[1, 2]", ["array"], [1, 2]),
        ("one", ["array"], ["one"]),
        ({"a": 1}, ["array"], [{"a": 1}]),
        (["one"], ["string"], "one"),
        ([{"a": 1}], ["object"], {"a": 1}),
    ],
)
def test_one_certain_reading_is_taken(value: Any, types: list[str], expected: Any) -> None:
    found = convert(value, types, {})
    assert found is not None
    assert (found.value, type(found.value)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("value", "types"),
    [
        ("three", ["integer"]),
        ("3.5", ["integer"]),
        (3.5, ["integer"]),
        ("1e999", ["number"]),
        ("NaN", ["number"]),
        ("٣", ["integer"]),
        ("1,234", ["number"]),
        (1, ["boolean"]),
        ("1", ["boolean"]),
        (1.5, ["string"]),
        ({"a": 1}, ["string"]),
        (["one", "two"], ["string"]),
        ([], ["string"]),
        ("{a: 1}", ["object"]),
        (None, ["array"]),
        (None, ["string"]),
        (True, ["integer"]),
    ],
)
def test_what_could_be_read_in_two_ways_is_left(value: Any, types: list[str]) -> None:
    assert convert(value, types, {}) is None


@pytest.mark.parametrize(
    ("text", "bounds", "expected"),
    [
        ("85%", {"maximum": 1}, 0.85),
        ("8.5 %", {"minimum": 0, "maximum": 1.0}, 0.085),
        ("85%", {"maximum": 100}, 85),
        ("85%", {}, None),
        ("85%", {"maximum": 50}, None),
        ("85%", {"maximum": True}, None),
    ],
)
def test_a_percentage_is_read_by_the_end_of_its_scale(
    text: str, bounds: dict[str, Any], expected: float | None
) -> None:
    found = convert(text, ["number"], bounds)
    assert (None if found is None else found.value) == expected


def test_an_option_is_found_by_case_and_edges() -> None:
    options = ["positive", "negative", 3, None]
    assert [
        found and found.value
        for found in (match_option(v, options) for v in (" Positive.", "`NEGATIVE`", "3", 3))
    ] == ["positive", "negative", 3, 3]


@pytest.mark.parametrize("value", ["posit", "", "positive or negative", None, {}, True])
def test_an_option_is_never_guessed(value: Any) -> None:
    assert match_option(value, ["positive", "negative", "", "1"]) is None


def test_two_options_that_differ_in_case_alone_are_not_chosen_between() -> None:
    assert match_option("a.", ["a", "A"]) is None
