"""Every kind: where it passes and fails, its negation, a missing place, a wrong type."""

from __future__ import annotations

import copy
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scored import ANYTHING, negated, score_of

from roadworthy.evaluation.expectations import Answer, AnswerError, Services
from roadworthy.tasks.expectations import KINDS, read_check

# check, a value that passes, one that fails, a word of why
KIND_CASES: list[tuple[dict[str, Any], Any, Any, str]] = [
    ({"equals": {"a": [1, 2]}}, {"a": [1.0, 2]}, {"a": [1, 2], "b": 1}, "/b is not expected"),
    ({"equals": [1, 2]}, [1, 2], [2, 1], "/0 is 2, expected 1"),
    ({"equals": {"a/b": 1}}, {"a/b": 1}, {"a/b": 2}, "/a~1b is 2, expected 1"),
    ({"equals": True}, True, 1, "1, expected true"),
    ({"equals": None}, None, 0, "0, expected null"),
    ({"equals": 0.9, "tolerance": 0.05}, 0.85, 0.84, "0.84, expected 0.9"),
    ({"equals": 200, "relative": 0.01}, 202, 202.1, "202.1, expected 200"),
    ({"equals": "Ä b", "ignore_case": True}, "ä B", "ä  B", '"ä  B"'),
    ({"equals": "a b", "ignore_space": True}, " a\n b ", "ab", '"ab"'),
    ({"equals": [1, [2, 3]], "any_order": True}, [[3, 2], 1], [[3, 2], 2], "in any order"),
    ({"equals": [1, 2], "any_order": True, "tolerance": 0.6}, [1.6, 0.5], [3, 1], "any order"),
    ({"contains": "Fund"}, "Funds", "refund", "lacks"),
    ({"contains": "fund", "ignore_case": True}, "REFUND", "fun d", "lacks"),
    ({"contains": {"a": 1}}, [{"a": 1.0}, 2], [{"a": 1, "b": 2}], "lacks"),
    ({"contains_all": ["a", "b"]}, "cab", "ca", 'lacks "b"'),
    ({"contains_any": ["a", "b"]}, ["b"], ["c"], 'lacks "a", "b"'),
    ({"starts_with": "Dear"}, "Dear you", " Dear you", "starts"),
    ({"ends_with": "!", "at": "/a"}, {"a": "Hi!"}, {"a": "Hi! "}, "ends"),
    ({"regex": r"^\d{3}$"}, "123", "1234", "is not found"),
    ({"regex": "hello", "ignore_case": True}, "say HELLO", "help", "is not found"),
    ({"one_of": ["a", 1, None]}, 1.0, True, "is not one of"),
    ({"range": {"min": 0, "max": 1}}, 1, 1.01, "out of range"),
    ({"range": {"max": 1}}, -100, 2, "out of range"),
    ({"length": {"min": 2, "max": 3}}, "äöü", "x", "it has 1 characters"),
    ({"length": {"max": 2}, "unit": "words"}, "two  words", "three words now", "3 words"),
    ({"length": {"min": 1}}, [0], [], "it has 0 items"),
    ({"subset": {"a": {"b": [2]}}}, {"a": {"b": [1, 2], "c": 3}}, {"a": {"b": [1]}}, "has no 2"),
    ({"subset": [{"id": 2}]}, [{"id": 1}, {"id": 2, "x": 1}], [{"id": 1}], 'has no {"id":2}'),
    ({"language": "de"}, "Wir bitten um Entschuldigung.", "We are sorry for the delay.", '"en"'),
    ({"cel": "output.a > 1.0"}, {"a": 2}, {"a": 1}, "not true: output.a > 1.0"),
]
IDS = [f"{json.dumps(check)[:50]}" for check, *_ in KIND_CASES]
COVERED_ELSEWHERE = {"similar", "python", "judge", "error", "refused", "max_latency_ms"}


def test_every_kind_has_cases() -> None:
    covered = {next(iter(check)) for check, *_ in KIND_CASES}
    assert covered | COVERED_ELSEWHERE | {"max_cost_usd"} == KINDS.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_of_a_kind_can_be_read(kind: str) -> None:
    check, faults = read_check(json.loads(KINDS[kind].example))
    assert faults == []
    assert check is not None
    assert check.kind.kind == kind


