"""What rules did, beside those that never took effect; as values and as text."""

from __future__ import annotations

from typing import Any

from roadworthy.cli.rule_table import table_of
from roadworthy.core import RuleEffect
from roadworthy.monitoring import RuleReport, rule_report
from roadworthy.storage import RuleFigures, TaskRuleFigures
from roadworthy.tasks import TaskDefinition
from roadworthy.tasks.definition import RuleDefinition


def figures(*rules: tuple[str, RuleEffect, int], **changes: Any) -> TaskRuleFigures:
    told = [
        RuleFigures(task="triage", rule=name, effect=effect, calls=calls, example=f"of-{name}")
        for name, effect, calls in rules
    ]
    fields = {"calls": 10, "priced": 4, "mean_cost_nusd": 2e6} | changes
    return TaskRuleFigures(task="triage", rules=told, **fields)


EMPTY = RuleDefinition(name="empty", effect="answer", when='input.comment == ""')
NEVER = RuleDefinition(name="never", effect="deny", when="size(input.comment) > 9000")
DEFINITION = TaskDefinition(name="triage", model="local", rules=(EMPTY, NEVER))


def report(*of: TaskRuleFigures, definition: TaskDefinition | None = DEFINITION) -> RuleReport:
    definitions = {} if definition is None else {"triage": definition}
    return rule_report(of, definitions, since_us=0, until_us=1)


def test_rules_stand_in_their_order_with_what_they_spared() -> None:
    (found,) = report(figures(("empty", "answer", 5), ("old", "deny", 1))).tasks
    assert [(r.name, r.calls, r.share, r.spared_usd, r.stands) for r in found.rules] == [
        ("empty", 5, 0.5, 0.01, True),
        ("never", 0, 0.0, 0.0, True),
        ("old", 1, 0.1, 0.002, False),
    ]
    assert found.rules[0].when == 'input.comment == ""'
    assert found.rules[0].example == "of-empty"
    assert (found.spared_calls, found.spared_usd, found.priced_calls) == (6, 0.012, 4)


def test_a_rule_that_ends_no_call_spares_none() -> None:
    total = RuleDefinition(name="total", effect="set")
    definition = TaskDefinition(name="triage", model="local", rules=(total,))
    (found,) = report(figures(("total", "set", 9)), definition=definition).tasks
    assert (found.rules[0].spared_usd, found.spared_calls) == (None, 0)


def test_where_rules_are_all_that_answers_no_model_was_spared() -> None:
    definition = TaskDefinition(name="triage", model="", rules=(EMPTY,))
    ended = figures(("empty", "answer", 5), priced=0, mean_cost_nusd=None)
    found = report(ended, definition=definition)
    assert (found.tasks[0].rules[0].calls, found.tasks[0].spared_calls) == (5, 0)
    assert "Spared 0 calls to a model." in table_of(found, since="7d")


def test_a_rule_whose_effect_was_changed_is_another_rule() -> None:
    (found,) = report(figures(("never", "answer", 2))).tasks
    told = {(r.name, r.effect): (r.calls, r.stands) for r in found.rules}
    assert told[("never", "deny")] == (0, True)
    assert told[("never", "answer")] == (2, False)


def test_rules_that_never_took_effect_are_told_of_without_any_call() -> None:
    (found,) = report().tasks
    assert [(r.name, r.calls, r.share) for r in found.rules] == [
        ("empty", 0, None),
        ("never", 0, None),
    ]


def test_the_table_says_that_money_is_an_estimate_and_of_what() -> None:
    text = table_of(report(figures(("empty", "answer", 5), ("old", "deny", 1))), since="7d")
    assert "triage: 10 calls in the last 7d" in text
    assert "empty       answer  5      50.0%  $0.0100" in text
    assert "old (gone)" in text
    assert "Spared 6 calls to a model, about $0.0120 (estimate: $0.0020, the mean of 4" in text


def test_money_is_unknown_where_no_call_has_a_price() -> None:
    unknown = figures(("empty", "answer", 5), mean_cost_nusd=None, priced=0)
    assert "their money is unknown" in table_of(report(unknown), since="7d")


def test_without_any_rule_the_table_says_so() -> None:
    assert "No task has rules" in table_of(report(definition=None), since="24h")
    plain = table_of(report(definition=None), since="24h", task="triage")
    assert plain.startswith("triage has no rules")
