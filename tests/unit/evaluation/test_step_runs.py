"""What steps gave, put together from calls; and what is expected of them."""

from __future__ import annotations

import asyncio
from typing import Any

from roadworthy.core import Attempt, Call, CallError, Stage
from roadworthy.evaluation.expectations import Services, compile_expectations
from roadworthy.evaluation.own_suites import OwnSuites
from roadworthy.evaluation.step_runs import ChainCalls, StepRun, answer_of_step
from roadworthy.evaluation.step_scores import step_scores
from roadworthy.registry import Score
from roadworthy.tasks import Case, Suite, TaskDefinition
from roadworthy.tasks.chain.paths import ABSENT
from roadworthy.tasks.definition import ChainDefinition, StepDefinition

ANY = TaskDefinition(name="t", model="local", input_schema={}, output_schema={})


def chain_of(step: StepDefinition, task: TaskDefinition = ANY) -> ChainDefinition:
    return ChainDefinition(steps=(step,), output={"": step.name}, tasks={task.name: task})


def call(value: Any = None, step: str = "copy", **fields: Any) -> Call:
    known: dict[str, Any] = {
        "id": f"id-{fields.get('item', 0)}-{value}",
        "task": "t",
        "parent_id": "root",
        "started_us": 1_000,
        "duration_us": 2_000,
        "outcome": "first_pass",
        "value": value,
        "cost_nusd": 500,
    }
    return Call(step=step, **(known | fields))


def failed(code: str = "output_nonconforming", **fields: Any) -> Call:
    error = CallError(status=422, code=code, message="no")
    return call(outcome="failed", error=error, **fields)


def run_of(step: StepDefinition, *calls: Call, note: str | None = None) -> StepRun:
    notes = {} if note is None else {step.name: note}
    return ChainCalls("root", calls, notes).runs(chain_of(step))[step.name]


def test_a_step_gave_what_its_call_did_and_calls_of_others_are_passed_over() -> None:
    inner = call("inner", parent_id="elsewhere")
    run = run_of(StepDefinition(name="copy", task="t"), inner, call("x"), call("y", step="seo"))
    assert (run.value, run.error, len(run.calls)) == ("x", None, 1)
    answer = answer_of_step(run)
    assert (answer.latency_ms, answer.cost_usd) == (2.0, 5e-7)


def test_a_fallback_answers_in_place_of_what_failed() -> None:
    step = StepDefinition(name="copy", task="t", on_error="task", fallback="other")
    run = run_of(step, failed(started_us=1), call("saved", started_us=2, task="other"))
    assert (run.value, run.error) == ("saved", None)


def test_a_step_that_failed_has_its_error_or_its_default() -> None:
    assert run_of(StepDefinition(name="copy", task="t"), failed()).error == (
        "output_nonconforming",
        "no",
    )
    step = StepDefinition(name="copy", task="t", on_error="default", default="none")
    assert run_of(step, failed()).value == "none"


def test_a_call_given_up_because_another_failed_is_no_failure() -> None:
    run = run_of(StepDefinition(name="copy", task="t"), call(outcome="cancelled"))
    assert (run.value, run.error) == (ABSENT, None)


def test_items_are_listed_in_order_and_skipped_ones_left_out() -> None:
    calls = (call("c", item=2), call("a", item=0), failed(item=1))
    each = StepDefinition(name="copy", task="t", for_each="input.items", on_error="skip")
    assert run_of(each, *calls).value == ["a", "c"]
    strict = StepDefinition(name="copy", task="t", for_each="input.items")
    assert run_of(strict, *calls).error == ("output_nonconforming", "no")
    assert run_of(strict, note="").value == []


def test_a_skipped_step_gave_its_default_and_one_not_come_to_gave_nothing() -> None:
    step = StepDefinition(name="copy", task="t", when="false", default="none")
    assert run_of(step, note="skipped") == StepRun(step, (), "none", skipped=True)
    assert run_of(step) == StepRun(step, (), ABSENT)


def test_notes_come_from_the_stages_of_the_chains_call() -> None:
    root = call(parent_id=None, step="", stages=[Stage(name="step a", start_us=0, duration_us=1)])
    assert ChainCalls.of(root, []).notes == {"a": ""}


def scores(run: StepRun | None) -> list[Score]:
    case = Case(input={}, expect="x")
    expected = compile_expectations(case, Suite(), ANY, services=Services())
    runs = {} if run is None else {"copy": run}
    return list(asyncio.run(step_scores({"copy": expected}, runs)))


def test_what_is_expected_of_a_step_is_scored_under_its_name() -> None:
    step = StepDefinition(name="copy", task="t")
    assert [(s.label, s.passed) for s in scores(run_of(step, call("x")))] == [
        ("copy: expect", True)
    ]
    (bad,) = scores(run_of(step, call("y")))
    assert (bad.passed, bad.reason) == (False, '"y", expected "x"')


def test_a_step_that_failed_or_was_skipped_fails_and_one_not_come_to_is_unscored() -> None:
    step = StepDefinition(name="copy", task="t")
    assert scores(run_of(step, failed()))[0] == Score(
        name="delivered",
        step="copy",
        passed=False,
        reason="no value was delivered: output_nonconforming",
    )
    assert [s.passed for s in scores(run_of(step, note="skipped"))] == [False]
    assert [s.passed for s in scores(run_of(step))] == [None]
    assert [s.passed for s in scores(None)] == [None]


def findings(own: Suite, definition: TaskDefinition, *calls: Call) -> list[tuple[str, str]]:
    suites = OwnSuites(suites={"t": own}, services=lambda _: Services())
    found = asyncio.run(suites.findings(definition, "root", calls))
    return [(finding.step, finding.reason) for finding in found]


def test_the_cases_and_checks_of_a_steps_own_task_speak_against_its_answers() -> None:
    chain = chain_of(StepDefinition(name="copy", task="t"))
    definition = TaskDefinition(name="c", model="", chain=chain)
    known = Case(input={"a": 1}, expect="right")
    own = Suite(cases=(known,), checks=({"not_contains": "bad"},))
    answered = call("bad", input={"a": 1}, attempts=[Attempt(model="m", provider="p", text="bad")])
    assert findings(own, definition, answered) == [
        ("copy", 'expect: "bad", expected "right"'),
        ("copy", "not_contains: it does, and must not"),
    ]
    assert findings(own, definition, call("fine", input={"a": 2}), failed()) == []


def test_steps_of_chains_in_chains_are_found_below_their_own() -> None:
    inner = TaskDefinition(
        name="inner", model="", chain=chain_of(StepDefinition(name="copy", task="t"))
    )
    each = StepDefinition(name="outer", task="inner", for_each="input.items")
    definition = TaskDefinition(name="c", model="", chain=chain_of(each, inner))
    above = call("bad", step="outer", task="inner", item=3, id="above")
    below = call("bad", parent_id="above")
    found = findings(Suite(checks=({"not_contains": "bad"},)), definition, above, below)
    assert [step for step, _ in found] == ["outer[3]/copy"]
