"""Likelihoods of values, read from the tokens of one answer."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.models import Choice, Share
from roadworthy.models.token_shares import Token, shares_of, tokens_in

MOODS = Choice(field="mood", values=('"good"', '"bad"', '"so so"'))


def tokens(*places: dict[str, float]) -> list[Token]:
    """Each place's tokens with their probabilities; the first one was written."""
    found = []
    for place in places:
        rivals = {text.encode(): math.log(p) for text, p in place.items()}
        found.append(Token(next(iter(rivals)), rivals))
    return found


def probabilities(shares: tuple[Share, ...]) -> dict[tuple[int, ...], float]:
    return {share.values: round(math.exp(share.log_p), 4) for share in shares}


def test_rivals_at_the_first_token_of_a_value_tell_the_values_apart() -> None:
    answer = tokens({'{"': 1}, {"mood": 1}, {'":"': 1}, {"good": 0.6, "bad": 0.3, "so": 0.1})
    assert probabilities(shares_of(answer, MOODS)) == {(0,): 0.6, (1,): 0.3, (2,): 0.1}


def test_what_is_none_of_the_values_takes_nothing_from_them() -> None:
    answer = tokens({'{"mood": "': 1}, {"good": 0.2, "fine": 0.6, "bad": 0.1, "so": 0.1})
    assert probabilities(shares_of(answer, MOODS)) == {(0,): 0.5, (1,): 0.25, (2,): 0.25}


def test_a_value_that_is_not_listed_counts_as_the_least_that_is() -> None:
    answer = tokens({'{"mood": "': 1}, {"good": 0.9, "bad": 0.05, "x": 0.05})
    assert probabilities(shares_of(answer, MOODS)) == {(0,): 0.9, (1,): 0.05, (2,): 0.05}


def test_the_beginning_of_several_values_is_shared_by_them_as_others_tell_them_apart() -> None:
    choice = Choice(field="f", values=('"ab"', '"ac"', '"x"'))
    answer = tokens({'{"f":"': 1}, {"ab": 0.3, "ac": 0.1, "a": 0.4, "x": 0.2})
    assert probabilities(shares_of(answer, choice)) == {(0,): 0.6, (1,): 0.2, (2,): 0.2}


def test_values_that_begin_alike_are_told_apart_where_the_answer_goes_on_with_them() -> None:
    choice = Choice(field="f", values=('"very good"', '"very bad"', '"fair"'))
    answer = tokens({'{"f":"': 1}, {"very": 0.8, "fair": 0.2}, {" bad": 0.75, " good": 0.25})
    assert probabilities(shares_of(answer, choice)) == {(2,): 0.2, (1,): 0.6, (0,): 0.2}


def test_values_that_begin_alike_stay_together_where_the_answer_is_another() -> None:
    choice = Choice(field="f", values=('"very good"', '"very bad"', '"fair"'))
    answer = tokens({'{"f":"': 1}, {"fair": 0.8, "very": 0.2}, {'"}': 1})
    assert probabilities(shares_of(answer, choice)) == {(0, 1): 0.2, (2,): 0.8}


def test_a_number_is_not_taken_for_the_beginning_of_another() -> None:
    choice = Choice(field="n", values=("1", "10", "2"))
    answer = tokens({'{"n":': 1}, {"1": 0.7, "2": 0.2, "10": 0.1}, {"}": 0.5, "0": 0.5})
    assert probabilities(shares_of(answer, choice)) == {(2,): 0.2, (0,): 0.4, (1,): 0.4}


def test_a_token_may_hold_the_end_of_the_name_and_the_beginning_of_the_value() -> None:
    choice = Choice(field="sure", values=("true", "false"))
    answer = tokens({'{"sure"': 1}, {": true": 0.7, ": false": 0.2, ":": 0.1}, {"}": 1})
    assert probabilities(shares_of(answer, choice)) == {(0,): 0.7778, (1,): 0.2222}


def test_a_name_inside_a_text_is_not_the_field() -> None:
    choice = Choice(field="b", values=('"x"', '"y"'), fixed={"a": '"b":"y"'})
    lead = json.dumps(choice.fixed, separators=(",", ":"))[:-1] + ',"b":"'
    answer = tokens({lead: 1}, {"x": 0.9, "y": 0.1})
    assert probabilities(shares_of(answer, choice)) == {(0,): 0.9, (1,): 0.1}


@pytest.mark.parametrize("text", ["", "I cannot say", '{"mood":"splendid"}', '{"other":"good"}'])
def test_an_answer_that_holds_none_of_the_values_says_nothing(text: str) -> None:
    assert shares_of(tokens(*({char: 1.0} for char in text)), MOODS) == ()


@given(
    weights=st.dictionaries(
        st.text("ab1", min_size=1, max_size=3), st.integers(1, 50), min_size=2, max_size=6
    ),
    data=st.data(),
)
def test_shares_are_those_of_a_model_that_writes_letter_by_letter(
    weights: dict[str, int], data: st.DataObject
) -> None:
    choice = Choice(field="f", values=tuple(json.dumps(text) for text in weights))
    texts = [f'{{"f": {value}}}' for value in choice.values]
    written = data.draw(st.sampled_from(texts))
    places = []
    for at in range(len(written)):
        letters: dict[str, float] = {written[at]: 0}
        for text, weight in zip(texts, weights.values(), strict=True):
            if text[:at] == written[:at] and at < len(text):
                letters[text[at]] = letters.get(text[at], 0) + weight
        places.append({letter: p / sum(letters.values()) for letter, p in letters.items()})
    shares = shares_of(tokens(*places), choice)
    total = sum(weights.values())
    told = list(weights.values())
    for share in shares:
        expected = sum(told[value] for value in share.values) / total
        assert math.exp(share.log_p) == pytest.approx(expected)
    assert sorted(value for share in shares for value in share.values) == list(range(len(told)))


def test_bytes_go_before_the_text_of_a_token() -> None:
    entry = {"token": "\ufffd", "logprob": -0.5, "bytes": [195], "top_logprobs": []}
    assert tokens_in({"content": [entry]}) == [Token(b"\xc3", {b"\xc3": -0.5})]


@pytest.mark.parametrize(
    "reported",
    [None, {}, {"content": None}, {"content": [{"token": "a"}]}, {"tokens": ["a"]}, {"content": 1}],
)
def test_another_form_of_log_probabilities_is_none(reported: Any) -> None:
    assert tokens_in(reported) == []
