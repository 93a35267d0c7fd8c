"""Which mode a call asks in: as the task chose, and never against the caller's own tools."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from pipelines import GOOD, MODEL, TRIAGE, chat, triage
from roadworthy.core import Mode, Settings, SystemClock
from roadworthy.models import Ask, Capabilities
from roadworthy.pipeline import CallRequest, Finished, Pipeline, compile_state
from roadworthy.tasks import Snapshot
from roadworthy.testing import MemoryJournal, ScriptedUpstream

MODES: tuple[Mode, ...] = ("tool", "json", "prompt")
TOOLS = [{"type": "function", "function": {"name": "look_up", "parameters": {}}}]


def served(
    request: CallRequest, *answers: str, mode: Mode | None = None, modes: tuple[Mode, ...] = MODES
) -> tuple[Finished, list[Ask]]:
    upstream = ScriptedUpstream(answers or [GOOD])
    model = msgspec.structs.replace(MODEL, capabilities=Capabilities(modes=modes))
    task = msgspec.structs.replace(TRIAGE, mode=mode)
    state = compile_state(
        Snapshot(
            revision="r", settings=Settings(), tasks={"triage": task}, models={"scripted": model}
        ),
        {},
    )
    pipeline = Pipeline(
        state=lambda: state, upstream=upstream, journal=MemoryJournal(), clock=SystemClock()
    )
    return asyncio.run(pipeline.run(request)), [ask for _, ask in upstream.asked]


def mode_of(ask: Ask) -> str | None:
    return None if ask.structured is None else ask.structured.mode


@pytest.mark.parametrize(
    ("mode", "sent"), [(None, "tool"), ("tool", "tool"), ("json", "json"), ("prompt", None)]
)
def test_a_task_is_asked_in_the_mode_that_it_chose(mode: Mode | None, sent: str | None) -> None:
    finished, (ask,) = served(triage(), mode=mode)
    assert mode_of(ask) == sent
    assert finished.call.mode == finished.call.attempts[0].mode == (sent or "prompt")


def test_mode_none_asks_for_nothing_and_still_holds_the_answer_to_the_schema() -> None:
    finished, (ask, *_) = served(triage(), "x", "x", "x", mode="none")
    assert (ask.structured, ask.messages) == (
        None,
        [{"role": "user", "content": "Comment: Lovely."}],
    )
    assert finished.error is not None


def test_fields_are_asked_again_in_the_mode_that_the_task_chose() -> None:
    wrong = '{"sentiment":"positive","confidence":7}'
    finished, asks = served(triage(), wrong, '{"confidence":0.5}', mode="json")
    assert [mode_of(ask) for ask in asks][:1] == ["json"]
    assert [attempt.mode for attempt in finished.call.attempts] == ["json", "json"]


@pytest.mark.parametrize("request_", [triage, chat])
def test_a_callers_own_tools_leave_no_room_for_a_forced_function(request_: Any) -> None:
    schema = None if request_ is triage else TRIAGE.output_schema
    finished, (ask,) = served(request_(parameters={"tools": TOOLS}, output_schema=schema))
    assert (mode_of(ask), finished.call.mode) == ("json", "json")
    assert ask.parameters["tools"] == TOOLS


def test_the_names_of_tasks_are_made_such_as_providers_take() -> None:
    task = msgspec.structs.replace(TRIAGE, name="triage.v2" + "x" * 80)
    state = compile_state(
        Snapshot(revision="r", settings=Settings(), tasks={"t": task}, models={"scripted": MODEL}),
        {},
    )
    plan = state.tasks["t"].plan
    assert plan is not None
    assert plan.structured is not None
    assert plan.structured.name == "triage_v2" + "x" * 55
