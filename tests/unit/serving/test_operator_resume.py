"""A chain that goes on from recorded steps: only the installation's own keeper may ask so."""

from __future__ import annotations

from typing import Any

import pytest

from roadworthy.core.errors import Forbidden, InvalidRequest
from roadworthy.core.http_names import OPERATOR_HEADER
from roadworthy.pipeline import CallRequest
from roadworthy.serving.operator import hear_operator, take_resume
from roadworthy.serving.task import parse_task_request

HEADERS = {OPERATOR_HEADER: "secret"}
BODY: dict[str, Any] = {"input": {"a": 1}, "resume": {"call": "c1", "recorded": {"copy": "x"}}}


def heard(body: dict[str, Any], headers: dict[str, str]) -> CallRequest:
    resume = take_resume(body, headers)
    wish = parse_task_request("sheet", body)
    hear_operator(wish, headers, token="secret", resume=resume)
    return wish


def test_an_operators_call_goes_on_and_counts_as_any() -> None:
    wish = heard(dict(BODY), HEADERS)
    assert (wish.resumes, wish.recorded, wish.surface) == ("c1", {"copy": "x"}, "task")


def test_what_was_tried_out_goes_on_as_a_test() -> None:
    tried = BODY | {"resume": BODY["resume"] | {"tried_out": True}}
    assert heard(tried, HEADERS).surface == "test"


def test_nobody_else_may_bring_answers_along() -> None:
    with pytest.raises(InvalidRequest, match="unknown field 'resume'"):
        heard(dict(BODY), {})
    with pytest.raises(Forbidden):
        heard(dict(BODY), {OPERATOR_HEADER: "guess"})


@pytest.mark.parametrize("resume", [5, {}, {"call": "c1"}, {"call": "c1", "recorded": {}, "x": 1}])
def test_what_the_field_does_not_take_is_named(resume: object) -> None:
    with pytest.raises(InvalidRequest) as raised:
        heard(BODY | {"resume": resume}, HEADERS)
    assert raised.value.param == "resume"
