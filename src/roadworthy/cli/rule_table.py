"""The report of rules as text. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from roadworthy.cli.columns import columns
from roadworthy.core import NUSD_PER_USD, format_usd
from roadworthy.core.visible import visible
from roadworthy.monitoring import RuleLine, RuleReport, TaskRules

__all__ = ["table_of"]

_HEAD = ("RULE", "EFFECT", "CALLS", "SHARE", "SPARED, ABOUT", "WHEN")


def table_of(report: RuleReport, *, since: str, task: str | None = None) -> str:
    """A table for each task that has rules."""
    told = [found for found in report.tasks if found.rules]
    if told:
        return "\n\n".join("\n".join(_task(found, since)) for found in told)
    if task is not None:
        return f"{visible(task)} has no rules, and none took effect in the last {since}."
    return f"No task has rules, and none took effect in the last {since}."


def _task(found: TaskRules, since: str) -> Iterator[str]:
    noun = "call" if found.calls == 1 else "calls"
    yield f"{visible(found.task)}: {found.calls:,} {noun} in the last {since}"
    yield columns([_HEAD, *(_line(rule) for rule in found.rules)], indent=2)
    yield f"  {_spared(found)}"


def _line(rule: RuleLine) -> tuple[str, ...]:
    return (
        rule.name if rule.stands else f"{rule.name} (gone)",
        rule.effect,
        f"{rule.calls:,}",
        "" if rule.share is None else f"{rule.share:.1%}",
        _usd(rule.spared_usd) if rule.calls else "",
        rule.when or ("always" if rule.stands else ""),
    )


def _spared(found: TaskRules) -> str:
    if not any(rule.effect in ("answer", "deny") for rule in found.rules):
        return "No rule of it ends a call."
    noun = "call" if found.spared_calls == 1 else "calls"
    said = f"Spared {found.spared_calls:,} {noun} to a model"
    if not found.spared_calls:
        return f"{said}."
    if found.spared_usd is None:
        return f"{said}; their money is unknown, for no call that asked one has a known cost."
    mean, many = _usd(found.mean_cost_usd), f"{found.priced_calls:,}"
    return (
        f"{said}, about {_usd(found.spared_usd)} (estimate: {mean}, the mean of {many} that did)."
    )


def _usd(amount: float | None) -> str:
    return "" if amount is None else format_usd(round(amount * NUSD_PER_USD))
