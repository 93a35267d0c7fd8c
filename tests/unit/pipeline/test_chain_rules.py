"""Rules before the steps of a chain, and steps that rules answer."""

from __future__ import annotations

import pytest

from chains import ByTask, chain, run_chain, step, step_task
from roadworthy.core.errors import DeniedByRule, OutputNonconforming
from roadworthy.tasks import ConstraintDefinition
from roadworthy.tasks.definition import RuleDefinition

EMPTY = RuleDefinition(
    name="empty", effect="answer", when='input.text == ""', answer={"text": "nothing"}
)
LONG = RuleDefinition(name="long", effect="deny", when="size(input.text) > 5", deny="Too long.")
LENGTH = RuleDefinition(name="length", effect="set", values={"n": {"cel": "size(input.text)"}})


def test_a_rule_answers_before_any_step_runs() -> None:
    upstream = ByTask()
    finished, journal = run_chain(chain(step("one"), rules=(EMPTY,)), upstream, text="")
    assert (finished.call.value, finished.call.outcome) == ({"text": "nothing"}, "rule")
    assert (upstream.asked, finished.steps, len(journal)) == ([], (), 1)
    assert finished.call.cost_nusd == 0


def test_a_rule_denies_before_any_step_runs() -> None:
    finished, journal = run_chain(chain(step("one"), rules=(LONG,)), text="too long")
    assert isinstance(finished.error, DeniedByRule)
    assert finished.error.step == ""
    assert [call.outcome for call in journal] == ["refused"]


def test_what_rules_set_stands_in_the_constraints_of_the_chain() -> None:
    told = ConstraintDefinition(
        name="grows", require="size(output.text) > vars.n + 5", message="no"
    )
    sheet = chain(step("one"), rules=(LENGTH,), constraints=(told,))
    finished, _ = run_chain(sheet, text="abc")
    assert isinstance(finished.error, OutputNonconforming)
    longer = chain(step("longer"), rules=(LENGTH,), constraints=(told,))
    assert run_chain(longer, text="abc")[0].call.value == {"text": "longer(abc)"}


@pytest.mark.parametrize(("text", "asked"), [("", []), ("x", ["one"])])
def test_a_step_may_be_answered_by_rules(text: str, asked: list[str]) -> None:
    upstream = ByTask()
    tasks = {"one": step_task("one", rules=(EMPTY,))}
    finished, journal = run_chain(chain(step("one"), tasks=tasks), upstream, text=text)
    assert upstream.order == asked
    assert finished.call.outcome == "chain"
    assert journal[0].outcome == ("first_pass" if asked else "rule")


def test_a_step_may_be_a_task_that_only_rules_answer() -> None:
    always = RuleDefinition(name="all", effect="answer", answer={"text": {"cel": "input.text"}})
    told = step_task("told", model="", templates=(), rules=(always,))
    finished, journal = run_chain(chain(step("told"), tasks={"told": told}))
    assert finished.call.value == {"text": "x"}
    assert (journal[0].outcome, journal[0].model, finished.call.cost_nusd) == ("rule", "", 0)


def test_a_step_that_a_rule_denies_ends_the_chain_unless_it_may_be_replaced() -> None:
    tasks = {"one": step_task("one", rules=(LONG,))}
    finished, journal = run_chain(chain(step("one"), tasks=tasks), text="too long")
    assert isinstance(finished.error, DeniedByRule)
    assert (finished.error.step, finished.error.message) == ("one", "step 'one': Too long.")
    assert [call.outcome for call in journal] == ["refused", "refused"]
    sheet = chain(step("one", on_error="default", default={"text": "d"}), tasks=tasks)
    assert run_chain(sheet, text="too long")[0].call.value == {"text": "d"}
