from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, Table, func, select
from storage_samples import NOW_US, StillClock, a_call

from roadworthy.core import Call, Fired
from roadworthy.core.errors import StoreError
from roadworthy.storage import JournalWriter, Loss, StateFolder, read_records
from roadworthy.storage.database import open_database
from roadworthy.storage.frame import CALL, LOSS, marker_of, pack_record
from roadworthy.storage.loader import Loader
from roadworthy.storage.queries import find_call, list_calls, lost_calls
from roadworthy.storage.rollups import WIDTHS_S
from roadworthy.storage.schema import (
    calls,
    journal_marks,
    latencies,
    ledger,
    losses,
    rollups,
    rule_counts,
)
from roadworthy.storage.sketch import QuantileSketch
from roadworthy.storage.views import CallFilter


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "state")


@pytest.fixture
def engine(folder: StateFolder) -> Iterator[Engine]:
    engine = open_database(folder)
    yield engine
    engine.dispose()


@pytest.fixture
def loader(folder: StateFolder, engine: Engine) -> Iterator[Loader]:
    loader = Loader(folder, engine, StillClock())
    yield loader
    loader.close()


@pytest.fixture
def writer(folder: StateFolder) -> Iterator[JournalWriter]:
    with JournalWriter(folder, "g1", StillClock()) as writer:
        yield writer


def rows(engine: Engine, table: Table) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


def counted(engine: Engine) -> set[int]:
    """How many calls the rollups count; one number if all widths agree."""
    query = select(func.sum(rollups.c.calls)).group_by(rollups.c.width_s)
    with engine.connect() as connection:
        return set(connection.scalars(query))


def append_raw(path: Path, format_number: int, payload: bytes) -> None:
    with path.open("r+b") as file:
        marker = marker_of(file.read(40))
        assert marker is not None
        file.seek(0, os.SEEK_END)
        file.write(pack_record(marker, format_number, payload))


def test_a_call_that_was_journalled_can_be_found_whole(
    folder: StateFolder, engine: Engine, loader: Loader, writer: JournalWriter
) -> None:
    call = a_call()
    writer.append(call)
    assert loader.load_once().loaded == 1
    stored = find_call(engine, folder, call.id)
    assert stored.call == call
    assert stored.texts_kept


def test_each_pass_loads_only_what_is_new(
    engine: Engine, loader: Loader, writer: JournalWriter
) -> None:
    for _ in range(3):
        writer.append(a_call())
        report = loader.load_once()
        assert (report.loaded, report.duplicates, report.behind_bytes) == (1, 0, 0)
    assert loader.load_once().loaded == 0
    assert len(rows(engine, calls)) == 3


def test_a_living_writers_file_stays_and_a_closed_one_goes(
    folder: StateFolder, engine: Engine, loader: Loader, writer: JournalWriter
) -> None:
    writer.append(a_call())
    assert loader.load_once().files_removed == 0
    writer.close()
    assert loader.load_once().files_removed == 1
    assert folder.journal_files() == []
    assert rows(engine, journal_marks) == []


def test_a_call_journalled_twice_is_counted_once(
    engine: Engine, loader: Loader, writer: JournalWriter
) -> None:
    call = a_call()
    for _ in range(2):
        writer.append(call)
    assert loader.load_once().duplicates == 1
    writer.append(call)
    assert loader.load_once().duplicates == 1
    assert len(rows(engine, calls)) == 1
    assert counted(engine) == {1}


def test_a_file_that_comes_back_is_counted_once(
    folder: StateFolder, engine: Engine, loader: Loader, writer: JournalWriter
) -> None:
    writer.append(a_call())
    writer.close()
    (path,) = folder.journal_files()
    shutil.copy(path, folder.path / "copy")
    loader.load_once()
    shutil.copy(folder.path / "copy", path)
    assert loader.load_once().duplicates == 1
    assert counted(engine) == {1}


def test_a_pass_may_be_bounded_and_the_next_goes_on(
    folder: StateFolder, engine: Engine, loader: Loader, writer: JournalWriter
) -> None:
    for _ in range(1_200):
        writer.append(a_call())
    writer.close()
    reports = [loader.load_once(max_calls=500) for _ in range(3)]
    assert [report.loaded for report in reports] == [500, 500, 200]
    assert reports[0].behind_bytes > reports[1].behind_bytes > reports[2].behind_bytes == 0
    assert counted(engine) == {1_200}
    assert folder.journal_files() == []