@pytest.mark.parametrize(("check", "good", "bad", "why"), KIND_CASES, ids=IDS)
def test_a_kind_passes_and_fails_and_says_why(
    check: dict[str, Any], good: Any, bad: Any, why: str
) -> None:
    assert score_of(check, good).passed is True
    score = score_of(check, bad)
    assert score.passed is False
    assert why in score.reason


@pytest.mark.parametrize(("check", "good", "bad", "why"), KIND_CASES, ids=IDS)
def test_not_is_the_opposite(check: dict[str, Any], good: Any, bad: Any, why: str) -> None:
    assert score_of(negated(check), good).passed is False
    assert score_of(negated(check), good).reason
    assert score_of(negated(check), bad).passed is True


PLACED = [(check, good) for check, good, _, _ in KIND_CASES if "at" not in check]
PLACED = [(check, good) for check, good in PLACED if "cel" not in check]


@pytest.mark.parametrize(("check", "good"), PLACED)
def test_a_kind_looks_at_its_place_and_fails_where_there_is_none(
    check: dict[str, Any], good: Any
) -> None:
    placed = {**check, "at": "/a~1b/1"}
    assert score_of(placed, {"a/b": [None, good]}).passed is True
    for value in ({"a/b": [good]}, {"a": good}, good, None):
        for form in (placed, negated(placed)):
            score = score_of(form, value)
            assert (score.passed, score.reason) == (False, "there is no /a~1b/1")


WRONG = [
    ({"contains": "a"}, 3, "the answer is a number, not text or a list"),
    ({"starts_with": "a"}, ["a"], "the answer is a list, not text"),
    ({"regex": "a"}, None, "the answer is null, not text"),
    ({"range": {"min": 0}}, True, "is true or false, not a whole number or a number"),
    ({"range": {"min": 0}}, "1", "the answer is text, not"),
    ({"length": {"min": 0}}, 12, "the answer is a number, not text or a list or an object"),
    ({"subset": {"a": 1}}, "a", "the answer is text, not a list or an object"),
    ({"language": "en"}, {"a": 1}, "the answer is an object, not text"),
    ({"similar": "a"}, 1, "the answer is a number, not text"),
    ({"cel": "output.a > 1.0"}, {}, "cannot be evaluated: a field that it reads is missing"),
]


@pytest.mark.parametrize(("check", "value", "why"), WRONG)
def test_what_a_kind_has_no_sense_for_fails_it_and_its_negation(
    check: dict[str, Any], value: Any, why: str
) -> None:
    for form in (check, negated(check)):
        score = score_of(form, value)
        assert score.passed is False
        assert why in score.reason


OF_THE_RUN = [
    ({"max_latency_ms": 5}, Answer(latency_ms=5), Answer(latency_ms=5.1), Answer()),
    ({"max_cost_usd": 0.1}, Answer(cost_usd=0.1), Answer(cost_usd=0.2), Answer()),
]


@pytest.mark.parametrize(("check", "good", "bad", "unknown"), OF_THE_RUN)
def test_limits_of_a_run_are_unscored_where_it_was_not_measured(
    check: dict[str, Any], good: Answer, bad: Answer, unknown: Answer
) -> None:
    found = [score_of(check, answer=answer).passed for answer in (good, bad, unknown)]
    assert found == [True, False, None]
    opposite = [score_of(negated(check), answer=answer).passed for answer in (good, bad, unknown)]
    assert opposite == [False, True, None]


REFUSED = Answer(error=AnswerError("output_refused", "no"))
BROKEN = Answer(error=AnswerError("output_nonconforming", "no"))


@pytest.mark.parametrize(
    ("check", "verdicts"),
    [
        ({"refused": True}, [True, False, False]),
        ({"error": "output_refused"}, [True, False, False]),
        ({"error": "output_nonconforming"}, [False, True, False]),
    ],
)
def test_a_case_can_wait_for_an_error(check: dict[str, Any], verdicts: list[bool]) -> None:
    answers = (REFUSED, BROKEN, Answer(value="fine"))
    assert [score_of(check, answer=answer).passed for answer in answers] == verdicts


