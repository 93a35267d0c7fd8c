from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import func, select
from storage_samples import NOW_US, StillClock, a_call

from roadworthy.storage import CallFilter, JournalWriter, StateFolder
from roadworthy.storage.database import open_database
from roadworthy.storage.loader import Loader
from roadworthy.storage.queries import list_calls
from roadworthy.storage.retention import expire_calls, expire_texts
from roadworthy.storage.schema import rollups
from roadworthy.storage.texts import day_of

DAY_US = 86_400_000_000


def test_the_last_full_days_of_texts_and_today_are_kept(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    folder.create()
    days = [day_of(NOW_US - back * DAY_US) for back in range(5)]
    for day in days:
        for suffix in ("", "-wal", "-shm"):
            folder.texts_of(day).with_name(folder.texts_of(day).name + suffix).touch()
    assert expire_texts(folder, 2, now_us=NOW_US) == sorted(days[3:])
    assert folder.text_days() == sorted(days[:3])
    assert len(list(folder.texts.iterdir())) == 9


def test_journals_set_aside_go_with_the_texts_of_their_time(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    folder.create()
    for name, days_ago in (("old", 9), ("new", 1)):
        path = folder.journal / f"{name}.journal.damaged"
        path.touch()
        os.utime(path, (0, NOW_US // 1_000_000 - days_ago * 86_400))
    expire_texts(folder, 2, now_us=NOW_US)
    assert [path.name for path in folder.journal.iterdir()] == ["new.journal.damaged"]


def test_old_calls_go_in_chunks_and_stay_counted(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    engine = open_database(folder)
    with JournalWriter(folder, "g1", StillClock()) as writer:
        for i in range(10):
            writer.append(a_call(NOW_US + i))
    loader = Loader(folder, engine, StillClock())
    loader.load_once()
    loader.close()
    assert expire_calls(engine, NOW_US + 7, chunk=3) == 7
    assert len(list_calls(engine, CallFilter()).rows) == 3
    with engine.connect() as connection:
        counted = select(func.sum(rollups.c.calls)).where(rollups.c.width_s == 60)
        assert connection.scalar(counted) == 10
    engine.dispose()
