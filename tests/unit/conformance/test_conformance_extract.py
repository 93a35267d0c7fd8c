"""Where JSON stands in an answer."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.conformance.extract import candidates, unfenced
from roadworthy.conformance.parsing import natural
from roadworthy.conformance.strict_json import MISSING

CONTAINERS = st.recursive(
    st.none() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
).filter(lambda value: isinstance(value, dict | list))
PROSE = st.text(st.characters(categories=["L", "Zs"]) | st.sampled_from(".,!?()"), max_size=30)


def found(text: str) -> list[tuple[Any, str, bool]]:
    return [(c.value, c.kind, c.closed) for c in candidates(text)]


@given(PROSE, CONTAINERS, PROSE)
def test_json_between_sentences_is_found_whole(before: str, value: Any, after: str) -> None:
    text = f"{before}\n{json.dumps(value)}\n{after}"
    looks = [c for c in candidates(text) if c.value is not MISSING]
    assert [c.value for c in looks] == [value] or value == []  # a bare [] may follow a word
    assert all(text[c.start : c.end] == json.dumps(value) for c in looks)


def test_fences_prose_and_nothing_around_are_told_apart() -> None:
    text = 'See {"a": 1}:\n```json\n{"a": 2}\n```\n'
    *apart, together = found(text)
    assert apart == [({"a": 1}, "prose", True), ({"a": 2}, "fence", True)]
    assert together == (MISSING, "collected", True)
    assert found('\n{"a": 3} ') == [({"a": 3}, "whole", True)]


def test_brackets_of_a_sentence_are_not_json() -> None:
    assert found("Use [brackets] and {braces} :-[ like this {0} or [a, b]") == []


def test_nothing_is_taken_out_of_a_broken_value() -> None:
    ((value, _, closed),) = found('{"a": {"b": 1}, "c": oops, "d": {"b": 2}}')
    assert (value, closed) == (MISSING, True)
    ((value, _, closed),) = found('{"items": [{"a": 1}, {"a": 2}')
    assert (value, closed) == (MISSING, False)


def test_a_value_with_one_bracket_too_many_is_not_cut_short() -> None:
    ((value, _, _),) = found('{"a": 1}, "b": 2}')
    assert value is MISSING
    ((value, _, _),) = found('[{"a": 1}}, {"a": 2}]')
    assert value is MISSING


def test_brackets_in_strings_and_comments_do_not_count() -> None:
    text = """{"a": "}", // one } more\n 'b': 1, /* } */ "c": 2} and more"""
    (only,) = candidates(text)
    assert text[only.end :] == " and more"


def test_a_tail_that_goes_on_after_the_last_bracket_is_kept() -> None:
    text = '{"a": {"b": 1}, "c": "hel'
    (only,) = candidates(text)
    assert (only.end, only.closed) == (len(text), False)


def test_a_missing_bracket_before_a_sentence_ends_the_value_at_the_last_one() -> None:
    text = '{"a": {"b": 1}\n\nHope this helps!'
    (only,) = candidates(text)
    assert only.node is not None
    assert (natural(only.node), only.closed) == ({"a": {"b": 1}}, False)


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("```json\n1\n```", "1"),
        ("~~~\nyes\n~~~\n", "yes"),
        ("Run ```\n1\n```", "Run ```\n1\n```"),
        ("```", "```"),
        (" x ", "x"),
    ],
)
def test_only_a_fence_around_everything_is_taken_off(text: str, content: str) -> None:
    assert unfenced(text) == content


@pytest.mark.parametrize("piece", ["{", "[", '"', "/*", "//", "\\", '{"a":', "```\n", "{ "])
def test_repetition_without_end_is_at_most_one_open_value(piece: str) -> None:
    # Quadratic reading of this would take minutes.
    looks = candidates(piece * 50_000)
    assert len(looks) <= 1
    assert not any(c.closed for c in looks)


@given(st.text())
def test_any_text_has_candidates_in_order_and_apart(text: str) -> None:
    together = ("collected", "sequence")
    places = [(c.start, c.end) for c in candidates(text) if c.kind not in together]
    assert all(start < end for start, end in places)
    assert all(one[1] <= two[0] for one, two in pairwise(places))
