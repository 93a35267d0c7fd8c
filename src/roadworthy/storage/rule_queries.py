"""How often rules took effect, and what their tasks' other calls cost; from sums, never a scan."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import Connection, Engine, Select, Table, func, select

from roadworthy.storage.buckets import Buckets
from roadworthy.storage.rows import column_text
from roadworthy.storage.schema import rollups, rule_counts
from roadworthy.storage.views import RuleFigures, TaskRuleFigures

__all__ = ["read_rules"]


def read_rules(
    engine: Engine, *, since_us: int, until_us: int, task: str | None = None, buckets: int = 60
) -> list[TaskRuleFigures]:
    """The rules that took effect in a span, by task; tasks of which none did are left out, unless
    one is asked for by name. Sorted by name.

    The span is widened as an overview of so many ``buckets`` is, so that both tell of the same.

    Raises:
        InvalidRequest: the span is empty, or ``buckets`` is not from 1 to `buckets.MAX_BUCKETS`.
    """
    span = Buckets(since_us, until_us, buckets)
    with engine.connect() as connection:
        rules = _rules(connection, span, task)
        names = sorted(rules if task is None else {*rules, task})
        costs = _costs(connection, span, task)
    return [_figures(name, rules[name], *costs.get(name, (0, 0, None))) for name in names]


def _figures(
    task: str, rules: list[RuleFigures], calls: int, priced: int, cost_nusd: int | None
) -> TaskRuleFigures:
    mean = cost_nusd / priced if priced and cost_nusd is not None else None
    return TaskRuleFigures(task=task, calls=calls, rules=rules, priced=priced, mean_cost_nusd=mean)


def _rules(
    connection: Connection, span: Buckets, task: str | None
) -> defaultdict[str, list[RuleFigures]]:
    table = rule_counts.c
    number = func.sum(table.calls)
    key = (table.task, table.rule, table.effect)
    query = _of_span(
        select(*key, number, func.max(table.call_id)), rule_counts, span, task
    ).group_by(*key)
    found: defaultdict[str, list[RuleFigures]] = defaultdict(list)
    for name, rule, effect, calls, example in connection.execute(
        query.order_by(number.desc(), *key)
    ):
        found[name].append(
            RuleFigures(task=name, rule=rule, effect=effect, calls=int(calls), example=example)
        )
    return found


def _costs(
    connection: Connection, span: Buckets, task: str | None
) -> dict[str, tuple[int, int, int | None]]:
    """By task: calls, those that asked a model at a known cost, and what these cost."""
    table = rollups.c
    # What asked no model cost nothing, and adds nothing.
    sums = func.sum(table.calls), func.sum(table.priced), func.sum(table.cost_nusd)
    query = select(table.task, *sums)
    found = connection.execute(_of_span(query, rollups, span, task).group_by(table.task))
    return {
        name: (int(calls), int(priced), None if cost_nusd is None else int(cost_nusd))
        for name, calls, priced, cost_nusd in found
    }


def _of_span(query: Select[Any], table: Table, span: Buckets, task: str | None) -> Select[Any]:
    query = query.where(
        table.c.width_s == span.rollup_s,
        table.c.start_us >= span.since_us,
        table.c.start_us < span.until_us,
    )
    return query if task is None else query.where(table.c.task == column_text(task))
