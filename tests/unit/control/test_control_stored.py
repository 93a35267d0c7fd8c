"""The two sources answer alike: the one of the database, and the one in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from dashboard import NOW_US, FixedClock, client_of, page_of

from roadworthy.control.keeping.stored import StoredSource
from roadworthy.control.query import window
from roadworthy.control.samples.memory import MemorySource
from roadworthy.control.samples.sample import sample_calls
from roadworthy.core import Settings
from roadworthy.models import LOCAL_MODEL
from roadworthy.storage import JournalWriter, StateFolder
from roadworthy.storage.database import open_database
from roadworthy.storage.ledger_views import Dimension, LedgerFilter
from roadworthy.storage.loader import Loader
from roadworthy.storage.views import CallFilter
from roadworthy.tasks import Snapshot, TaskDefinition, VersionIndex

CALLS = sample_calls(120, now_us=NOW_US, hours=30)
MEMORY = MemorySource(CALLS)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredSource]:
    folder = StateFolder(Path(tmp_path_factory.mktemp("state")))
    engine = open_database(folder)
    with JournalWriter(folder, "g1", FixedClock()) as journal:
        for call in CALLS:
            journal.append(call)
    loader = Loader(folder, engine, FixedClock())
    loader.load_once()
    task = TaskDefinition(
        name="classify-feedback", model="local", input_schema={"required": ["comment"]}
    )
    snapshot = Snapshot(
        revision="r1",
        settings=Settings(),
        tasks={task.name: task},
        models={"local": LOCAL_MODEL},
    )
    publisher = SimpleNamespace(draft_faults=(), lost=(), snapshot=snapshot, faults=("a.toml: x",))
    yield StoredSource(engine=engine, folder=folder, publisher=publisher, clock=FixedClock())
    loader.close()
    engine.dispose()


@pytest.mark.parametrize(
    "where",
    [
        CallFilter(),
        CallFilter(task="product-sheet"),
        CallFilter(outcome="errored"),
        CallFilter(model="no"),
        CallFilter(mode="strict", version="working", schema_digest="17c04d"),
    ],
)
def test_lists_agree(stored: StoredSource, where: CallFilter) -> None:
    first = stored.list_calls(where, limit=20, before=None)
    assert first == MEMORY.list_calls(where, limit=20, before=None)
    if first.next_before:
        second = stored.list_calls(where, limit=500, before=first.next_before)
        assert second == MEMORY.list_calls(where, limit=500, before=first.next_before)


def test_one_call_agrees(stored: StoredSource) -> None:
    for call in CALLS[:5]:
        assert stored.find_call(call.id) == MEMORY.find_call(call.id)


@pytest.mark.parametrize("span", ["1h", "24h", "7d", "30d"])
def test_overviews_agree(stored: StoredSource, span: str) -> None:
    since_us, until_us, points = window(span, NOW_US)
    one = stored.overview(since_us=since_us, until_us=until_us, buckets=points)
    other = MEMORY.overview(since_us=since_us, until_us=until_us, buckets=points)
    assert (one.since_us, one.until_us, one.bucket_us) == (since_us, until_us, other.bucket_us)
    for mine, theirs in zip([one.total, *one.series], [other.total, *other.series], strict=True):
        for name in ("start_us", "calls", "checked", "conforming", "cost_nusd", "unpriced"):
            assert getattr(mine, name) == getattr(theirs, name), name
        assert mine.outcomes == theirs.outcomes
        assert (mine.p95_ms or 0) == pytest.approx(theirs.p95_ms or 0, rel=0.02)
    assert sorted(task.task for task in one.tasks) == sorted(task.task for task in other.tasks)


@pytest.mark.parametrize("span", ["24h", "7d", "90d"])
@pytest.mark.parametrize("where", [LedgerFilter(), LedgerFilter(mode="strict", schema="17")])
def test_ledgers_agree(stored: StoredSource, span: str, where: LedgerFilter) -> None:
    since_us, until_us, points = window(span, NOW_US)
    by: tuple[Dimension, ...] = ("task", "version", "provider", "model", "mode", "schema")
    told = [
        source.conformance(where, since_us=since_us, until_us=until_us, by=by, buckets=points)
        for source in (stored, MEMORY)
    ]
    assert told[0] == told[1]
    assert told[0].total.calls > 0
    assert told[0].reasons


def test_status_gathers_what_the_keeper_knows(stored: StoredSource) -> None:
    stored.note_gateways([{"name": "g1", "pid": 7, "started_us": 5}, {"name": "g2", "pid": None}])
    stored.journal_lag_s = 0.25
    status = stored.status()
    assert status.revision == "r1"
    assert status.faults == ("a.toml: x",)
    assert [(g.name, g.alive) for g in status.gateways] == [("g1", True), ("g2", False)]
    assert status.journal_lag_s == 0.25
    assert status.lost_calls == 0
    (task,) = status.tasks
    assert (task.inputs, task.checked) == (("comment",), False)


def test_status_names_what_waits_for_production(stored: StoredSource) -> None:
    publisher: Any = stored._publisher
    index = {"classify-feedback": VersionIndex(), "draft": VersionIndex(), "away": VersionIndex()}
    publisher.snapshot = msgspec.structs.replace(
        publisher.snapshot, versions=index, unservable={"away": "its model"}
    )
    assert stored.status().waiting == ()
    publisher.snapshot = msgspec.structs.replace(publisher.snapshot, serves="production")
    assert stored.status().waiting == ("draft",)
    assert stored.status().unservable == {"away": "its model"}


def test_a_task_is_found_with_its_model_while_it_is_served(stored: StoredSource) -> None:
    found = stored.find_task("classify-feedback")
    assert found is not None
    assert (found.task.name, found.model) == ("classify-feedback", LOCAL_MODEL)
    assert stored.find_task("product-sheet") is None


def test_every_page_shows_from_the_database(stored: StoredSource) -> None:
    client = client_of(stored)
    for path in ("/", "/?span=30d", "/conformance", "/calls", f"/calls/{CALLS[0].id}"):
        assert page_of(client, path).faults == []
