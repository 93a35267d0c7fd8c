"""``[[rule]]`` in `rules.toml`: what is accepted, and every fault with its file and line."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from roadworthy.tasks import Project

Load = Callable[[Mapping[str, str]], Project]
Faults = Callable[[Mapping[str, str]], tuple[str, ...]]

TASK = """\
[input.fields]
comment = "string"
price = "number"
tip = { type = "number", optional = true }
[output.fields]
mood = { type = "string", enum = ["good", "bad"] }
score = "number"
"""
PYTHON = """\
from datetime import date

import rates

def total(price: float, tip: float = 0.0) -> float:
    return price * rates.VAT + tip

def due(comment: date) -> date:
    return comment

def untyped(price):
    return price

def needs_tip(tip: float) -> float:
    return tip

def whole(price: int) -> int:
    return price

def stranger(prize: float) -> float:
    return prize
"""
BASE = {
    "tasks/t/task.toml": TASK,
    "tasks/t/prompt/user.md": "{{ comment }}",
    "tasks/t/rules.py": PYTHON,
    "tasks/t/rates.py": "VAT = 1.19\n",
}


def files(rules: str, **others: str) -> dict[str, str]:
    return {**BASE, "tasks/t/rules.toml": rules, **others}


def rule(body: str, name: str = "r") -> str:
    return f'[[rule]]\nname = "{name}"\n{body}\n'


GOOD = """\
[[rule]]
name = "empty"
when = 'input.comment == ""'
answer = { mood = "good", score = { cel = "input.price / 2.0" } }
[[rule]]
name = "dear"
when = "input.price > 1000.0"
deny = "Too dear."
[[rule]]
name = "total"
set.total = { python = "rules.py:total" }
set.label = { value = "x" }
[[rule]]
name = "fill"
when = "vars.total > 1.0"
fill.score = "vars.total"
[[rule]]
name = "model"
model = "local"
"""


def test_rules_are_part_of_the_task_with_the_python_that_they_run(load: Load) -> None:
    task = load(files(GOOD)).tasks["t"]
    assert [rule.effect for rule in task.rules] == ["answer", "deny", "set", "fill", "model"]
    assert task.rules[2].values == {
        "total": {"python": "tasks/t/rules.py:total"},
        "label": {"value": "x"},
    }
    assert task.rules[3].values == {"score": {"cel": "vars.total"}}
    assert task.sources == {name: BASE[name] for name in ("tasks/t/rules.py", "tasks/t/rates.py")}


def test_rules_and_their_python_are_part_of_the_digest(load: Load) -> None:
    digests = {
        load(BASE).tasks["t"].digest,
        load(files(GOOD)).tasks["t"].digest,
        load(files(GOOD.replace("1000.0", "999.0"))).tasks["t"].digest,
        load(files(GOOD, **{"tasks/t/rates.py": "VAT = 1.2\n"})).tasks["t"].digest,
    }
    assert len(digests) == 4


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('when = "true"', "2: name: the rule does nothing; give it one of answer, deny"),
        ('deny = "no"\nmodel = "local"', "2: name: the rule has deny and model; give it one"),
        ('deny = ""', "3: deny: is empty; say why, the caller is told so"),
        ('model = "locla"', '3: model: unknown model "locla"; did you mean "local"?'),
        ('when = "input.prize > 1.0"\ndeny = "no"', '3: when: unknown field "input.prize"; did'),
        ('when = "input.price"\ndeny = "no"', "3: when: a condition must come out true or false"),
        ('when = "output.score > 1.0"\ndeny = "no"', '3: when: unknown name "output"'),
        ('answer = { mood = "fine", score = 1 }', "3: answer: mood: "),
        ('answer = { mood = "good" }', '3: answer: "score" is a required property'),
        (
            'answer = { mood = "good", score = { cel = "input.comment" } }',
            "3: answer.score: comes out as a text, and the output has a number there",
        ),
        ('answer = { mood = "good", score = { cel = "1.0 +" } }', "3: answer.score: a value must"),
        ("set.n = 3", "3: set.n: write CEL as a text, { python ="),
        ('set.n = "vars.m"', '3: set.n: unknown field "vars.m"'),
        ('set."a b" = "1"', "3: set.a b: a variable's name is letters, digits and _"),
        ('set.n = "timestamp(input.comment)"', "3: set.n: the value is none of JSON; write string"),
        ('fill.skore = "1.0"', '3: fill.skore: is no field of the output; did you mean "score"?'),
        ('fill.score = "input.comment"', "3: fill.score: is a text, and the output has a number"),
        ('fill.mood = { value = "fine" }', "3: fill.mood: "),
        ('set.n = { python = "rules.py" }', '3: set.n: "rules.py" is no function; write'),
        ('set.n = { python = "rule.py:total" }', '3: set.n: there is no file "rule.py" in the'),
        ('set.n = { python = "rules.py:totl" }', 'has no function "totl"; did you mean "total"?'),
        (
            'set.n = { python = "rules.py:untyped" }',
            "rules.py:untyped: price has no type; annotate",
        ),
        ('set.n = { python = "rules.py:needs_tip" }', "tip may be left out of the input; give it"),
        ('set.n = { python = "rules.py:whole" }', "price may be a number by its schema, and its"),
        ('set.n = { python = "rules.py:stranger" }', 'takes "prize", which is no field of the'),
        ('fill.mood = { python = "rules.py:total" }', "3: fill.mood: is a number, and the output"),
    ],
)
def test_a_fault_says_what_is_wrong_and_where(faults: Faults, body: str, fault: str) -> None:
    (found,) = faults(files(rule(body)))
    assert found.startswith("tasks/t/rules.toml:")
    assert fault in found


def test_all_faults_of_the_rules_are_reported_together(faults: Faults) -> None:
    rules = rule('deny = "no"') + rule('deny = ""') + rule('set.n = "inputs.price"', "s")
    assert [fault.split(" ")[0] for fault in faults(files(rules))] == [
        "tasks/t/rules.toml:5:",
        "tasks/t/rules.toml:6:",
        "tasks/t/rules.toml:9:",
    ]


def test_a_rule_that_never_fires_is_a_fault_of_its_condition(faults: Faults) -> None:
    rules = rule('deny = "no"\nwhen = "input.price > 1.0"', "a")
    rules += rule('deny = "no"\nwhen = "input.price > 2.0"', "b")
    (fault,) = faults(files(rules))
    assert fault == (
        'tasks/t/rules.toml:8: when: never takes effect: wherever it would, the rule "a" has before'
        " it"
    )


def test_a_constraint_that_never_binds_is_a_fault(faults: Faults) -> None:
    when = "output.mood == 'good' && output.mood == 'bad'"
    rules = '[[constraint]]\nname = "c"\nmessage = "m"\nrequire = "output.score > 1.0"\n'
    rules += f'when = "{when}"\n'
    (fault,) = faults(files(rules))
    assert fault.startswith("tasks/t/rules.toml:5: when: can never come out true, so that the")


def test_templates_and_constraints_know_the_variables(load: Load, faults: Faults) -> None:
    constraint = '[[constraint]]\nname = "c"\nmessage = "m"\nrequire = "output.score > vars.tota"\n'
    prompt = {"tasks/t/prompt/user.md": "{{ vars.totl }}"}
    found = faults(files(GOOD + constraint, **prompt))
    assert [fault.partition(": ")[2] for fault in found] == [
        'unknown field "vars.totl"; did you mean "total"?',
        'require: unknown field "vars.tota"; did you mean "total"?',
    ]
    good = constraint.replace("vars.tota", "vars.total")
    assert load(files(GOOD + good)).tasks["t"].constraints


RULES_ALONE = {
    "tasks/t/task.toml": TASK,
    "tasks/t/rules.toml": rule('answer = { mood = "good", score = 1 }'),
}


def test_a_task_may_be_nothing_but_rules(load: Load) -> None:
    task = load(RULES_ALONE).tasks["t"]
    assert (task.model, task.templates) == ("", ())


def test_rules_alone_have_no_use_for_a_model(faults: Faults) -> None:
    task = {"tasks/t/task.toml": 'model = "local"\n' + TASK}
    rules = {"tasks/t/rules.toml": rule('model = "local"', "m") + RULES_ALONE["tasks/t/rules.toml"]}
    first, second = faults(RULES_ALONE | task | rules)
    assert "no model is asked where rules alone answer" in first
    assert second == (
        "tasks/t/task.toml:1: model: belongs to a task with a prompt; here rules alone answer"
    )


def test_rules_that_some_input_gets_past_need_a_prompt(faults: Faults) -> None:
    some = rule('answer = { mood = "good", score = 1 }\nwhen = "input.price > 1.0"')
    (fault,) = faults(RULES_ALONE | {"tasks/t/rules.toml": some})
    assert fault.endswith("or end rules.toml with a rule that always answers")


def test_a_field_that_the_schema_ties_to_others_is_not_filled(faults: Faults) -> None:
    schema = '{"type": "object", "properties": {"a": {}}, "if": {"required": ["a"]}}'
    task = '[input.fields]\ncomment = "string"\n'
    others = {"tasks/t/task.toml": task, "tasks/t/output.schema.json": schema}
    (fault,) = faults(files(rule('fill.a = "1"'), **others))
    assert "the output's schema says more of its fields in if; fill none of it" in fault
