"""The source of calls of a running installation: the database, and what the keeper knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

from sqlalchemy import Engine

from roadworthy.control.source import Definition, GatewayStatus, ServedTask, Status
from roadworthy.core import Clock, SystemClock
from roadworthy.pipeline.compiled import NO_MODEL
from roadworthy.storage import StateFolder, queries
from roadworthy.storage.ledger_queries import read_ledger
from roadworthy.storage.ledger_views import Dimension, Ledger, LedgerFilter
from roadworthy.storage.rule_queries import read_rules
from roadworthy.storage.views import (
    MAX_TREE,
    CallFilter,
    CallPage,
    CallTree,
    Overview,
    StoredCall,
    TaskRuleFigures,
)
from roadworthy.tasks import Snapshot, TaskDefinition

__all__ = ["StoredSource"]

DAY_US: Final = 86_400_000_000


class Publication(Protocol):
    """What is served, and what is wrong with the files that should be."""

    faults: tuple[str, ...]
    draft_faults: tuple[str, ...]
    lost: tuple[str, ...]

    @property
    def snapshot(self) -> Snapshot: ...


class StoredSource:
    """Answers from the database; its methods may run in several threads at once."""

    def __init__(
        self,
        *,
        engine: Engine,
        folder: StateFolder,
        publisher: Publication,
        clock: Clock | None = None,
    ) -> None:
        self._engine = engine
        self._folder = folder
        self._publisher = publisher
        self._clock = clock or SystemClock()
        self._gateways: list[GatewayStatus] = []
        self.journal_lag_s: float | None = None
        """How far the database is behind the journal; set by whoever loads it."""

    def note_gateways(self, gateways: list[dict[str, Any]]) -> None:
        """Remember what the supervisor says of them: name, pid (None: not running), start."""
        self._gateways = [
            GatewayStatus(
                name=told["name"],
                alive=told["pid"] is not None,
                pid=told["pid"],
                started_us=told.get("started_us") or None,
            )
            for told in gateways
        ]

    def list_calls(self, where: CallFilter, *, limit: int, before: str | None) -> CallPage:
        return queries.list_calls(self._engine, where, limit=limit, before=before)

    def find_call(self, call_id: str) -> StoredCall:
        return queries.find_call(self._engine, self._folder, call_id)

    def call_tree(self, root_id: str, *, limit: int = MAX_TREE) -> CallTree:
        return queries.call_tree(self._engine, root_id, limit=limit)

    def rules(
        self, *, since_us: int, until_us: int, task: str | None = None, buckets: int = 60
    ) -> list[TaskRuleFigures]:
        return read_rules(
            self._engine, since_us=since_us, until_us=until_us, task=task, buckets=buckets
        )

    def overview(
        self, *, since_us: int, until_us: int, task: str | None = None, buckets: int = 60
    ) -> Overview:
        return queries.overview(
            self._engine, since_us=since_us, until_us=until_us, task=task, buckets=buckets
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
        return read_ledger(
            self._engine, where, since_us=since_us, until_us=until_us, by=by, buckets=buckets
        )

    def task_names(self) -> list[str]:
        return queries.task_names(self._engine)

    def find_task(self, name: str) -> Definition | None:
        snapshot = self._publisher.snapshot
        task = snapshot.tasks.get(name)
        if task is None:
            return None
        model = snapshot.models[task.model] if task.model else NO_MODEL
        return Definition(task=task, model=model)

    def model_names(self) -> list[str]:
        return sorted(self._publisher.snapshot.models)

    def status(self) -> Status:
        snapshot, now_us = self._publisher.snapshot, self._clock.now_us()
        return Status(
            revision=snapshot.revision,
            tasks=[_served(task) for task in snapshot.tasks.values()],
            gateways=self._gateways,
            journal_lag_s=self.journal_lag_s,
            lost_calls=queries.lost_calls(self._engine, since_us=now_us - DAY_US),
            faults=self._publisher.faults,
            draft_faults=self._publisher.draft_faults,
            waiting=_waiting(snapshot),
            lost=self._publisher.lost,
            unservable=snapshot.unservable,
        )


def _waiting(snapshot: Snapshot) -> tuple[str, ...]:
    if snapshot.serves == "working":
        return ()
    known = snapshot.tasks.keys() | snapshot.unservable.keys()
    return tuple(sorted(snapshot.versions.keys() - known))


def _served(task: TaskDefinition) -> ServedTask:
    return ServedTask(
        name=task.name,
        version=task.version,
        model=task.model,
        description=task.description,
        inputs=tuple(task.input_schema.get("required", ())),
        checked=task.output_schema is not None,
    )
