"""A source of calls in memory: for tests of the control plane, and for looking at its pages.

It answers from a list by scanning it, so it is no store; `roadworthy.control.keeping.stored` is.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from roadworthy.control.samples.memory_ledger import ledger_of
from roadworthy.control.source import Definition, Status
from roadworthy.core import ANSWERED, UNCOUNTED, Call
from roadworthy.core.errors import NotFound
from roadworthy.storage.buckets import Buckets
from roadworthy.storage.ledger_views import Dimension, Ledger, LedgerFilter
from roadworthy.storage.rollups import UNTIMED, is_checked, is_conforming
from roadworthy.storage.views import (
    MAX_TREE,
    CallFilter,
    CallPage,
    CallRow,
    CallTree,
    Figures,
    Overview,
    RuleFigures,
    StoredCall,
    TaskFigures,
    TaskRuleFigures,
)

__all__ = ["MemorySource"]


class MemorySource:
    """Answers from these calls; `texts_kept` False plays a project that records no texts."""

    def __init__(
        self,
        calls: Iterable[Call] = (),
        *,
        status: Status | None = None,
        texts_kept: bool = True,
        definitions: Iterable[Definition] = (),
    ) -> None:
        self.calls = sorted(calls, key=lambda call: call.id, reverse=True)
        self.current = status or Status(revision="")
        self.texts_kept = texts_kept
        self.definitions = {served.task.name: served for served in definitions}

    def list_calls(self, where: CallFilter, *, limit: int, before: str | None) -> CallPage:
        found = [
            call
            for call in self.calls
            if (before is None or call.id < before) and _matches(call, where)
        ]
        more = len(found) > limit
        rows = [_row(call) for call in found[:limit]]
        return CallPage(rows=rows, next_before=rows[-1].id if more else None)

    def find_call(self, call_id: str) -> StoredCall:
        found = [call for call in self.calls if call.id.startswith(call_id)]
        if len(found) != 1:
            number = "No call" if not found else "More than one call"
            raise NotFound(f"{number} has an id that begins with {call_id[:40]!r}.")
        return StoredCall(call=found[0], texts_kept=self.texts_kept)

    def call_tree(self, root_id: str, *, limit: int = MAX_TREE) -> CallTree:
        below = [_row(call) for call in self.calls if call.root_id == root_id]
        root = next((_row(call) for call in self.calls if call.id == root_id), None)
        resumed = tuple(call.id for call in reversed(self.calls) if call.resumes == root_id)
        below.sort(key=lambda row: row.started_us)
        more = max(0, len(below) - limit)
        return CallTree(root=root, below=below[:limit], more=more, resumed_by=resumed)

    def rules(
        self,
        *,
        since_us: int,
        until_us: int,
        task: str | None = None,
        buckets: int = 60,  # noqa: ARG002 - nothing is summed up here
    ) -> list[TaskRuleFigures]:
        inside = [
            call
            for call in self.calls
            if since_us <= call.started_us < until_us and task in (None, call.task)
        ]
        ruled = {call.task for call in inside if call.rules} | ({task} if task else set())
        return [_rules([c for c in inside if c.task == name], name) for name in sorted(ruled)]

    def overview(
        self, *, since_us: int, until_us: int, task: str | None = None, buckets: int = 60
    ) -> Overview:
        inside = [
            call
            for call in self.calls
            if since_us <= call.started_us < until_us and task in (None, call.task)
        ]
        width_us = (until_us - since_us) // buckets
        by_bucket, by_task = defaultdict(list), defaultdict(list)
        for call in inside:
            by_bucket[(call.started_us - since_us) // width_us].append(call)
            by_task[call.task].append(call)
        busiest = sorted(by_task, key=lambda name: -len(by_task[name]))
        return Overview(
            since_us=since_us,
            until_us=until_us,
            bucket_us=width_us,
            total=_figures(inside, since_us, apart=task is None),
            series=[
                _figures(by_bucket[i], since_us + i * width_us, apart=task is None)
                for i in range(buckets)
            ],
            tasks=[
                TaskFigures(task=name, figures=_figures(by_task[name], since_us))
                for name in busiest
            ],
        )

    def conformance(
        self,
        where: LedgerFilter,
        *,
        since_us: int,
        until_us: int,
        by: Sequence[Dimension] = (),
        buckets: int = 60,
    ) -> Ledger:
        return ledger_of(self.calls, where, Buckets(since_us, until_us, buckets), by=by)

    def task_names(self) -> list[str]:
        return sorted({call.task for call in self.calls})

    def find_task(self, name: str) -> Definition | None:
        return self.definitions.get(name)

    def model_names(self) -> list[str]:
        return sorted({served.model.name for served in self.definitions.values()})

    def status(self) -> Status:
        return self.current


def _matches(call: Call, where: CallFilter) -> bool:
    wanted = (
        (where.surface, call.surface),
        (where.task, call.task),
        (where.outcome, call.outcome),
        (where.model, call.model),
        (where.version, call.version),
        (where.mode, call.mode),
        (where.schema_digest, call.schema_digest),
        (where.conversation_id, call.conversation_id),
        (where.error_code, call.error.code if call.error else None),
        (where.root_id, call.root_id),
        (where.resumes, call.resumes),
    )
    return (
        all(want is None or want == have for want, have in wanted)
        and (where.surface is not None or call.surface not in UNCOUNTED)
        and (call.parent_id is None or where.with_steps)
        and (where.since_us is None or call.started_us >= where.since_us)
        and (where.until_us is None or call.started_us < where.until_us)
    )


def _row(call: Call) -> CallRow:
    return CallRow(
        id=call.id,
        task=call.task,
        version=call.version,
        model=call.model,
        surface=call.surface,
        stream=call.stream,
        started_us=call.started_us,
        duration_us=call.duration_us,
        outcome=call.outcome,
        error_code=call.error.code if call.error else None,
        mode=call.mode,
        input_tokens=call.usage.input_tokens,
        output_tokens=call.usage.output_tokens,
        cost_nusd=call.cost_nusd,
        attempts=len(call.attempts),
        repairs=len(call.repairs),
        conversation_id=call.conversation_id,
        parent_id=call.parent_id,
        root_id=call.root_id,
        step=call.step if call.parent_id else None,
        item=call.item,
        resumes=call.resumes,
    )


def _figures(calls: Sequence[Call], start_us: int, *, apart: bool = False) -> Figures:
    """``apart``: steps of chains are no calls of their own, as in an overview of all tasks."""
    told = [call for call in calls if not (apart and call.parent_id)]
    durations_ms = sorted(c.duration_us / 1000 for c in told if c.outcome not in UNTIMED)
    checks = [(c.outcome, c.schema_digest, len(c.attempts)) for c in calls]
    return Figures(
        start_us=start_us,
        calls=len(told),
        nested=sum(call.parent_id is not None for call in calls),
        answered=sum(call.outcome in ANSWERED for call in told),
        checked=sum(is_checked(*check) for check in checks),
        conforming=sum(is_conforming(*check) for check in checks),
        outcomes=dict(Counter(call.outcome for call in told)),
        input_tokens=_sum(call.usage.input_tokens for call in told),
        output_tokens=_sum(call.usage.output_tokens for call in told),
        cost_nusd=_sum(call.cost_nusd for call in told),
        unpriced=sum(call.cost_nusd is None and call.model != "" for call in calls),
        p50_ms=_quantile(durations_ms, 0.50),
        p95_ms=_quantile(durations_ms, 0.95),
        p99_ms=_quantile(durations_ms, 0.99),
    )


def _rules(calls: Sequence[Call], task: str) -> TaskRuleFigures:
    fired = Counter(fired for call in calls for fired in set(call.rules))
    asked = [c.cost_nusd for c in calls if c.outcome not in ("rule", "rejected")]
    priced = [cost for cost in asked if cost is not None]
    return TaskRuleFigures(
        task=task,
        calls=len(calls),
        rules=[
            RuleFigures(
                task=task,
                rule=rule.name,
                effect=rule.effect,
                calls=number,
                example=next(c.id for c in calls if rule in c.rules),
            )
            for rule, number in fired.most_common()
        ],
        priced=len(priced),
        mean_cost_nusd=sum(priced) / len(priced) if priced else None,
    )


def _sum(numbers: Iterable[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    return ordered[math.floor(share * (len(ordered) - 1))] if ordered else None