def test_what_must_not_be_refused_is_still_to_be_delivered() -> None:
    assert score_of({"refused": False}, "fine").passed is True
    assert score_of({"not_refused": True}, "fine").passed is True
    assert score_of({"not_refused": True}, answer=BROKEN).name == "delivered"


@pytest.mark.parametrize("text", ["", "ok", "?!", "123 456 789 012 345", "ok ok ok"])
def test_a_language_that_cannot_be_told_is_unscored(text: str) -> None:
    for check in ({"language": "en"}, {"not_language": "en"}):
        assert score_of(check, text).passed is None


def test_scripts_tell_languages_of_few_letters() -> None:
    assert score_of({"language": "ja"}, "お届けが遅れて申し訳ございません").passed is True
    assert score_of({"language": "en"}, "お届けが遅れて申し訳ございません").passed is False


def test_no_pattern_hangs_a_test() -> None:
    before = time.process_time()
    assert score_of({"regex": "^(a+)+$"}, "a" * 200_000 + "!").passed is False
    # The engine that backtracks takes 2 to the power of 200,000 steps: it would not end.
    assert time.process_time() - before < 60


def test_halves_of_characters_are_read_by_every_kind() -> None:
    for check in ({"regex": "a"}, {"contains": "a"}, {"language": "en"}, {"cel": "output == 'a'"}):
        assert score_of(check, "\ud800").passed in (False, None)


def values(bits: int, text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """JSON values with such texts, and integers of so many bits."""
    return st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**bits), 2**bits - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | text,
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
        ),
        max_leaves=12,
    )


# What is expected is read from files, whose integers have 64 bits and whose characters are whole;
# answers may hold others.
WANTED = values(63, st.text(max_size=8))
JSON = values(70, st.text(st.characters(), max_size=8))
ALL_KINDS = [
    *(check for check, *_ in KIND_CASES),
    {"max_latency_ms": 5},
    {"max_cost_usd": 1},
    {"refused": True},
    {"error": "output_refused"},
    {"python": "checks.py:polite"},
    {"judge": "tone"},
    {"similar": "we are sorry"},
]


@settings(max_examples=150, deadline=None)
@given(value=JSON, check=st.sampled_from(ALL_KINDS), at=st.sampled_from(["", "/a", "/0", "/a/0"]))
def test_no_value_whatever_makes_a_score_raise(value: Any, check: dict[str, Any], at: str) -> None:
    placed = {**check, "at": at} if at and hasattr(KINDS[next(iter(check))], "takes") else check
    if "python" in check:
        placed = {"contains": "x"}
    answer = Answer(input={"comment": value}, value=copy.deepcopy(value))
    plain = score_of(placed, answer=answer)
    opposite = score_of(negated(placed), answer=answer)
    assert (plain.passed, opposite.passed) in {
        (True, False),
        (False, True),
        (None, None),
        (False, False),
    }
    assert answer.value == value
    if plain.score is not None:
        assert 0 <= plain.score <= 1


@given(WANTED)
def test_every_value_equals_itself_and_is_a_subset_of_itself(value: Any) -> None:
    assert score_of({"equals": value}, value).passed is True
    if isinstance(value, dict | list):
        assert score_of({"subset": value}, value).passed is True


@given(st.lists(WANTED, max_size=6), st.randoms())
def test_any_order_does_not_care_for_the_order(items: list[Any], random: Any) -> None:
    shuffled = random.sample(items, len(items))
    check = {"equals": items, "any_order": True}
    assert score_of(check, shuffled).passed is True
    assert score_of({**check, "tolerance": 0.1}, shuffled).passed is True
    assert score_of(check, [*shuffled, "one more"]).passed is False


@given(st.dictionaries(st.text(max_size=3), WANTED, max_size=4), st.text(max_size=3), JSON)
def test_an_object_with_more_fields_is_still_a_superset(
    wanted: dict[str, Any], name: str, more: Any
) -> None:
    if name not in wanted:
        assert score_of({"subset": wanted}, {**wanted, name: more}).passed is True


def test_the_list_of_kinds_is_what_a_check_without_one_is_told() -> None:
    _, (fault,) = read_check({})
    assert all(kind in fault for kind in KINDS)
    assert ANYTHING.output_schema == {}
    assert Services().embed is None
