"""What the rules of tasks did in a span: how often each took effect, and what was spared. Pure.

Beside the rules that took effect stand those of the definitions at hand that never did, so that
what is useless shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from roadworthy.core import NUSD_PER_USD
from roadworthy.storage.views import TaskRuleFigures
from roadworthy.tasks import TaskDefinition
from roadworthy.tasks.asked_models import asked_models

__all__ = ["RuleLine", "RuleReport", "TaskRules", "rule_report"]


class RuleLine(msgspec.Struct, frozen=True, kw_only=True):
    """One rule of one task."""

    name: str
    effect: str
    calls: int = 0
    """In so many calls it took effect."""
    share: float | None = None
    """Of all calls of the task, 0 to 1; None: there were none."""
    spared_usd: float | None = None
    """An estimate: what the calls that it ended would have cost at the task's mean; None: it ends
    none, or the mean is not known."""
    example: str | None = None
    """The id of a call in which it took effect."""
    when: str | None = None
    """Its condition, as the definition at hand has it; None: it always fires, or is not in it."""
    stands: bool = True
    """Whether the definition at hand has it still."""


class TaskRules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of one task, in their order; those that do not stand any more come last."""

    task: str
    calls: int
    """All calls of the task, steps of chains included."""
    rules: list[RuleLine]
    spared_calls: int = 0
    """Calls that a rule ended before a model was asked; none of a task that asks no model."""
    spared_usd: float | None = None
    """An estimate: `spared_calls` at `mean_cost_usd`."""
    mean_cost_usd: float | None = None
    """Of the task's calls in the same span for which a model was asked, at a known cost; None:
    there were none."""
    priced_calls: int = 0
    """How many those were."""


class RuleReport(msgspec.Struct, frozen=True, kw_only=True):
    """Rules in a span. Money is in US dollars."""

    since_us: int
    until_us: int
    tasks: list[TaskRules]


def rule_report(
    figures: Iterable[TaskRuleFigures],
    definitions: Mapping[str, TaskDefinition],
    *,
    since_us: int,
    until_us: int,
) -> RuleReport:
    """``definitions`` are of the tasks whose rules shall be told of although none took effect."""
    found = {one.task: one for one in figures}
    ruled = {name for name, definition in definitions.items() if definition.rules}
    tasks = []
    for name in sorted({*found, *ruled}):
        one = found.get(name) or TaskRuleFigures(task=name, calls=0, rules=[])
        tasks.append(_task_rules(one, definitions.get(name)))
    return RuleReport(since_us=since_us, until_us=until_us, tasks=tasks)


def _task_rules(figures: TaskRuleFigures, definition: TaskDefinition | None) -> TaskRules:
    rules = () if definition is None else definition.rules
    # Where rules are all that answers, no call would have asked a model.
    asks = definition is None or figures.priced > 0 or bool(asked_models(definition))
    fired = {(rule.rule, rule.effect): rule for rule in figures.rules}
    lines = []
    for rule in rules:
        counted = fired.pop((rule.name, rule.effect), None)
        line = _line(figures, rule.name, rule.effect, 0 if counted is None else counted.calls)
        example = None if counted is None else counted.example
        lines.append(msgspec.structs.replace(line, example=example, when=rule.when))
    for counted in fired.values():
        line = _line(figures, counted.rule, counted.effect, counted.calls)
        lines.append(msgspec.structs.replace(line, example=counted.example, stands=False))
    return TaskRules(
        task=figures.task,
        calls=figures.calls,
        rules=lines,
        spared_calls=figures.spared if asks else 0,
        spared_usd=_usd(figures.spared_nusd),
        mean_cost_usd=_usd(figures.mean_cost_nusd),
        priced_calls=figures.priced,
    )


def _line(figures: TaskRuleFigures, name: str, effect: str, calls: int) -> RuleLine:
    ends = effect in ("answer", "deny")
    mean = _usd(figures.mean_cost_nusd)
    return RuleLine(
        name=name,
        effect=effect,
        calls=calls,
        share=calls / figures.calls if figures.calls else None,
        spared_usd=calls * mean if ends and mean is not None else None,
    )


def _usd(nusd: float | None) -> float | None:
    return None if nusd is None else nusd / NUSD_PER_USD
