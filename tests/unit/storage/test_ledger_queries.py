"""The ledger of a span, beside a plain count over the calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete
from storage_samples import MINUTE_US, a_call

from roadworthy.core import Attempt, Call, Reason
from roadworthy.core.errors import InvalidRequest
from roadworthy.storage import StateFolder
from roadworthy.storage.buckets import Buckets
from roadworthy.storage.database import open_database, writing
from roadworthy.storage.ledger import entry_of
from roadworthy.storage.ledger_queries import read_ledger, read_tallies
from roadworthy.storage.ledger_views import LedgerFilter
from roadworthy.storage.ledger_writing import LedgerWriter
from roadworthy.storage.schema import ledger, ledger_reasons

HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
MIDNIGHT_US = 20_000 * DAY_US
EVERY = LedgerFilter()


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = open_database(StateFolder(tmp_path_factory.mktemp("ledger")))
    yield engine
    engine.dispose()


@pytest.fixture
def engine(database: Engine) -> Engine:
    empty(database)
    return database


def empty(engine: Engine) -> None:
    with writing(engine) as connection:
        for table in (ledger, ledger_reasons):
            connection.execute(delete(table))


def add(engine: Engine, *some: Call) -> None:
    entries = [entry for entry in map(entry_of, some) if entry is not None]
    with writing(engine) as connection:
        LedgerWriter().add(connection, entries)


def call(at_us: int = MIDNIGHT_US, *, mode: Any = "strict", **changes: Any) -> Call:
    attempts = [Attempt(model=changes.pop("model", "m"), provider="openai", mode=mode)]
    return a_call(at_us, attempts=attempts, **changes)


CALLS = st.lists(
    st.builds(
        lambda start, **changes: call(MIDNIGHT_US + start, **changes),
        st.integers(0, 12 * DAY_US),
        task=st.sampled_from("ab"),
        model=st.sampled_from("xy"),
        outcome=st.sampled_from(["first_pass", "repaired", "failed", "errored", "rejected"]),
        schema_digest=st.sampled_from([None, "5c1", "5c2"]),
    ),
    max_size=15,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(CALLS, st.integers(0, 6 * DAY_US), st.integers(1, 6 * DAY_US), st.integers(1, 80))
def test_the_ledger_of_any_span_is_a_plain_count_over_its_calls(
    engine: Engine, calls: list[Call], since: int, length: int, buckets: int
) -> None:
    empty(engine)
    add(engine, *calls)
    since_us, until_us = MIDNIGHT_US + since, MIDNIGHT_US + since + length
    found = read_ledger(
        engine, EVERY, since_us=since_us, until_us=until_us, by=("task", "model"), buckets=buckets
    )
    asked = [c for c in calls if c.schema_digest and c.outcome != "rejected"]
    now = [c for c in asked if found.since_us <= c.started_us < found.until_us]
    span_us = found.until_us - found.since_us
    before = [c for c in asked if found.since_us - span_us <= c.started_us < found.since_us]
    assert found.since_us <= since_us < until_us <= found.until_us
    assert (found.total.calls, found.before.calls) == (len(now), len(before))
    assert sum(point.calls for point in found.series) == len(now)
    assert found.total.failed == sum(c.outcome == "failed" for c in now)
    groups = Counter((c.task, c.attempts[0].model) for c in now)
    told = {(g.key["task"], g.key["model"]): g.now.calls for g in found.groups if g.now.calls}
    assert told == groups


def test_groups_come_the_busiest_first_with_what_was_before(engine: Engine) -> None:
    add(engine, call(MIDNIGHT_US - HOUR_US, mode="json"), *(call() for _ in range(2)))
    found = read_ledger(
        engine, EVERY, since_us=MIDNIGHT_US, until_us=MIDNIGHT_US + DAY_US, by=("mode", "provider")
    )
    assert [group.key["mode"] for group in found.groups] == ["strict", "json"]
    assert [(g.now.calls, g.before.calls) for g in found.groups] == [(2, 0), (0, 1)]


def test_calls_may_be_told_apart_by_time(engine: Engine) -> None:
    add(engine, *(call(MIDNIGHT_US + hour * HOUR_US) for hour in (-1, 2, 2, 5)))
    found = read_ledger(
        engine,
        EVERY,
        since_us=MIDNIGHT_US,
        until_us=MIDNIGHT_US + DAY_US,
        by=("time", "model"),
        buckets=24,
    )
    times = [(group.key["time"][11:], group.now.calls) for group in found.groups]
    assert times == [("02:00Z", 2), ("05:00Z", 1)]
    assert found.before.calls == 1


@pytest.mark.parametrize(
    ("where", "number"),
    [
        (LedgerFilter(task="b"), 1),
        (LedgerFilter(provider="openai", mode="json"), 1),
        (LedgerFilter(version="1.0.0"), 4),
        (LedgerFilter(schema="ab"), 1),
        (LedgerFilter(schema="a%"), 0),
        (LedgerFilter(model="m", mode="grammar"), 0),
    ],
)
def test_conditions_narrow_calls_and_reasons_alike(
    engine: Engine, where: LedgerFilter, number: int
) -> None:
    add(engine, call(), call(task="b"), call(mode="json"), call(schema_digest="abc"))
    found = read_ledger(engine, where, since_us=MIDNIGHT_US, until_us=MIDNIGHT_US + HOUR_US)
    assert found.total.calls == number
    assert sum(reason.calls for reason in found.reasons) == number


def test_reasons_come_the_most_frequent_first_with_an_example(engine: Engine) -> None:
    def because(name: str, at_us: int = MIDNIGHT_US) -> Call:
        return call(at_us, reasons=(Reason(kind="repair", name=name, path="/a"),))

    calls = [because("fence"), because("number"), because("number", MIDNIGHT_US + 5)]
    add(engine, because("number", MIDNIGHT_US - MINUTE_US), because("gone", MIDNIGHT_US - 1))
    add(engine, *calls)
    found = read_ledger(engine, EVERY, since_us=MIDNIGHT_US, until_us=MIDNIGHT_US + HOUR_US)
    told = [(r.name, r.calls, r.before, r.example) for r in found.reasons]
    assert told == [("number", 2, 1, calls[2].id), ("fence", 1, 0, calls[0].id)]


def test_a_watcher_reads_the_counts_of_each_point_in_the_order_of_time(engine: Engine) -> None:
    failed = call(MIDNIGHT_US + 2 * MINUTE_US, outcome="failed")
    add(engine, failed, call(), call(MIDNIGHT_US + MINUTE_US // 2))
    span = Buckets(MIDNIGHT_US, MIDNIGHT_US + HOUR_US, 60)
    told = [
        (found.start_us - MIDNIGHT_US, found.key, found.tally.conforming, found.tally.checked)
        for found in read_tallies(engine, EVERY, span, by=("model",))
    ]
    assert told == [(0, ("m",), 2, 2), (2 * MINUTE_US, ("m",), 0, 1)]


def test_an_empty_span_is_an_error(engine: Engine) -> None:
    with pytest.raises(InvalidRequest, match="no overview"):
        read_ledger(engine, EVERY, since_us=5, until_us=5)
