from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from storage_samples import MINUTE_US, NOW_US, StillClock, a_call

from roadworthy.core import Call, CallError, new_id
from roadworthy.core.errors import NotFound
from roadworthy.storage import CallFilter, CallRow, JournalWriter, StateFolder
from roadworthy.storage.database import open_database
from roadworthy.storage.loader import Loader
from roadworthy.storage.queries import (
    call_tree,
    find_call,
    latest_call,
    list_calls,
    new_calls,
    task_names,
)
from roadworthy.storage.retention import expire_calls

Store = Callable[..., list[Call]]
ALL = CallFilter()


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "state")


@pytest.fixture
def engine(folder: StateFolder) -> Iterator[Engine]:
    engine = open_database(folder)
    yield engine
    engine.dispose()


@pytest.fixture
def store(folder: StateFolder, engine: Engine) -> Store:
    """Loads calls; returns them."""

    def load(*calls: Call) -> list[Call]:
        with JournalWriter(folder, "g1", StillClock()) as writer:
            for call in calls:
                writer.append(call)
        loader = Loader(folder, engine, StillClock())
        loader.load_once()
        loader.close()
        return list(calls)

    return load


def ids(rows: list[CallRow]) -> list[str]:
    return [row.id for row in rows]


def spread(number: int, every_us: int = MINUTE_US) -> list[Call]:
    """Calls one after the other."""
    return [a_call(NOW_US + i * every_us) for i in range(number)]


def test_a_line_of_a_list_shows_what_the_call_was(engine: Engine, store: Store) -> None:
    (call,) = store(a_call(error=CallError(status=422, code="output_refused", message="no")))
    (row,) = list_calls(engine, ALL).rows
    assert row == CallRow(
        id=call.id,
        task="classify-feedback",
        version="1.0.0",
        model="local",
        surface="task",
        stream=False,
        started_us=NOW_US,
        duration_us=250_000,
        outcome="repaired",
        error_code="output_refused",
        mode="grammar",
        input_tokens=120,
        output_tokens=30,
        cost_nusd=1_500,
        attempts=1,
        repairs=1,
        conversation_id="conversation-1",
    )


@pytest.mark.parametrize("every_us", [MINUTE_US, 0])
def test_pages_hold_every_call_once_newest_first(
    engine: Engine, store: Store, every_us: int
) -> None:
    calls = store(*spread(7, every_us))
    seen, before = [], None
    while True:
        page = list_calls(engine, ALL, limit=3, before=before)
        seen += ids(page.rows)
        before = page.next_before
        if before is None:
            break
    assert seen == [call.id for call in reversed(calls)]


def test_a_page_that_holds_the_last_call_says_so(engine: Engine, store: Store) -> None:
    store(*spread(3))
    assert list_calls(engine, ALL, limit=3).next_before is None


def test_paging_goes_on_behind_a_call_that_has_expired(engine: Engine, store: Store) -> None:
    calls = store(*spread(3))
    expire_calls(engine, NOW_US + MINUTE_US)
    assert list_calls(engine, ALL, before=calls[0].id).rows == []


def test_paging_behind_what_is_no_call_is_an_error(engine: Engine) -> None:
    with pytest.raises(NotFound, match=r"'nonsense'.*first page"):
        list_calls(engine, ALL, before="nonsense")


@pytest.mark.parametrize(
    ("where", "change"),
    [
        ({"task": "other"}, {"task": "other"}),
        ({"outcome": "refused"}, {"outcome": "refused"}),
        ({"model": "big"}, {"model": "big"}),
        ({"conversation_id": "c 2"}, {"conversation_id": "c 2"}),
        ({"conversation_id": "x" * 999}, {"conversation_id": "x" * 999}),
        (
            {"error_code": "upstream_timeout"},
            {"error": CallError(status=504, code="upstream_timeout", message="")},
        ),
        ({"since_us": NOW_US + 5}, {"started_us": NOW_US + 5}),
        ({"until_us": NOW_US}, {"started_us": NOW_US - 1}),
    ],
)
def test_a_filter_leaves_only_what_matches(
    engine: Engine, store: Store, where: dict[str, Any], change: dict[str, Any]
) -> None:
    odd = a_call(**change)
    store(a_call(), odd, a_call())
    assert ids(list_calls(engine, CallFilter(**where)).rows) == [odd.id]


def test_all_conditions_of_a_filter_must_hold(engine: Engine, store: Store) -> None:
    both = a_call(task="other", outcome="refused")
    store(a_call(task="other"), a_call(outcome="refused"), both)
    where = CallFilter(task="other", outcome="refused")
    assert ids(list_calls(engine, where).rows) == [both.id]


