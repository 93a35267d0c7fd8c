"""`examples/orders`: its figures are the rules', whatever the model writes."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from roadworthy.core import SystemClock
from roadworthy.pipeline import CallRequest, Finished, Pipeline, compile_state
from roadworthy.tasks import build_snapshot, load_project
from roadworthy.testing import MemoryJournal, ScriptedUpstream

ORDERS = Path(__file__).resolve().parents[3] / "examples" / "orders"
TASK = "answer-about-order"
CASES = [
    json.loads(line) for line in (ORDERS / f"tasks/{TASK}/cases.jsonl").read_text().splitlines()
]
LAMP = {"name": "Lamp", "price": 40, "quantity": 1}


def ask(*replies: str, **given: Any) -> tuple[Finished, ScriptedUpstream]:
    upstream = ScriptedUpstream([json.dumps({"reply": reply}) for reply in replies])
    state = compile_state(build_snapshot(load_project(ORDERS), price=lambda model: model), {})
    pipeline = Pipeline(
        state=lambda: state, upstream=upstream, journal=MemoryJournal(), clock=SystemClock()
    )
    order = {
        "question": "What now?",
        "placed": "2026-03-02",
        "asked": "2026-03-03",
        "country": "DE",
        "lines": [LAMP],
    }
    request = CallRequest(target=f"task:{TASK}", surface="task", input=order | given)
    return asyncio.run(pipeline.run(request)), upstream


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_every_case_holds_whatever_the_model_writes(case: dict[str, Any]) -> None:
    finished, _ = ask("It costs 3 EUR and comes on Monday.", **case["input"])
    assert finished.call.value.items() >= case["expect"].items()


def test_the_model_is_told_the_figures_and_asked_for_none() -> None:
    finished, upstream = ask("44.90 EUR in all.")
    ((_, question),) = upstream.asked
    assert "comes to 44.9 EUR" in question.messages[-1]["content"]
    assert question.structured is not None
    assert list(question.structured.schema["properties"]) == ["reply"]
    assert list(finished.call.value) == ["total", "arrives", "returnable", "reply"]


def test_a_promise_that_is_not_kept_is_asked_for_again() -> None:
    finished, _ = ask("You can return it.", "It cannot go back.", asked="2026-09-01")
    assert finished.call.value["reply"] == "It cannot go back."
    assert finished.call.outcome == "reasked"


def test_dear_orders_go_to_the_careful_model() -> None:
    finished, _ = ask("Thank you.", lines=[{**LAMP, "quantity": 25}])
    assert finished.call.model == "careful"


def test_too_many_lines_are_denied() -> None:
    finished, upstream = ask(lines=[LAMP] * 101)
    assert finished.error is not None
    assert finished.error.code == "denied_by_rule"
    assert not upstream.asked
