"""Syntax repair, and the proof that it lost and invented nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.conformance.lenient import repair_syntax, same_content
from roadworthy.conformance.strict_json import MISSING

NAMES = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-999, 999) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{'a': 'b'}", {"a": "b"}),
        ('{a: "b", c: [1, 2,],}', {"a": "b", "c": [1, 2]}),
        ('{"a": True, "b": None}', {"a": True, "b": None}),
        ('{"a": 1 // one\n, "b": /* two */ 2}', {"a": 1, "b": 2}),
        ('{"a": "line\nbreak"}', {"a": "line\nbreak"}),
        ('{"a": 1.50 "b": 2}', {"a": 1.5, "b": 2}),
        ('{"a": "he said "yes" twice"}', {"a": 'he said "yes" twice'}),
    ],
)
def test_plain_faults_are_repaired(source: str, expected: Any) -> None:
    assert repair_syntax(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        '{"a": , "b": 1}',
        '{"a": "x, "b": "y"}',
        '{"a": """x: y""", "b": 1}',
        '{"foo"}',
        '{"a": 1, "a": 2,}',
        '{"a": 1}{"b": 2}',
        "{" * 500,
        "[" + "a:b," * 5_000 + "]",
    ],
)
def test_what_could_mean_two_things_is_not_repaired(source: str) -> None:
    assert repair_syntax(source) is MISSING


def test_nan_stays_a_word() -> None:
    assert repair_syntax('{"a": NaN, "b": Infinity}') == {"a": "NaN", "b": "Infinity"}


@pytest.mark.parametrize("source", ['{"a": "x\\', '{"a": "x\\u00', '{"a": "x\\u'])
def test_a_tail_cut_inside_an_escape_is_not_mended(source: str) -> None:
    assert repair_syntax(source, closed=False) is MISSING


def test_a_tail_is_closed_and_no_value_is_made_up() -> None:
    assert repair_syntax('{"a": [1, {"b": "hel', closed=False) == {"a": [1, {"b": "hel"}]}
    assert repair_syntax('{"a": 1, "b":', closed=False) is MISSING
    assert repair_syntax('{"a": 1, "b', closed=False) is MISSING


@pytest.mark.parametrize(
    "value", [{"a": "x"}, {"a": 1, "b": 3}, {"a": 1, "b": ""}, {"a": 1, "b": 2, "c": []}, [1, 2]]
)
def test_a_value_that_says_something_else_is_no_repair(value: Any) -> None:
    assert same_content("{a: 1, b: 2}", {"a": 1, "b": 2})
    assert not same_content("{a: 1, b: 2}", value)


@settings(deadline=None)  # the first example imports a heavy package
@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_json_says_the_same_as_itself(value: dict[str, Any]) -> None:
    assert same_content(json.dumps(value), value)
    assert same_content(json.dumps(value, indent=2), value)


@settings(deadline=None)  # the first example imports a heavy package
@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=4))
def test_a_repair_of_python_notation_is_right_or_refused(value: dict[str, Any]) -> None:
    found = repair_syntax(repr(value))
    assert found is MISSING or found == value


@settings(deadline=None)  # the first example imports a heavy package
@given(st.text(alphabet="{}[]\"':, \\/*a1\n"))
def test_any_text_is_repaired_or_refused(text: str) -> None:
    found = repair_syntax("{" + text)
    assert found is MISSING or isinstance(found, dict)