def test_following_shows_a_long_call_that_arrives_late(engine: Engine, store: Store) -> None:
    long_call, quick = a_call(NOW_US), a_call(NOW_US + MINUTE_US)
    store(quick)
    last = latest_call(engine)
    assert last == quick.id
    store(long_call)
    assert ids(new_calls(engine, ALL, after=last)) == [long_call.id]
    assert new_calls(engine, ALL, after=long_call.id) == []


def test_following_begins_with_the_oldest_where_nothing_was_seen(
    engine: Engine, store: Store
) -> None:
    assert latest_call(engine) is None
    calls = store(*spread(3))
    assert ids(new_calls(engine, ALL, after=None, limit=2)) == [c.id for c in calls[:2]]
    assert new_calls(engine, CallFilter(task="other"), after=None) == []


def test_a_call_is_found_by_the_beginning_of_its_id(
    folder: StateFolder, engine: Engine, store: Store
) -> None:
    call, _ = store(a_call(), a_call(NOW_US + 600 * MINUTE_US))
    for text in (call.id, call.id[:9], f" {call.id[:9].upper()}"):
        assert find_call(engine, folder, text).call == call


def test_a_beginning_of_several_ids_is_an_error_that_counts_them(
    folder: StateFolder, engine: Engine, store: Store
) -> None:
    calls = store(*spread(3))
    with pytest.raises(NotFound, match=r"^3 calls have .*Give more"):
        find_call(engine, folder, calls[0].id[:6])


@pytest.mark.parametrize("text", ["ffff", "", "%", "\udcff"])
def test_a_call_that_is_not_there_is_an_error_with_a_remedy(
    folder: StateFolder, engine: Engine, text: str
) -> None:
    with pytest.raises(NotFound, match="roadworthy calls"):
        find_call(engine, folder, text)


def test_a_call_outlives_its_texts(folder: StateFolder, engine: Engine, store: Store) -> None:
    (call,) = store(a_call())
    for path in folder.texts.iterdir():
        path.unlink()
    stored = find_call(engine, folder, call.id)
    assert not stored.texts_kept
    assert stored.call.messages == []
    assert stored.call.attempts[0].text is None
    assert stored.call.stages == call.stages


def test_names_of_tasks_are_those_of_all_calls(engine: Engine, store: Store) -> None:
    store(a_call(task="model:gpt"), a_call(task="b"), a_call(task="b", started_us=NOW_US // 2))
    assert task_names(engine) == ["b", "model:gpt"]


def tree(store: Store) -> tuple[Call, list[Call]]:
    """A chain with two steps, the second of which is a chain of one, recorded from below."""
    root = a_call(NOW_US, task="sheet", outcome="chain", model="", attempts=[])
    place = {"root_id": root.id, "parent_id": root.id}
    first = a_call(NOW_US + 1, task="copy", step="copy", **place)
    second = a_call(NOW_US + 2, task="inner", step="seo", **place)
    inner = a_call(NOW_US + 3, step="words", item=1, root_id=root.id, parent_id=second.id)
    store(first, inner, second, root)
    return root, [first, second, inner]


def test_a_tree_holds_all_calls_below_in_the_order_of_starting(
    engine: Engine, store: Store
) -> None:
    root, below = tree(store)
    again = a_call(NOW_US + 9, resumes=root.id)
    store(again, a_call(NOW_US + 9))
    found = call_tree(engine, root.id)
    assert found.root is not None
    assert found.root.id == root.id
    assert [(r.id, r.parent_id, r.step, r.item) for r in found.below] == [
        (c.id, c.parent_id, c.step, c.item) for c in below
    ]
    assert (found.more, found.resumed_by) == (0, (again.id,))


def test_of_a_tall_tree_only_so_many_are_read_and_the_rest_is_counted(
    engine: Engine, store: Store
) -> None:
    root, _ = tree(store)
    found = call_tree(engine, root.id, limit=2)
    assert (len(found.below), found.more) == (2, 1)


def test_a_tree_whose_root_is_not_recorded_yet_shows_its_steps(
    engine: Engine, store: Store
) -> None:
    root_id = new_id(NOW_US)
    store(a_call(parent_id=root_id, root_id=root_id, step="copy"))
    found = call_tree(engine, root_id)
    assert (found.root, len(found.below)) == (None, 1)


@pytest.mark.parametrize(
    ("where", "number"),
    [
        (CallFilter(), 1),
        (CallFilter(steps=True), 4),
        (CallFilter(outcome="repaired"), 0),
        (CallFilter(task="copy"), 1),
        (CallFilter(task="copy", steps=False), 0),
        (CallFilter(model="local"), 3),
    ],
    ids=str,
)
def test_lists_leave_steps_out_unless_only_steps_can_be_meant(
    engine: Engine, store: Store, where: CallFilter, number: int
) -> None:
    tree(store)
    assert len(list_calls(engine, where).rows) == number
    assert len(new_calls(engine, where, after=None)) == number
