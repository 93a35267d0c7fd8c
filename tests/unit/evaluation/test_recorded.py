from __future__ import annotations

from typing import Any

from roadworthy.core import Call
from roadworthy.evaluation.recorded import cases_of_calls
from roadworthy.evaluation.report import RecordedReport
from roadworthy.evaluation.rows import recorded_lines
from roadworthy.registry import Share
from roadworthy.tasks import Case, Suite
from roadworthy.tasks.cases import question_digest


def call(comment: str | None, number: int = 0, **fields: Any) -> Call:
    given = None if comment is None else {"comment": comment}
    known: dict[str, Any] = {"outcome": "first_pass", "value": {"mood": comment}} | fields
    return Call(id=f"id-{comment}-{number}", task="t", started_us=0, input=given, **known)


def asked(comment: str) -> str:
    return question_digest(Case(input={"comment": comment}))


def test_equal_inputs_are_one_case_that_weighs_as_much_as_its_calls() -> None:
    calls = [call("sour"), call("sweet", 1), call("sweet", 2), call("sweet", 3)]
    found = cases_of_calls(calls, Suite(), inputs=10)
    assert [(case.input, case.weight) for case in found.suite.cases] == [
        ({"comment": "sour"}, 1.0),
        ({"comment": "sweet"}, 3.0),
    ]
    assert (found.calls, found.without_input) == (4, 0)


def test_a_case_is_called_by_its_latest_call_and_says_how_that_ended() -> None:
    calls = [call("sour", 2, outcome="reasked"), call("sour", 1)]
    (case,) = cases_of_calls(calls, Suite(), inputs=10).suite.cases
    assert (case.id, case.tags) == ("id-sour-2", ["was reasked"])


def test_only_so_many_inputs_are_taken_and_later_calls_of_them_still_count() -> None:
    calls = [call("a", 3), call("b", 2), call("c", 1), call("a", 0)]
    found = cases_of_calls(calls, Suite(), inputs=2)
    assert [case.weight for case in found.suite.cases] == [2.0, 1.0]
    assert found.calls == 3


def test_a_case_of_the_suite_that_asks_the_same_keeps_its_name_and_expectations() -> None:
    own = Case(id="mine", input={"comment": "sour"}, expect={"mood": "sour"}, weight=9)
    suite = Suite(cases=(own,), checks=({"contains": "s", "at": "/mood"},))
    found = cases_of_calls([call("sour", 1), call("sour", 2)], suite, inputs=5).suite
    assert [(c.id, c.expect, c.weight) for c in found.cases] == [("mine", {"mood": "sour"}, 2.0)]
    assert found.checks == suite.checks


def test_what_was_answered_last_is_kept_and_failures_answered_nothing() -> None:
    calls = [
        call("sour", 3, outcome="failed", value=None),
        call("sour", 2, value={"mood": "bitter"}),
        call("sour", 1, value={"mood": "sour"}),
        call("sweet", 0, outcome="truncated", value=None),
    ]
    found = cases_of_calls(calls, Suite(), inputs=5)
    assert found.answers == {asked("sour"): {"mood": "bitter"}}


def test_rejected_calls_ask_nothing_and_those_without_texts_are_counted() -> None:
    calls = [call("bad", outcome="rejected"), call(None), call("good")]
    found = cases_of_calls(calls, Suite(), inputs=5)
    assert [case.input for case in found.suite.cases] == [{"comment": "good"}]
    assert found.without_input == 1


def test_the_lines_say_how_often_answers_are_the_same_worst_field_first() -> None:
    lines = recorded_lines(
        RecordedReport(
            calls=7,
            inputs=3,
            without_input=2,
            same=Share(value=0.5, low=0.1, high=0.9, n=3),
            fields={"mood": 1.0, "themes": 0.5},
        )
    )
    assert lines == [
        "Asked of recorded calls: 3 different inputs of 7 calls; 2 more had no input kept.",
        "Same answer as recorded: 50.0% of calls, 95 % interval 10 to 90%"
        " (themes 50.0%, mood 100.0%).",
    ]
