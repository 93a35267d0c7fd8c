from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streaming_documents import cuts_of, values, written

from roadworthy.conformance.streaming import Draft, Token, Tokens
from roadworthy.conformance.streaming.tokens import Lead
from roadworthy.conformance.strict_json import MISSING, decode

DATA = Path(os.environ.get("ROADWORTHY_DATA", Path(__file__).parents[4] / "shared" / "data"))


def read(pieces: Iterator[str] | list[str], lead: Lead = "none") -> tuple[Tokens, list[Token]]:
    tokens = Tokens(lead=lead)
    found = [token for piece in pieces for token in tokens.feed(piece)] + tokens.end()
    return tokens, found


def value_of(found: list[Token]) -> Any:
    draft = Draft()
    for token in found:
        draft.take(token)
    return draft.root


def joined(found: list[Token]) -> list[Token]:
    """With the pieces of each string put together."""
    whole: list[Token] = []
    for token in found:
        if token.kind == "text" and whole[-1].kind == "text":
            whole[-1] = Token("text", whole[-1].value + token.value)
        else:
            whole.append(token)
    return whole


@given(written(values), st.lists(st.integers(0, 999), max_size=30))
def test_however_it_is_cut_the_tokens_are_the_same(text: str, at: list[int]) -> None:
    _, whole = read([text], "any")
    _, apart = read(cuts_of(text, at), "any")
    assert joined(apart) == joined(whole)


@given(values)
def test_the_value_is_what_the_parser_of_whole_answers_reads(value: Any) -> None:
    text = json.dumps(value)
    tokens, found = read(list(text))
    assert json.dumps(value_of(found)) == json.dumps(decode(text))
    assert not tokens.broken


def suite() -> list[dict[str, Any]]:
    file = DATA / "structured" / "nst_jsontestsuite.jsonl.gz"
    if not file.exists():
        return []
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [row for row in rows if row.get("input") is not None]


@pytest.mark.skipif(not suite(), reason="the public data is absent")
def test_it_takes_and_refuses_what_the_strict_parser_does() -> None:
    for row in suite():
        expected = decode(row["input"])
        tokens = Tokens()
        found: list[Token] = []
        upto = 0
        while upto < len(row["input"]) and not (tokens.done or tokens.broken):
            found += tokens.feed(row["input"][upto])
            upto += 1
        found += tokens.end()
        # The depth of what nobody may deliver is not its to judge, nor what follows the value.
        if expected is not MISSING and row["input"].count("[") < 200:
            assert tokens.done
            assert json.dumps(value_of(found)) == json.dumps(expected)
        elif tokens.done and not tokens.broken:
            ends = (upto, upto - 1)  # a number at the root ends before what follows it
            assert any(decode(row["input"][:end]) is not MISSING for end in ends)


@pytest.mark.parametrize(
    "text",
    [
        "{'a': 1}",
        '{"a": 1,}',
        '{"a" 1}',
        "[1 2]",
        "[01]",
        "[1.]",
        "[tru]",
        "[NaN]",
        '["a\nb"]',
        r'["\x"]',
        r'["\ud800"]',
        r'["\udc00x"]',
        r'["\ud83dx"]',
        '{"a": "\ud800"}',
        "[" * 201,
        '{"' + "k" * 10_001,
        "[" + "1" * 10_001,
    ],
)
def test_what_is_no_strict_json_ends_the_reading(text: str) -> None:
    tokens, _ = read(list(text))
    assert tokens.broken or not tokens.done


@pytest.mark.parametrize(
    ("lead", "text"),
    [
        ("object", 'Sure:\n```json\n{"a": [1]}\n```'),
        ("object", 'A set {x} first, then { "a": [1]}'),
        ("object", '<think>perhaps {"a": 2}?</think>\n{"a": [1]}'),
        ("object", '<b>bold</b> {"a": [1]}'),
        ("object", '\ufeff {"a": [1]} and more'),
        ("any", 'He said [sic] {"a": [1]}'),
    ],
)
def test_what_stands_before_the_document_is_skipped(lead: Lead, text: str) -> None:
    _, found = read(list(text), lead)
    assert value_of(found) == {"a": [1]}


def test_nothing_is_skipped_where_nothing_may_stand_before() -> None:
    tokens, found = read(list('Sure: {"a": 1}'))
    assert (tokens.broken, found) == (True, [])


def test_a_number_at_the_root_is_whole_only_at_the_end() -> None:
    tokens = Tokens()
    assert tokens.feed("12") == tokens.feed("3") == []
    assert tokens.end() == [Token("scalar", 123)]
