"""Text that is almost JSON, read into what it says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.conformance import REPAIRS
from roadworthy.conformance.parsing import Fields, Items, natural, parse
from roadworthy.conformance.parsing.nodes import notes_of
from roadworthy.conformance.parsing.parser import TooDeep

WORDS = st.text(st.sampled_from("abz XY09._-"), min_size=1, max_size=12).map(str.strip)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
).map(lambda value: {"value": value})
MESS = st.text(st.sampled_from("{}[]()\"'`:,\\/*#+-. \n\tabntu019e\u201c\u2019\ufeff"), max_size=80)


def read(text: str) -> Any:
    return natural(parse(text)[0])


def notes(text: str) -> set[str]:
    return set(notes_of(parse(text)[0]))


@given(VALUES)
def test_json_says_what_it_says_and_needs_no_repair(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False)
    node, end = parse(text)
    assert (natural(node), end, set(notes_of(node))) == (value, len(text), set())


@given(st.dictionaries(WORDS.filter(bool), WORDS | st.booleans() | st.none() | st.integers()))
def test_python_says_what_it_says(value: dict[str, Any]) -> None:
    assert read(repr(value)) == value


@given(MESS)
def test_any_mess_is_read_to_some_end(mess: str) -> None:
    for opening in "{[":
        node, end = parse(opening + mess)
        assert isinstance(natural(node), dict | list | str | int | float | None)
        assert 0 < end <= len(mess) + 1
        assert REPAIRS.keys() >= set(notes_of(node))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{'a': 'it\\'s'}", {"a": "it's"}),
        ("{\u201ca\u201d: \u201cb\u201d}", {"a": "b"}),
        ("{a: `b`, 'c': ```x```}", {"a": "b", "c": "x"}),
        ('{"a": """one\n"two" """}', {"a": 'one\n"two"'}),
        ("{a: some words, b: 2}", {"a": "some words", "b": 2}),
        ("{a: f(x, y: int): T<U>, b: 2}", {"a": "f(x, y: int): T<U>", "b": 2}),
        ("{a: one, two and three\n b: 2}", {"a": "one, two and three", "b": 2}),
        ("[a, b\nc]", ["a", "b", "c"]),
        ('{"a": 1 // one\n /* and */ , # more\n "b": 2}', {"a": 1, "b": 2}),
        ('{"u": "http://x/y", v: http://x/y}', {"u": "http://x/y", "v": "http://x/y"}),
        ('{"a": 1,, "b": [1,2,],}', {"a": 1, "b": [1, 2]}),
        ('{"a": 1 "b": 2}', {"a": 1, "b": 2}),
        ('{"a" 1}', {"a": 1}),
        ("{a: True, b: None, c: FALSE}", {"a": True, "b": None, "c": False}),
        ("[undefined, Null]", [None, None]),
        ("[1, 2, ..., 9]", [1, 2, 9]),
        ('{"a": (1, 2), "b": ("x")}', {"a": [1, 2], "b": "x"}),
        ('{"a": ObjectId("12")}', {"a": "12"}),
        ('{"a": "x" + "y"}', {"a": "xy"}),
        ("{'x', 'y'}", ["x", "y"]),
        ('["k": 1, "l": 2]', [{"k": 1, "l": 2}]),
        ('{"a": [1, 2}', {"a": [1, 2]}),
        ('{"a": {"b": 1}, "c": 2}}', {"a": {"b": 1}, "c": 2}),
        ('{"a": 1}, "b": 2}', {"a": 1, "b": 2}),
        ('{"code": 007, "n": +1.}', {"code": "007", "n": 1.0}),
        ('{"p": "\\d+\\.", "u": "\\ud83d\\ude00"}', {"p": "\\d+\\.", "u": "\U0001f600"}),
    ],
)
def test_what_models_write_is_read_as_it_is_meant(text: str, value: Any) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": "say "hi" now", "b": 1}', {"a": 'say "hi" now', "b": 1}),
        ('["a "b", and c", "d"]', ['a "b", and c', "d"]),
        ("{'a': 'it's', 'b': 1}", {"a": "it's", "b": 1}),
        ('{"a": "print("}")", "b": 1}', {"a": 'print("}")', "b": 1}),
        ('{"a": "x, "b": "y"}', {"a": "x", "b": "y"}),
        ('{"a": "x}', {"a": "x"}),
        ('{"a": ["x]}', {"a": ["x"]}),
    ],
)
def test_a_mark_ends_a_string_only_where_one_can_end(text: str, value: Any) -> None:
    assert read(text) == value
    assert notes(text) & {"inner_quote", "end_quote"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": {"b": [1, "tw', {"a": {"b": [1, "tw"]}}),
        ('{"a": 1, "b', {"a": 1}),
        ('{"a": 1, "b":', {"a": 1}),
        ('{"a": "x\\u00', {"a": "x"}),
        ('```json\n{"a": 1\n```'[8:], {"a": 1}),
    ],
)
def test_a_text_that_ends_early_is_open_and_nothing_is_made_up(text: str, value: Any) -> None:
    node, _ = parse(text)
    assert isinstance(node, Fields | Items)
    assert (natural(node), node.closed) == (value, False)


def test_containers_keep_the_text_they_were_written_in() -> None:
    node, _ = parse("{a: {x : [1,\n2]}}")
    assert isinstance(node, Fields)
    inner = node.fields[0][1]
    assert isinstance(inner, Fields)
    assert inner.written == "{x : [1,\n2]}"


def test_too_many_levels_are_refused() -> None:
    with pytest.raises(TooDeep):
        parse("[" * 200)
