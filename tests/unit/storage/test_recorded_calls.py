from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from storage_samples import MINUTE_US, NOW_US, StillClock, a_call

from roadworthy.core import Call
from roadworthy.storage import JournalWriter, StateFolder
from roadworthy.storage.database import open_database
from roadworthy.storage.loader import Loader
from roadworthy.storage.recorded import RecordedCalls, recorded_calls, recorded_tree
from roadworthy.storage.texts import day_of, remove_texts

TASK = "classify-feedback"


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "state")


@pytest.fixture
def engine(folder: StateFolder) -> Iterator[Engine]:
    engine = open_database(folder)
    yield engine
    engine.dispose()


def load(folder: StateFolder, engine: Engine, *calls: Call) -> None:
    with JournalWriter(folder, "g1", StillClock()) as writer:
        for call in calls:
            writer.append(call)
    loader = Loader(folder, engine, StillClock())
    loader.load_once()
    loader.close()


def test_calls_of_a_task_come_with_their_texts_the_latest_first(
    folder: StateFolder, engine: Engine
) -> None:
    older, newer = a_call(NOW_US), a_call(NOW_US + MINUTE_US, input={"comment": "New."})
    load(folder, engine, older, newer, a_call(task="another"))
    found = list(recorded_calls(engine, folder, RecordedCalls(task=TASK)))
    assert found == [newer, older]


def test_calls_of_tests_and_older_ones_are_left_out_unless_wanted(
    folder: StateFolder, engine: Engine
) -> None:
    old, tried = a_call(NOW_US - MINUTE_US), a_call(surface="test")
    load(folder, engine, old, tried)
    where = RecordedCalls(task=TASK)
    assert [call.id for call in recorded_calls(engine, folder, where)] == [old.id]
    since = RecordedCalls(task=TASK, since_us=NOW_US, tests=True)
    assert [call.id for call in recorded_calls(engine, folder, since)] == [tried.id]


def test_a_call_whose_texts_have_expired_comes_without_them(
    folder: StateFolder, engine: Engine
) -> None:
    load(folder, engine, a_call())
    remove_texts(folder, day_of(NOW_US))
    (found,) = recorded_calls(engine, folder, RecordedCalls(task=TASK))
    assert (found.input, found.outcome) == (None, "repaired")


def test_a_chains_call_comes_with_all_calls_below_it(folder: StateFolder, engine: Engine) -> None:
    root = a_call(surface="test")
    step = a_call(parent_id=root.id, root_id=root.id, step="copy", surface="test")
    inner = a_call(parent_id=step.id, root_id=root.id, step="inner", surface="test")
    load(folder, engine, inner, step, root, a_call())
    found = recorded_tree(folder, root.id)
    assert found is not None
    assert found[0] == root
    assert {call.id: call for call in found[1]} == {step.id: step, inner.id: inner}


def test_a_chain_that_is_not_recorded_whole_is_none(folder: StateFolder, engine: Engine) -> None:
    assert recorded_tree(StateFolder(folder.path / "elsewhere"), "01") is None
    assert recorded_tree(folder, "01") is None
    root = a_call()
    load(folder, engine, root)
    remove_texts(folder, day_of(NOW_US))
    assert recorded_tree(folder, root.id) is None
