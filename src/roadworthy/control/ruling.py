"""The rules of what is served, and what they did."""

from __future__ import annotations

from roadworthy.control.context import Control
from roadworthy.control.query import OverviewQuery, window
from roadworthy.monitoring import RuleReport, rule_report

__all__ = ["rule_report_of"]


def rule_report_of(control: Control, query: OverviewQuery) -> RuleReport:
    """Over the span of an overview; of one task, or of all that have rules or had."""
    since_us, until_us, points = window(query.span, control.clock.now_us())
    source, task = control.source, query.task
    names = [task] if task is not None else [served.name for served in source.status().tasks]
    definitions = {name: found.task for name in names if (found := source.find_task(name))}
    figures = source.rules(since_us=since_us, until_us=until_us, task=task, buckets=points)
    return rule_report(figures, definitions, since_us=since_us, until_us=until_us)
