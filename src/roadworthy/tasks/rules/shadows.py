"""Rules that can never take effect: told only where it is certain. Pure.

A rule is compared with what the input's schema allows, and with the rules before it that would
have ended the call. What the comparison does not understand it takes for possible.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from roadworthy.tasks.definition import RuleDefinition
from roadworthy.tasks.rules.conditions import Conditions, Formula, both
from roadworthy.tasks.rules.rule_checking import Body

__all__ = ["Idle", "idle_rules"]

_ENDING: Final = ("answer", "deny")
_IDLE: Final = {"prompt": "the prompt is never sent", "chain": "no step ever runs"}


class Idle(NamedTuple):
    """A rule that has something about it that can never matter."""

    number: int
    """Of the rule, from 0."""
    message: str


def idle_rules(
    rules: Sequence[RuleDefinition], input_schema: dict[str, Any], body: Body
) -> Iterator[Idle]:
    """The rules that can never fire, and the one that leaves nothing to the body of the task."""
    conditions = Conditions({"input": input_schema})
    ends: list[tuple[str, Formula]] = []
    chooses: list[tuple[str, Formula]] = []
    open_: Formula = [{}]
    for index, rule in enumerate(rules):
        fires = conditions.formula(rule.when, "true")
        before = ends + chooses if rule.effect == "model" else ends
        message = _never(conditions, fires, before)
        if message is not None:
            yield Idle(index, message)
        passes = (rule.name, conditions.formula(rule.when, "not true"))
        if rule.effect in _ENDING:
            ends.append(passes)
            was_open, open_ = conditions.can_be(open_), both(open_, passes[1])
            if was_open and not conditions.can_be(open_) and body in _IDLE:
                yield Idle(index, f"lets no input past, so that {_IDLE[body]}; narrow its `when`")
        elif rule.effect == "model":
            chooses.append(passes)
        elif rule.effect == "set":
            for name in rule.values:
                conditions.versions[name] = conditions.versions.get(name, 0) + 1


def _never(
    conditions: Conditions, fires: Formula, before: Sequence[tuple[str, Formula]]
) -> str | None:
    """Why a rule can never fire; None: it may."""
    if not conditions.can_be(fires):
        return "can never come out true of an input that the schema allows"
    for name, passes in before:
        if not conditions.can_be(both(fires, passes)):
            return f'never takes effect: wherever it would, the rule "{name}" has before it'
    for _, passes in before:
        fires = both(fires, passes)
    if not conditions.can_be(fires):
        return "never takes effect: wherever it would, one of the rules before it has"
    return None
