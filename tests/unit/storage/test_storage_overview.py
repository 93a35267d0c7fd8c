from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete
from storage_samples import MINUTE_US, a_call

from roadworthy.core import Call
from roadworthy.core.errors import InvalidRequest
from roadworthy.storage import StateFolder
from roadworthy.storage.database import open_database, writing
from roadworthy.storage.loader import _add_up
from roadworthy.storage.overview import overview
from roadworthy.storage.rollups import Sums
from roadworthy.storage.rows import row_of
from roadworthy.storage.schema import calls, latencies, rollups

HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
MIDNIGHT_US = 20_000 * DAY_US


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = open_database(StateFolder(tmp_path_factory.mktemp("overview")))
    yield engine
    engine.dispose()


@pytest.fixture
def engine(database: Engine) -> Engine:
    empty(database)
    return database


def empty(engine: Engine) -> None:
    with writing(engine) as connection:
        for table in (rollups, latencies, calls):
            connection.execute(delete(table))


def add(engine: Engine, *some: Call) -> None:
    """Into the rollups alone: whatever reads calls finds none."""
    with writing(engine) as connection:
        _add_up(connection, Sums(map(row_of, some)))


def test_an_hour_is_shown_by_the_minute_empty_ones_included(engine: Engine) -> None:
    for minute in (0, 0, 30, 60):
        add(engine, a_call(MIDNIGHT_US + minute * MINUTE_US))
    shown = overview(engine, since_us=MIDNIGHT_US, until_us=MIDNIGHT_US + HOUR_US)
    assert shown.bucket_us == MINUTE_US
    assert [f.start_us for f in shown.series] == list(
        range(MIDNIGHT_US, MIDNIGHT_US + HOUR_US, MINUTE_US)
    )
    assert [f.calls for f in shown.series if f.calls] == [2, 1]
    assert shown.total.calls == 3


def test_figures_say_what_became_of_calls(engine: Engine) -> None:
    add(
        engine,
        a_call(MIDNIGHT_US, outcome="first_pass", cost_nusd=7),
        a_call(MIDNIGHT_US, outcome="first_pass", cost_nusd=None),
        a_call(MIDNIGHT_US, outcome="failed", cost_nusd=5),
        a_call(MIDNIGHT_US, outcome="errored", cost_nusd=None),
        a_call(MIDNIGHT_US, outcome="unchecked", schema_digest=None, cost_nusd=1),
    )
    total = overview(engine, since_us=MIDNIGHT_US, until_us=MIDNIGHT_US + 1).total
    assert total.outcomes == {"first_pass": 2, "failed": 1, "errored": 1, "unchecked": 1}
    assert (total.calls, total.answered, total.checked, total.conforming) == (5, 3, 3, 2)
    assert (total.cost_nusd, total.unpriced, total.input_tokens) == (13, 2, 600)


def test_what_is_unknown_of_all_calls_is_none(engine: Engine) -> None:
    add(engine, a_call(MIDNIGHT_US, cost_nusd=None, outcome="rejected"))
    total = overview(engine, since_us=MIDNIGHT_US, until_us=MIDNIGHT_US + 1).total
    assert (total.cost_nusd, total.p50_ms) == (None, None)


def test_percentiles_are_of_the_calls_shown(engine: Engine) -> None:
    for k in range(100):
        add(engine, a_call(MIDNIGHT_US + k, task="slow", duration_us=1_000_000 + k * 10_000))
    add(engine, a_call(MIDNIGHT_US, task="quick", duration_us=10_000))
    shown = overview(engine, since_us=MIDNIGHT_US, until_us=MIDNIGHT_US + MINUTE_US)
    slow, quick = (of_task.figures for of_task in shown.tasks)
    assert slow.p50_ms == pytest.approx(1_490, rel=0.011)
    assert slow.p95_ms == pytest.approx(1_940, rel=0.011)
    assert quick.p99_ms == pytest.approx(10, rel=0.011)
    assert shown.total.p50_ms == shown.series[0].p50_ms


def test_tasks_come_the_busiest_first_and_one_may_be_asked_for(engine: Engine) -> None:
    add(engine, *(a_call(MIDNIGHT_US, task=task) for task in "abbc"))
    shown = overview(engine, since_us=MIDNIGHT_US, until_us=MIDNIGHT_US + 1)
    assert [of_task.task for of_task in shown.tasks] == ["b", "a", "c"]
    only = overview(engine, since_us=MIDNIGHT_US, until_us=MIDNIGHT_US + 1, task="b")
    assert [of_task.task for of_task in only.tasks] == ["b"]
    assert only.total.calls == 2