def test_what_is_committed_before_a_failure_stays_and_the_rest_follows(
    engine: Engine,
    loader: Loader,
    writer: JournalWriter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*arguments: object) -> None:
        raise OSError("killed here")

    for _ in range(3):
        writer.append(a_call())
    with monkeypatch.context() as patch:
        patch.setattr("roadworthy.storage.loader._mark", fail)
        with pytest.raises(StoreError, match=r"killed here.*Nothing is lost"):
            loader.load_once()
    assert rows(engine, calls) == rows(engine, rollups) == []
    assert loader.load_once().loaded == 3
    assert counted(engine) == {3}


def test_a_cut_off_end_of_a_dead_writer_is_dropped(
    folder: StateFolder, engine: Engine, loader: Loader, writer: JournalWriter
) -> None:
    for _ in range(2):
        writer.append(a_call())
    writer.close()
    (path,) = folder.journal_files()
    os.truncate(path, path.stat().st_size - 1)
    report = loader.load_once()
    assert (report.loaded, report.corrupt, report.files_removed) == (1, 0, 1)


def test_a_cut_off_end_of_a_living_writer_is_waited_for(
    folder: StateFolder, loader: Loader, writer: JournalWriter
) -> None:
    for _ in range(2):
        writer.append(a_call())
    (path,) = folder.journal_files()
    data = path.read_bytes()
    os.truncate(path, len(data) - 10)
    report = loader.load_once()
    assert report.loaded == 1
    assert report.behind_bytes > 0
    path.write_bytes(data)
    assert loader.load_once().loaded == 1


def test_damage_is_counted_and_its_file_is_set_aside(
    folder: StateFolder, engine: Engine, loader: Loader, writer: JournalWriter
) -> None:
    for _ in range(3):
        writer.append(a_call())
    writer.close()
    (path,) = folder.journal_files()
    second = next(record.next_offset for record in read_records(path)) + 100
    data = bytearray(path.read_bytes())
    data[second] ^= 1
    path.write_bytes(data)
    report = loader.load_once()
    assert (report.loaded, report.corrupt, report.files_set_aside) == (2, 1, 1)
    (loss,) = rows(engine, losses)
    assert (loss["kind"], loss["source"]) == ("damaged", path.name)
    assert [p.name for p in folder.journal.iterdir()] == [path.name + ".damaged"]
    assert loader.load_once().corrupt == 0


def test_a_damaged_end_of_a_dead_writer_is_set_aside(
    folder: StateFolder, engine: Engine, loader: Loader, writer: JournalWriter
) -> None:
    writer.append(a_call())
    writer.close()
    (path,) = folder.journal_files()
    with path.open("ab") as file:
        file.write(b"\0" * 100)
    report = loader.load_once()
    assert (report.loaded, report.corrupt, report.files_set_aside) == (1, 1, 1)
    assert rows(engine, losses)[0]["bytes"] == 100


def test_a_sound_record_that_is_no_call_does_not_stop_the_others(
    folder: StateFolder, engine: Engine, loader: Loader, writer: JournalWriter
) -> None:
    writer.append(a_call())
    (path,) = folder.journal_files()
    append_raw(path, CALL, b"\xc1")
    append_raw(path, CALL, msgspec.msgpack.encode(a_call(started_us=2**62)))
    append_raw(path, CALL, msgspec.msgpack.encode(a_call(cost_nusd=2**63)))
    append_raw(path, CALL, msgspec.msgpack.encode(a_call()))
    report = loader.load_once()
    assert (report.loaded, report.corrupt) == (2, 3)
    assert lost_calls(engine) == 3


def test_a_record_of_a_later_version_waits_and_those_before_it_are_loaded(
    folder: StateFolder, engine: Engine, loader: Loader, writer: JournalWriter
) -> None:
    writer.append(a_call())
    writer.close()
    (path,) = folder.journal_files()
    append_raw(path, 99, b"from the future")
    for loaded in (1, 0):
        report = loader.load_once()
        assert report.loaded == loaded
        assert "format 99" in report.faults[0]
        assert report.behind_bytes > 0
    assert path.exists()


def test_calls_that_a_gateway_lost_are_counted_once(
    folder: StateFolder, engine: Engine, loader: Loader, writer: JournalWriter
) -> None:
    writer.append(a_call())
    loss = Loss(gateway="g1", calls=7, since_us=NOW_US - 5, until_us=NOW_US)
    append_raw(folder.journal_files()[0], LOSS, msgspec.msgpack.encode(loss))
    for _ in range(2):
        assert loader.load_once().corrupt == 0
    assert lost_calls(engine) == 7
    assert lost_calls(engine, since_us=NOW_US + 1) == 0


