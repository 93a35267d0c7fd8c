"""Changes of rules, chains, votes and choices: the level of each, and the words that say why."""

# ruff: noqa: E501  a table, one row a line

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import pytest

from registry_samples import chain_of, definition_of
from roadworthy.registry.differences import difference, working_version
from roadworthy.registry.levels import changes_between, level_of
from roadworthy.registry.version import Level
from roadworthy.tasks import Suite, TaskDefinition, definition_digest
from roadworthy.tasks.definition import (
    BestOf,
    ChainDefinition,
    RuleDefinition,
    StepDefinition,
    Votes,
)

EMPTY = RuleDefinition(name="empty", effect="answer", when='input.comment == ""', answer={"mood": "none"})  # fmt: skip
TOTAL = RuleDefinition(name="total", effect="set", values={"total": {"cel": "1 + 1"}})
TASK = definition_of(rules=(EMPTY, TOTAL), votes=Votes(n=3), choose=("mood",), max_cost_usd=0.02)


class Row(NamedTuple):
    fields: dict[str, Any]
    place: str
    what: str


def _rules(*rules: RuleDefinition) -> dict[str, Any]:
    return {"rules": rules}


def _but(struct: Any, **changes: Any) -> Any:
    return msgspec.structs.replace(struct, **changes)


ROWS = [
    Row(_rules(EMPTY), "rules.total", "removed"),
    Row(_rules(TOTAL, EMPTY), "rules", "take effect in another order"),
    Row(_rules(EMPTY, TOTAL, RuleDefinition(name="long", effect="deny", when="size(input.comment) > 9", deny="Too long.")), "rules.long", "added: denies when size(input.comment) > 9: Too long."),
    Row(_rules(EMPTY, TOTAL, RuleDefinition(name="rich", effect="model", model="strong")), "rules.rich", "added: asks model strong"),
    Row(_rules(EMPTY, TOTAL, RuleDefinition(name="out", effect="fill", values={"sum": {"python": "rules.py:total"}})), "rules.out", "added: fills sum = rules.py:total"),
    Row(_rules(_but(EMPTY, when=None), TOTAL), "rules.empty", "takes effect always"),
    Row(_rules(EMPTY, _but(TOTAL, when="true")), "rules.total", "takes effect only when true"),
    Row(_rules(_but(EMPTY, answer={"mood": "flat"}), TOTAL), "rules.empty", 'answer: {"mood":"none"} became {"mood":"flat"}'),
    Row(_rules(EMPTY, _but(TOTAL, values={"total": {"value": 2}})), "rules.total", "set.total: 1 + 1 became 2"),
    Row(_rules(RuleDefinition(name="empty", effect="deny", deny="No."), TOTAL), "rules.empty", "denies: No. now"),
    Row({"votes": None}, "votes", "removed: 3 votes; ties go to the first"),
    Row({"votes": Votes(n=5, models=("a", "b"), ties="fail")}, "votes", "3 votes; ties go to the first became 5 votes of a, b; ties fail"),
    Row({"votes": None, "best_of": BestOf(n=4, judge="judge")}, "best_of", "added: the best of 4 by judge"),
    Row({"choose": ()}, "choose.mood", "is written by the model now"),
    Row({"choose": ("mood", "sure")}, "choose.sure", "is chosen by its likelihood now"),
    Row({"max_cost_usd": None}, "max_cost_usd", "0.02 became no limit"),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.place}: {row.what}")
def test_a_change_of_what_decides_is_minor_and_says_why(row: Row) -> None:
    after = msgspec.structs.replace(TASK, **row.fields)
    changes = changes_between((TASK, Suite()), (after, Suite()))
    assert level_of(changes) == "minor"
    assert row.what in [change.what for change in changes if change.place == row.place], changes


A, B = definition_of(name="a"), definition_of(name="b")
CHAIN = chain_of(A, B)


def chain_with(*steps: StepDefinition, **changes: Any) -> TaskDefinition:
    assert CHAIN.chain is not None
    chain = _but(CHAIN.chain, **({"steps": steps} if steps else {}), **changes)
    return _with_digest(CHAIN, chain=chain)


def _with_digest(definition: TaskDefinition, **fields: Any) -> TaskDefinition:
    changed: TaskDefinition = _but(definition, **fields)
    return msgspec.structs.replace(changed, digest=definition_digest(changed))


STEP_A, STEP_B = StepDefinition(name="a", task="a"), StepDefinition(name="b", task="b")
STEPS = [
    (_but(STEP_B, when="true"), "steps.b", "when added: true"),
    (_but(STEP_B, wires={"comment": "a.mood"}, needs=("a",)), "steps.b", "needs added: a; input.comment added: a.mood"),
    (_but(STEP_B, wires={"": "a"}), "steps.b", "input added: a"),
    (_but(STEP_B, constants={"comment": "x"}), "steps.b", 'input.comment added: "x"'),
    (_but(STEP_B, on_error="task", fallback="a"), "steps.b", "on_error added: task:a"),
    (_but(STEP_B, default={"mood": ""}), "steps.b", 'default added: {"mood":""}'),
    (_but(STEP_B, for_each="input.items"), "steps.b", "for_each added: input.items; concurrency added: 4"),
    (_but(STEP_B, task="a"), "steps.b", "task: b became a"),
    (_but(STEP_B, name="c"), "steps.c", "added: runs b"),
]  # fmt: skip


