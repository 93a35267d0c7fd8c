"""Rules that can never take effect are found where that is certain, and nowhere else."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from roadworthy.tasks import RuleSet, TaskDefinition
from roadworthy.tasks.definition import RuleDefinition
from roadworthy.tasks.rules.shadows import idle_rules

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["a", "b", "c"]},
        "n": {"type": "integer", "minimum": 0, "maximum": 3},
        "x": {"type": "number", "exclusiveMinimum": 0},
        "note": {"type": ["string", "null"]},
        "text": {"type": "string", "minLength": 1},
        "tags": {"type": "array", "maxItems": 2},
        "flag": {"type": "boolean"},
        "who": {"type": "object", "properties": {"age": {"type": "integer"}}},
    },
    "required": ["kind", "n", "text", "tags"],
}


def rules_of(*given: tuple[str, str | None]) -> list[RuleDefinition]:
    return [
        RuleDefinition(
            name=f"r{index}",
            effect=effect,  # type: ignore[arg-type]
            when=when,
            answer=index if effect == "answer" else None,
            deny="no" if effect == "deny" else "",
            model="m" if effect == "model" else "",
            values={"v": {"cel": "input.n"}} if effect == "set" else {},
        )
        for index, (effect, when) in enumerate(given)
    ]


def idle(*given: tuple[str, str | None]) -> dict[int, str]:
    return {one.number: one.message for one in idle_rules(rules_of(*given), SCHEMA, "rules")}


@pytest.mark.parametrize(
    "when",
    [
        "input.n > 3",
        "input.n > 1 && input.n < 2",
        "input.x <= 0.0",
        "input.kind == 'a' && input.kind == 'b'",
        "!(input.kind in ['a', 'b', 'c'])",
        "input.text == ''",
        "size(input.text) == 0",
        "size(input.tags) > 2",
        "!has(input.kind)",
        "has(input.flag) && !has(input.flag)",
        "input.flag && !input.flag",
        "input.n > 1 ? false : input.n == 2",
        "input.text.startsWith('q') && !input.text.startsWith('q')",
    ],
)
def test_what_the_schema_rules_out_is_told(when: str) -> None:
    assert idle(("set", when)) == {0: "can never come out true of an input that the schema allows"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("input.n > 1", "input.n > 2"),
        ("input.n > 1", "input.n == 2 && input.text == 'q'"),
        ("input.kind in ['a', 'b']", "input.kind == 'b'"),
        ("input.kind != 'a'", "input.kind == 'b'"),
        ("size(input.tags) == 2", "size(input.tags) > 1"),
        ("has(input.flag)", "input.flag"),
        ("input.text.contains('q')", "input.n == 1 && input.text.contains('q')"),
        ("input.note == null || input.n > 0", "input.n >= 1"),
        (None, "input.n == 1"),
    ],
)
def test_a_rule_that_one_before_it_shadows_is_told(before: str | None, after: str) -> None:
    said = 'never takes effect: wherever it would, the rule "r0" has before it'
    assert idle(("answer", before), ("set", after)) == {1: said}
    assert idle(("set", before), ("set", after)) == {}


def test_rules_that_only_together_leave_nothing_are_told_too() -> None:
    found = idle(("answer", "input.kind == 'a'"), ("deny", "input.kind == 'b'"), ("set", None))
    assert found == {}
    found = idle(
        ("answer", "input.kind == 'a'"), ("deny", "input.kind != 'a'"), ("set", "input.n == 1")
    )
    assert found == {2: "never takes effect: wherever it would, one of the rules before it has"}


def test_only_the_first_rule_that_chooses_a_model_counts() -> None:
    assert list(idle(("model", "input.n > 1"), ("model", "input.n > 2"))) == [1]
    assert idle(("model", "input.n > 1"), ("set", "input.n > 2")) == {}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("input.flag", "!input.flag"),
        ("input.flag || !input.flag", "input.n == 1"),  # the flag may be missing
        ("input.note != 'q'", "input.n == 1"),  # it may be missing
        ("input.x > 1.0", "!(input.x > 2.0)"),
        ("input.who.age > 3", "input.n == 1"),
        ("input.n * 2 > 2", "input.n > 1"),  # true, and not understood
    ],
)
def test_where_it_is_not_certain_nothing_is_told(before: str, after: str) -> None:
    assert idle(("answer", before), ("set", after)) == {}


def test_a_variable_that_is_set_again_is_another() -> None:
    rules = [("set", None), ("answer", "vars.v > 1"), ("set", None), ("deny", "vars.v > 2")]
    assert idle(*rules) == {}
    assert list(idle(*rules[:2], rules[3])) == [2]


@pytest.mark.parametrize("when", ["'w' in vars", "size(vars) == 2"])
def test_the_variables_are_others_once_one_more_is_set(when: str) -> None:
    one, two = ({name: {"value": 1}} for name in "vw")
    rules = [
        RuleDefinition(name="one", effect="set", values=one),
        RuleDefinition(name="before", effect="deny", when=when, deny="No."),
        RuleDefinition(name="two", effect="set", values=two),
        RuleDefinition(name="after", effect="deny", when=when, deny="No."),
    ]
    assert list(idle_rules(rules, {"type": "object"}, "rules")) == []


def test_a_prompt_that_no_input_reaches_is_told() -> None:
    rules = rules_of(("answer", "input.n > 1"), ("deny", "input.n <= 1"))
    (found,) = idle_rules(rules, SCHEMA, "prompt")
    assert found == (1, "lets no input past, so that the prompt is never sent; narrow its `when`")


ATOMS = [
    "input.kind == 'a'", "input.kind in ['a', 'b']", "input.n > 1", "input.n <= 2", "1 < input.n",
    "input.n == 0", "has(input.flag)", "input.flag", "input.flag == false", "has(input.note)",
    "input.note == null", "input.note == 'q'", "input.note != 'q'", "size(input.text) > 1",
    "size(input.tags) == 0", "input.text.contains('q')", "has(input.who.age)", "input.who.age > 3",
    "input.x > 1.5", "vars.v > 1", "true",
]  # fmt: skip
CHOICES: dict[str, list[Any]] = {
    "kind": ["a", "b"],
    "n": [0, 2, 3],
    "x": [None, 1, 2.5],
    "note": [..., None, "q", "r"],
    "text": ["q", "rs"],
    "tags": [[], [1]],
    "flag": [..., True, False],
    "who": [..., {}, {"age": 9}],
}
"""``...`` is a field that is left out."""
INPUTS = [
    {name: value for name, value in zip(CHOICES, values, strict=True) if value is not ...}
    for values in itertools.product(*CHOICES.values())
]


def condition(chance: random.Random, depth: int) -> str:
    if not depth or chance.random() < 0.3:
        return chance.choice(ATOMS)
    inner = [condition(chance, depth - 1) for _ in range(3)]
    forms = ["({} && {})", "({} || {})", "!({})", "({} ? {} : {})"]
    return chance.choice(forms).format(*inner)


def test_what_is_told_of_random_rules_holds_of_every_input() -> None:
    chance, told = random.Random(7), 0
    for _ in range(200):
        effects = chance.choices(["answer", "deny", "set", "model"], k=4)
        rules = rules_of(("set", None), *[(effect, condition(chance, 2)) for effect in effects])
        found = {f"r{one.number}" for one in idle_rules(rules, SCHEMA, "rules")}
        if not found:
            continue
        told += 1
        task = TaskDefinition(name="t", model="", input_schema=SCHEMA, rules=tuple(rules))
        ruleset = RuleSet(task)
        for given in chance.sample(INPUTS, 60):
            given = {name: value for name, value in given.items() if (name, value) != ("x", None)}
            fired = {rule.name for rule in ruleset.decide(given).fired}
            assert not fired & found, ([(r.effect, r.when) for r in rules], given, found)
    assert told > 20