@pytest.mark.parametrize(
    ("span_us", "bucket_us"),
    [
        (MINUTE_US, MINUTE_US),
        (DAY_US, 30 * MINUTE_US),
        (7 * DAY_US, 3 * HOUR_US),
        (30 * DAY_US, 12 * HOUR_US),
        (365 * DAY_US, 7 * DAY_US),
        (10_000 * DAY_US, 180 * DAY_US),
    ],
)
def test_a_bucket_has_a_width_that_people_can_read(
    engine: Engine, span_us: int, bucket_us: int
) -> None:
    shown = overview(engine, since_us=MIDNIGHT_US, until_us=MIDNIGHT_US + span_us)
    assert shown.bucket_us == bucket_us
    assert len(shown.series) <= 61


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    st.lists(st.integers(0, 40 * DAY_US), max_size=12),
    st.integers(0, 20 * DAY_US),
    st.integers(1, 20 * DAY_US),
    st.integers(1, 80),
)
def test_every_call_of_the_span_is_counted_whatever_the_width(
    engine: Engine, starts: list[int], since: int, span: int, buckets: int
) -> None:
    empty(engine)
    add(engine, *(a_call(MIDNIGHT_US + start) for start in starts))
    since_us, until_us = MIDNIGHT_US + since, MIDNIGHT_US + since + span
    shown = overview(engine, since_us=since_us, until_us=until_us, buckets=buckets)
    assert shown.since_us <= since_us < until_us <= shown.until_us
    assert len(shown.series) <= buckets + 1
    inside = [s for s in starts if shown.since_us <= MIDNIGHT_US + s < shown.until_us]
    assert shown.total.calls == len(inside) == sum(f.calls for f in shown.series)


@pytest.mark.parametrize(("span_us", "buckets"), [(0, 60), (-5, 60), (10, 0), (10, 10_000)])
def test_an_empty_span_is_an_error(engine: Engine, span_us: int, buckets: int) -> None:
    with pytest.raises(InvalidRequest, match="no overview"):
        overview(engine, since_us=100, until_us=100 + span_us, buckets=buckets)


def a_tree() -> list[Call]:
    """A chain of two steps, one of them of unknown price, and a plain call beside it."""
    chain = a_call(MIDNIGHT_US, task="sheet", outcome="chain", attempts=[], model="", cost_nusd=7)
    below = {"parent_id": chain.id, "root_id": chain.id, "outcome": "first_pass"}
    return [
        a_call(MIDNIGHT_US, task="copy", step="copy", cost_nusd=7, duration_us=1_000, **below),
        a_call(MIDNIGHT_US, task="seo", step="seo", cost_nusd=None, duration_us=1_000, **below),
        chain,
        a_call(MIDNIGHT_US, task="copy", cost_nusd=5, outcome="failed"),
    ]


def test_totals_count_each_dollar_once_and_each_answer_once(engine: Engine) -> None:
    add(engine, *a_tree())
    shown = overview(engine, since_us=MIDNIGHT_US, until_us=MIDNIGHT_US + 1)
    total = shown.total
    assert (total.calls, total.nested, total.cost_nusd, total.unpriced) == (2, 2, 12, 1)
    assert total.outcomes == {"chain": 1, "failed": 1}
    assert (total.answered, total.checked, total.conforming) == (1, 3, 2)
    assert total.p50_ms == pytest.approx(250, rel=0.02)


def test_figures_of_a_task_hold_what_it_did_as_a_step(engine: Engine) -> None:
    add(engine, *a_tree())
    until_us = MIDNIGHT_US + 1
    alone = overview(engine, task="copy", since_us=MIDNIGHT_US, until_us=until_us).total
    shown = overview(engine, since_us=MIDNIGHT_US, until_us=until_us)
    beside = {row.task: row.figures for row in shown.tasks}["copy"]
    for figures in (alone, beside):
        assert (figures.calls, figures.nested, figures.cost_nusd) == (2, 1, 12)
        assert figures.outcomes == {"first_pass": 1, "failed": 1}