@pytest.mark.parametrize(("step", "place", "what"), STEPS, ids=[row[2] for row in STEPS])
def test_a_changed_step_is_minor_and_says_what_of_it_changed(
    step: StepDefinition, place: str, what: str
) -> None:
    changes = changes_between((CHAIN, Suite()), (chain_with(STEP_A, step), Suite()))
    assert level_of(changes) == "minor"
    assert what in [change.what for change in changes if change.place == place], changes


def test_the_order_of_steps_and_the_wires_of_the_result_are_told() -> None:
    after = chain_with(STEP_B, STEP_A, output={"mood": "a.mood"})
    changes = changes_between((CHAIN, Suite()), (after, Suite()))
    assert [(change.place, change.what) for change in changes] == [
        ("steps", "stand in another order"),
        ("result", "b became mood = a.mood"),
    ]


def test_another_kind_of_body_is_told_as_one() -> None:
    plain = definition_of(name="chain", templates=())
    changes = changes_between((plain, Suite()), (CHAIN, Suite()))
    told = {change.place: change.what for change in changes}
    assert told["body"] == "a prompt became a chain of 2 steps"
    assert "model" not in told
    back = changes_between((CHAIN, Suite()), (plain, Suite()))
    assert back[0].what == "a chain of 2 steps became a prompt"


def level_of_step(change: dict[str, Any]) -> Level | None:
    """Of the chain, where this changes of the task of one of its steps."""
    step = _with_digest(A, version="1.1.0", **change)
    after = chain_with(tasks={"a": step, "b": B})
    return level_of(changes_between((CHAIN, Suite()), (after, Suite())))


def test_a_step_that_answers_otherwise_is_minor_whatever_it_is_to_its_own_callers() -> None:
    assert level_of_step({"parameters": {"temperature": 1}}) == "minor"
    assert level_of_step({"output_schema": None}) == "minor"


def test_a_step_whose_own_change_is_a_patch_is_a_patch_of_the_chain() -> None:
    spelt_otherwise = {
        **A.input_schema,
        "properties": {"comment": {"type": "string", "minLength": 0}},
    }
    assert level_of_step({"input_schema": spelt_otherwise}) == "patch"
    assert level_of_step({"description": "else"}) is None


def test_a_chain_whose_own_contract_breaks_is_major() -> None:
    after = _with_digest(CHAIN, output_schema=None)
    assert level_of(changes_between((CHAIN, Suite()), (after, Suite()))) == "major"


def test_what_became_of_a_step_is_told_by_its_versions_and_first_change() -> None:
    old = chain_with(tasks={"a": _but(A, version="1.0.0"), "b": B})
    new = _with_digest(A, version="1.1.0", model="big", parameters={"seed": 1})
    changes = changes_between((old, Suite()), (chain_with(tasks={"a": new, "b": B}), Suite()))
    assert [(change.place, change.what) for change in changes] == [
        ("tasks.a", "1.0.0 became 1.1.0 (model: local became big, and 1 more)")
    ]


def test_a_step_within_a_step_is_told_by_the_step() -> None:
    inner, changed = (
        chain_of(step, name="inner") for step in (A, _with_digest(A, parameters={"seed": 1}))
    )
    changes = changes_between((chain_of(inner), Suite()), (chain_of(changed), Suite()))
    assert [(change.level, change.place) for change in changes] == [("minor", "tasks.inner")]
    assert "tasks.a: " in changes[0].what


def test_a_judge_that_changed_is_told_as_a_step_is() -> None:
    old = definition_of(best_of=BestOf(n=2, judge="a"), judges={"a": A})
    new = definition_of(best_of=BestOf(n=2, judge="a"), judges={"a": _with_digest(A, model="b")})
    changes = changes_between((old, Suite()), (new, Suite()))
    assert [(change.level, change.place) for change in changes] == [("minor", "judges.a")]


def test_a_diff_shows_steps_and_rules_key_by_key() -> None:
    old = working_version(chain_with(STEP_A, STEP_B), Suite())
    changed = chain_with(STEP_A, _but(STEP_B, when="true"), tasks={"a": A, "b": _with_digest(B, version="1.1.0", model="x")})  # fmt: skip
    new = working_version(_but(changed, rules=(EMPTY,)), Suite())
    shown = [(value.place, value.old, value.new) for value in difference(old, new).settings]
    assert ("steps.b.when", None, "true") in shown
    assert ("tasks.b", "the working copy", "1.1.0") in shown
    assert ("rules.empty.when", None, 'input.comment == ""') in shown
    assert not [place for place, *_ in shown if place.startswith(("steps.a", "tasks.a"))]


def test_versions_that_answer_alike_are_no_difference() -> None:
    old = working_version(CHAIN, Suite())
    new = working_version(chain_with(tasks={"a": _but(A, version="1.0.1"), "b": B}), Suite())
    assert difference(old, new).settings == ()


def test_chains_of_no_steps_in_common_are_compared() -> None:
    empty = _with_digest(CHAIN, chain=ChainDefinition(steps=(), output={}, tasks={}))
    places = {c.place for c in changes_between((CHAIN, Suite()), (empty, Suite()))}
    assert {"steps.a", "steps.b"} <= places
