"""Scores of a case's answers: verdicts, errors, what stays unscored."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from roadworthy.evaluation.expectations import (
    Answer,
    AnswerError,
    Services,
    compile_expectations,
    passed_of,
)
from roadworthy.registry import Score
from roadworthy.tasks import Case, Suite, TaskDefinition
from roadworthy.tasks.cases import case_id, expectations_digest

FEEDBACK = TaskDefinition(
    name="feedback",
    model="local",
    input_schema={"type": "object", "properties": {"comment": {"type": "string"}}},
    output_schema={
        "type": "object",
        "properties": {
            "sentiment": {"enum": ["positive", "negative"]},
            "confidence": {"type": "number"},
            "note": {"type": "string"},
        },
        "required": ["sentiment"],
    },
)


def scores(
    answer: Answer, *checks: dict[str, Any], expect: Any = None, suite: Suite | None = None
) -> tuple[Score, ...]:
    case = Case(input={"comment": "ok"}, expect=expect, checks=list(checks))
    expectations = compile_expectations(case, suite or Suite(), FEEDBACK, services=Services())
    return asyncio.run(expectations.score(answer))


def test_expect_gives_one_score_for_each_field() -> None:
    answer = Answer(value={"sentiment": "negative", "confidence": 1})
    found = scores(answer, expect={"sentiment": "positive", "confidence": 1.0})
    assert [(score.name, score.passed) for score in found] == [
        ("expect./sentiment", False),
        ("expect./confidence", True),
    ]
    assert found[0].reason == '"negative", expected "positive"'


def test_a_value_nobody_said_anything_about_passes_by_being_delivered() -> None:
    (score,) = scores(Answer(value={"sentiment": "positive"}))
    assert (score.name, score.passed) == ("delivered", True)


def test_an_error_nobody_waits_for_fails_whatever_else_is_expected() -> None:
    answer = Answer(error=AnswerError("output_refused", "…"), latency_ms=3)
    found = scores(answer, {"max_latency_ms": 10}, {"not_contains": "x", "at": "/note"})
    assert [(score.name, score.passed) for score in found] == [
        ("delivered", False),
        ("max_latency_ms", True),
        ("not_contains./note", False),
    ]


def test_an_expected_refusal_passes_and_leaves_the_suites_checks_of_values_out() -> None:
    suite = Suite(checks=({"contains": "x", "at": "/note"}, {"max_latency_ms": 10}))
    answer = Answer(error=AnswerError("output_refused", "…"), latency_ms=3)
    found = scores(answer, {"refused": True}, suite=suite)
    assert [(score.name, score.passed) for score in found] == [
        ("refused", True),
        ("max_latency_ms", True),
    ]


def test_nothing_is_scored_where_nobody_answered() -> None:
    answer = Answer(error=AnswerError("upstream_unavailable", "…"))
    found = scores(answer, {"contains": "x", "at": "/note"})
    assert [score.passed for score in found] == [None, None]
    assert "nobody answered" in found[1].reason
    assert passed_of(found) is None


def test_not_turns_the_verdict_and_its_degree_around() -> None:
    answer = Answer(value={"note": "we refund"})
    check = {"contains_all": ["refund", "sorry"], "at": "/note"}
    (plain,) = scores(answer, check)
    (negated,) = scores(
        answer, {f"not_{key}" if key != "at" else key: v for key, v in check.items()}
    )
    assert (plain.passed, plain.score) == (False, 0.5)
    assert (negated.passed, negated.score) == (True, 0.5)


@pytest.mark.parametrize("kind", ["contains", "not_contains"])
def test_a_missing_place_fails_a_check_and_its_negation(kind: str) -> None:
    (score,) = scores(Answer(value={"sentiment": "positive"}), {kind: "x", "at": "/note"})
    assert (score.passed, score.reason) == (False, "there is no /note")


@pytest.mark.parametrize("kind", ["contains", "not_contains"])
def test_a_missing_place_passes_where_it_is_optional(kind: str) -> None:
    check = {kind: "x", "at": "/note", "optional": True}
    (score,) = scores(Answer(value={"sentiment": "positive"}), check)
    assert score.passed is True


def test_scores_of_equal_checks_have_different_names() -> None:
    one = {"contains": "x", "at": "/note"}
    found = scores(Answer(value={"note": "x"}), one, {**one, "contains": "y"})
    assert [score.name for score in found] == ["contains./note", "contains./note (2)"]


def test_a_failure_counts_more_than_what_is_unscored() -> None:
    made = {None: Score(name="a", passed=None), False: Score(name="b", passed=False)}
    assert passed_of([made[None], made[False]]) is False
    assert passed_of([made[None]]) is None
    assert passed_of([]) is True


def test_an_expected_error_is_met_even_where_it_means_that_nobody_answered() -> None:
    answer = Answer(error=AnswerError("upstream_unavailable", "…"))
    assert scores(answer, {"error": "upstream_unavailable"})[0].passed is True
    assert scores(answer, {"refused": True})[0].passed is None


@pytest.mark.parametrize("kind", ["contains", "not_contains"])
def test_a_check_that_does_not_fit_the_task_fails_every_answer(kind: str) -> None:
    (score,) = scores(Answer(value={"sentiment": "positive"}), {kind: "x", "at": "/mood"})
    assert score.passed is False
    assert score.reason.startswith('does not fit the task: at: "/mood" leads nowhere')


def test_a_kind_of_another_release_is_unscored() -> None:
    (score,) = scores(Answer(value={"sentiment": "positive"}), {"tastes": "sweet"})
    assert score.passed is None
    assert 'unknown kind of check "tastes"' in score.reason


def test_a_case_without_an_id_is_called_by_what_it_asks() -> None:
    one = Case(input={"comment": "ok"}, expect="a")
    same = Case(input={"comment": "ok"}, expect="b", tags=["x"])
    assert case_id(one) == case_id(same) != ""
    assert case_id(Case(input={"comment": "no"})) != case_id(one)
    assert case_id(Case(id="mine", input={"comment": "ok"})) == "mine"


def test_the_digest_of_what_is_expected_follows_checks_and_their_sources_alone() -> None:
    one = Case(input={"comment": "a"}, checks=[{"python": "checks.py:f"}])
    suite = Suite(sources={"checks.py": "x = 1", "other.py": "x = 1"})
    same = Case(input={"comment": "b"}, id="b", tags=["t"], weight=2, checks=one.checks)
    digest = expectations_digest(one, suite)
    assert digest == expectations_digest(same, Suite(n=5, sources={"checks.py": "x = 1"}))
    assert digest != expectations_digest(one, Suite(sources={"checks.py": "x = 2"}))
    assert digest != expectations_digest(one, Suite(checks=({"refused": False},)))
