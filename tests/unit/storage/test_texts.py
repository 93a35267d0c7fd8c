from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from roadworthy.core.errors import StoreError
from roadworthy.storage import StateFolder
from roadworthy.storage.bulk import Bulk
from roadworthy.storage.texts import CallTexts, TextStore, day_of, read_texts, remove_texts

DAY, NEXT_DAY = date(2026, 9, 21), date(2026, 9, 22)
SHORT = Bulk(value="short")
LONG = Bulk(messages=[{"role": "user", "content": "long " * 1_000}])


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    folder = StateFolder(tmp_path / "a %20 state?")
    folder.create()
    return folder


@pytest.fixture
def store(folder: StateFolder) -> Iterator[TextStore]:
    store = TextStore(folder)
    yield store
    store.close()


@pytest.mark.parametrize("bulk", [SHORT, LONG])
def test_texts_come_back(folder: StateFolder, store: TextStore, bulk: Bulk) -> None:
    store.write([CallTexts("a", DAY, bulk), CallTexts("b", NEXT_DAY, SHORT)])
    assert read_texts(folder, "a", DAY) == bulk


def test_writing_again_changes_nothing(folder: StateFolder, store: TextStore) -> None:
    store.write([CallTexts("a", DAY, LONG)])
    store.write([CallTexts("a", DAY, SHORT)])
    assert read_texts(folder, "a", DAY) == LONG


def test_texts_that_were_never_kept_are_none(folder: StateFolder, store: TextStore) -> None:
    assert read_texts(folder, "a", DAY) is None
    store.write([CallTexts("a", DAY, LONG)])
    assert read_texts(folder, "b", DAY) is None


def test_a_removed_day_is_forgotten_whole_and_can_begin_anew(
    folder: StateFolder, store: TextStore
) -> None:
    store.write([CallTexts("a", DAY, LONG)])
    remove_texts(folder, DAY)
    assert list(folder.texts.iterdir()) == []
    store.write([CallTexts("b", DAY, LONG)])
    assert read_texts(folder, "a", DAY) is None
    assert read_texts(folder, "b", DAY) == LONG


def test_a_damaged_day_is_an_error_that_names_its_file(
    folder: StateFolder, store: TextStore
) -> None:
    folder.texts_of(DAY).write_text("not a database" * 100)
    with pytest.raises(StoreError, match=r"texts-2026-09-21\.sqlite.*move it away"):
        read_texts(folder, "a", DAY)
    with pytest.raises(StoreError, match=r"texts-2026-09-21\.sqlite"):
        store.write([CallTexts("a", DAY, LONG)])


def test_a_day_is_that_of_utc() -> None:
    assert day_of(0) == date(1970, 1, 1)
    assert day_of(86_400_000_000 - 1) == date(1970, 1, 1)
    with pytest.raises(ValueError, match="not a time"):
        day_of(2**62)
