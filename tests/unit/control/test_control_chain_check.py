"""What a draft of a chain from elsewhere must satisfy."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from registry_samples import chain_of, definition_of
from roadworthy.control.registry_api.draft_check import checked_draft
from roadworthy.core.errors import InvalidRequest
from roadworthy.registry import Draft
from roadworthy.tasks import Case, Suite, TaskDefinition, Template
from roadworthy.tasks.cases import StepCase
from roadworthy.tasks.definition import BestOf, RuleDefinition, StepDefinition

ONE, TWO = definition_of(name="one"), definition_of(name="two")
CHAIN = chain_of(ONE, TWO)
FIRST = StepDefinition(name="one", task="one", wires={"comment": "input.comment"})


def told(definition: TaskDefinition, *cases: Case) -> str:
    """What a draft is refused with; empty: it is taken."""
    try:
        checked_draft(
            Draft(definition=definition, suite=Suite(cases=cases), message="why"),
            task=definition.name,
        )
    except InvalidRequest as error:
        return error.message
    return ""


def chain_with(*steps: StepDefinition, **changes: Any) -> TaskDefinition:
    assert CHAIN.chain is not None
    given = {"output": {"": "one"}, **({"steps": steps} if steps else {}), **changes}
    return msgspec.structs.replace(CHAIN, chain=msgspec.structs.replace(CHAIN.chain, **given))


def test_chains_of_chains_are_taken_with_digests_made_here() -> None:
    outer = chain_of(CHAIN, name="outer")
    assert told(outer) == ""
    assert told(chain_with(FIRST)) == ""


@pytest.mark.parametrize(
    ("step", "what"),
    [
        ({"name": "input"}, "'input' cannot be a step's name"),
        ({"task": "nine"}, "runs 'nine', which the draft does not hold"),
        ({"on_error": "task", "fallback": "nine"}, "runs 'nine'"),
        ({"needs": ("nine",)}, "needs what is no step"),
        ({"needs": ("one",)}, "its steps wait for each other"),
        ({"wires": {"comment": "input..x"}}, "is no path"),
        ({"wires": {"comment": "two.mood"}}, "reads 'two', which does not stand before it"),
        ({"wires": {"comment": "item.x"}}, "reads 'item'"),
        ({"for_each": "two.items"}, "reads 'two'"),
        ({"when": "size("}, "when of step 'one' does not fit"),
        ({"concurrency": 0}, "concurrency of step 'one' is not between"),
    ],
)
def test_a_step_that_could_not_run_is_told(step: dict[str, Any], what: str) -> None:
    assert what in told(chain_with(msgspec.structs.replace(FIRST, **step)))


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"steps": (FIRST, FIRST)}, "2 steps are called 'one'"),
        ({"steps": ()}, "a chain has 1 to 200 steps"),
        ({"output": {"": "nine"}}, "the output reads 'nine'"),
        ({"output": {}}, "nothing is wired to the output"),
        ({"tasks": {"one": TWO, "two": TWO}}, "'one' stands for a task of another name"),
    ],
)
def test_a_chain_that_does_not_hold_together_is_told(changes: dict[str, Any], what: str) -> None:
    assert what in told(chain_with(**changes))


def test_a_step_is_held_to_what_every_task_is() -> None:
    broken = definition_of("{{ nothing }}", name="two")
    assert "two: " in told(chain_of(ONE, broken))
    forged = msgspec.structs.replace(TWO, parameters={"seed": 1})
    assert "the step's task 'two' is not what its digest says" in told(chain_of(ONE, forged))
    odd = definition_of(name="../two")
    assert "'../two' cannot be a task's name" in told(chain_of(ONE, odd))


def test_a_chain_asks_nothing_itself() -> None:
    assert "no model, no prompt" in told(msgspec.structs.replace(CHAIN, model="local"))


def test_steps_nested_without_end_are_refused() -> None:
    deep = ONE
    for depth in range(25):
        deep = chain_of(deep, name=f"deep-{depth}")
    assert "nested more than 20 deep" in told(deep)


ALWAYS = RuleDefinition(name="all", effect="answer", answer={"mood": "good"})
NO_PROMPT: tuple[Template, ...] = ()


@pytest.mark.parametrize(
    ("rules", "templates", "what"),
    [
        ((ALWAYS,), NO_PROMPT, ""),
        ((), NO_PROMPT, "it names no model"),
        (
            (msgspec.structs.replace(ALWAYS, when="true"),),
            NO_PROMPT,
            "no rule of it always answers",
        ),
        ((ALWAYS,), ONE.templates, "it has a prompt, and no model"),
    ],
)
def test_rules_alone_must_always_answer(
    rules: tuple[RuleDefinition, ...], templates: tuple[Template, ...], what: str
) -> None:
    found = told(definition_of(model="", rules=rules, templates=templates))
    assert what in found
    assert bool(found) == bool(what)


def test_cases_expect_something_of_steps_that_there_are() -> None:
    asked = {"comment": "x"}
    good = Case(input=asked, steps={"one": StepCase(expect={"mood": "good"})})
    assert told(CHAIN, good) == ""
    unknown = Case(input=asked, steps={"nine": StepCase()})
    assert "there is no step 'nine'" in told(CHAIN, unknown)
    wrong = Case(input=asked, steps={"one": StepCase(checks=[{"nonsense": 1}])})
    assert "case 1, step one: " in told(CHAIN, wrong)


def test_a_limit_of_cost_is_above_nothing() -> None:
    assert "max_cost_usd is not above 0" in told(msgspec.structs.replace(CHAIN, max_cost_usd=0.0))


def rules(*given: RuleDefinition, **changes: Any) -> str:
    return told(definition_of(rules=given, **changes))


SUM = RuleDefinition(name="sum", effect="set", values={"sum": {"cel": "1 + 1"}})
SAID = "{{ comment }} {{ vars.sum }}"


def test_rules_whose_variables_a_prompt_shows_are_taken() -> None:
    assert told(definition_of(SAID, rules=(SUM,))) == ""
    assert "unknown variable" in told(definition_of(SAID))


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        (RuleDefinition(name="", effect="answer", answer={}), "1 rules are called ''"),
        (RuleDefinition(name="a", effect="deny"), "denies and does not say why"),
        (RuleDefinition(name="a", effect="model"), "chooses a model for what asks none"),
        (RuleDefinition(name="a", effect="set"), "sets nothing"),
        (
            RuleDefinition(name="a", effect="set", values={"x": {"cel": 5}}),
            "in one way what 'x' is",
        ),
        (RuleDefinition(name="a", effect="set", values={"x": "1 + 1"}), "in one way what 'x' is"),
        (
            RuleDefinition(name="a", effect="set", values={"x": {"python": "../e.py:f"}}),
            "whose file the draft does not hold",
        ),
        (
            RuleDefinition(name="a", effect="fill", values={"nope": {"value": 1}}),
            "fills 'nope', which is no field",
        ),
        (RuleDefinition(name="a", effect="deny", deny="No.", when="input.nope"), "does not fit"),
        (RuleDefinition(name="a", effect="answer", answer={"mood": {"cel": "("}}), "does not fit"),
    ],
)
def test_a_rule_that_could_not_be_applied_is_told(rule: RuleDefinition, what: str) -> None:
    assert what in rules(rule)


def test_two_rules_of_one_name_are_told() -> None:
    assert "2 rules are called 'sum'" in rules(SUM, SUM)


def test_candidates_come_with_their_judge_and_chosen_fields_are_closed() -> None:
    judge = definition_of(name="judge")
    best = BestOf(n=2, judge="judge")
    assert told(definition_of(best_of=best, judges={"judge": judge})) == ""
    assert "does not hold the judge" in told(definition_of(best_of=best))
    assert "judges that nothing asks" in told(definition_of(judges={"judge": judge}))
    assert "is no closed field" in told(definition_of(choose=("mood",)))
