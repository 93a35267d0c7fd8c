"""What the conform stage lets through beside a text that conforms as it came."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pipelines import GOOD, chat, pipeline_of, triage
from roadworthy.core import Call
from roadworthy.core.errors import OutputNonconforming
from roadworthy.models import Reply
from roadworthy.pipeline import CallRequest, Finished
from roadworthy.testing import Answer, ScriptedUpstream

CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": GOOD}}
TOOL_CALL = Reply(tool_calls=[CALL], stop_reason="tool_calls")


def run(request: CallRequest, *answers: Answer) -> tuple[Finished, Call]:
    pipeline, journal = pipeline_of(ScriptedUpstream(answers))
    finished = asyncio.run(pipeline.run(request))
    return finished, journal.calls[0]


@pytest.mark.parametrize(
    "request_",
    [triage(), chat(output_schema={"type": "object"}), triage(parameters={"tools": [1]})],
)
def test_a_call_of_tools_that_nobody_offered_is_no_answer(request_: CallRequest) -> None:
    finished, call = run(request_, TOOL_CALL)
    assert isinstance(finished.error, OutputNonconforming)
    assert (call.outcome, len(call.attempts)) == ("failed", 3)


def test_it_is_asked_again() -> None:
    finished, call = run(triage(), TOOL_CALL, GOOD)
    assert (finished.error, call.outcome) == (None, "reasked")


def test_a_call_of_the_callers_tools_passes() -> None:
    offered: dict[str, Any] = {"tools": [{"type": "function", "function": {"name": "look"}}]}
    request = chat(output_schema={"type": "object"}, parameters=offered)
    finished, call = run(request, TOOL_CALL)
    assert (finished.error, call.outcome) == (None, "unchecked")


@pytest.mark.parametrize("around", ["\ufeff{}", "\u00a0{}", "{}\u2003"])
def test_what_is_delivered_is_json_whatever_stood_around_it(around: str) -> None:
    finished, call = run(triage(), around.format(GOOD))
    assert finished.text == GOOD
    assert call.outcome in ("first_pass", "repaired")