def test_latencies_are_merged_over_passes(
    engine: Engine, loader: Loader, writer: JournalWriter
) -> None:
    for duration_us in (100_000, 200_000, 300_000):
        writer.append(a_call(duration_us=duration_us))
        loader.load_once()
    found = rows(engine, latencies)
    assert {row["width_s"] for row in found} == set(WIDTHS_S)
    for row in found:
        sketch = QuantileSketch.from_bytes(row["sketch"])
        assert sketch == QuantileSketch([100_000, 200_000, 300_000])


def test_unknown_tokens_and_costs_stay_unknown(
    engine: Engine, loader: Loader, writer: JournalWriter
) -> None:
    for cost_nusd in (None, None, 5, None, 7):
        writer.append(a_call(cost_nusd=cost_nusd))
        loader.load_once()
        row = rows(engine, rollups)[0]
        if row["calls"] == 2:
            assert (row["cost_nusd"], row["unpriced"]) == (None, 2)
    assert (row["cost_nusd"], row["unpriced"], row["input_tokens"]) == (12, 3, 600)


def test_a_file_that_is_being_made_is_left_alone_and_an_old_one_removed(
    folder: StateFolder, loader: Loader
) -> None:
    new = folder.journal / "a.journal.new"
    new.touch()
    loader.load_once()
    assert new.exists()
    os.utime(new, (0, 0))
    loader.load_once()
    assert not new.exists()


def test_a_long_name_is_cut_in_the_row_and_kept_in_the_call(
    folder: StateFolder, engine: Engine, loader: Loader, writer: JournalWriter
) -> None:
    call: Call = a_call(conversation_id="c\0" + "x" * 5_000)
    writer.append(call)
    loader.load_once()
    (row,) = rows(engine, calls)
    assert len(row["conversation_id"]) == 200
    assert "\0" not in row["conversation_id"]
    assert find_call(engine, folder, call.id).call == call


def test_the_loader_knows_since_when_it_is_behind(loader: Loader, writer: JournalWriter) -> None:
    assert loader.caught_up_us is None
    writer.append(a_call())
    loader.load_once()
    assert loader.caught_up_us == NOW_US


def test_calls_that_try_something_out_are_kept_and_count_nowhere(
    writer: JournalWriter, loader: Loader, engine: Engine, folder: StateFolder
) -> None:
    tried = a_call(surface="test", version="9.9.9")
    served = a_call()
    for call in (tried, served):
        writer.append(call)
    loader.load_once()
    assert counted(engine) == {1}
    assert {row["version"] for row in rows(engine, ledger)} == {served.version}
    listed = list_calls(engine, CallFilter()).rows
    assert [row.id for row in listed] == [served.id]
    assert [row.id for row in list_calls(engine, CallFilter(surface="test")).rows] == [tried.id]
    assert find_call(engine, folder, tried.id).call.surface == "test"


def test_rules_that_took_effect_are_counted_once_a_call(
    engine: Engine, loader: Loader, writer: JournalWriter
) -> None:
    fired = Fired(name="empty", effect="answer")
    call = a_call(outcome="rule", attempts=[], rules=(fired, fired))
    for journalled in (call, call, a_call(rules=(fired,), surface="test"), a_call()):
        writer.append(journalled)
    loader.load_once()
    found = rows(engine, rule_counts)
    assert {row["width_s"] for row in found} == set(WIDTHS_S)
    assert {(r["task"], r["rule"], r["effect"], r["calls"], r["call_id"]) for r in found} == {
        (call.task, "empty", "answer", 1, call.id)
    }


def test_a_step_keeps_its_place_in_the_tree(
    engine: Engine, loader: Loader, writer: JournalWriter
) -> None:
    chain = a_call(outcome="chain", attempts=[], model="")
    step = a_call(parent_id=chain.id, root_id=chain.id, step="copy", item=2)
    again = a_call(resumes=chain.id)
    for call in (step, chain, again):
        writer.append(call)
    loader.load_once()
    names = ("parent_id", "root_id", "step", "item", "resumes")
    assert [tuple(row[name] for name in names) for row in rows(engine, calls)] == [
        (chain.id, chain.id, "copy", 2, None),
        (None,) * 5,
        (None, None, None, None, chain.id),
    ]
