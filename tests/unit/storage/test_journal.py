from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from storage_samples import StillClock, a_call

from roadworthy.core import Call
from roadworthy.core.errors import JournalUnavailable
from roadworthy.storage import JournalWriter, Loss, StateFolder, read_records
from roadworthy.storage.frame import CALL, LOSS
from roadworthy.storage.locks import try_lock


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "state")


@pytest.fixture
def writer(folder: StateFolder) -> JournalWriter:
    return JournalWriter(folder, "gateway 1", StillClock())


def calls_in(folder: StateFolder) -> list[Call]:
    return [
        msgspec.msgpack.decode(record.payload, type=Call)
        for path in folder.journal_files()
        for record in read_records(path)
        if record.format == CALL
    ]


def test_a_call_comes_back_whole(folder: StateFolder, writer: JournalWriter) -> None:
    call = a_call()
    writer.append(call)
    assert calls_in(folder) == [call]


def test_nothing_is_made_before_the_first_call(folder: StateFolder, writer: JournalWriter) -> None:
    assert not folder.path.exists()


def test_a_file_is_private_and_names_its_gateway(
    folder: StateFolder, writer: JournalWriter
) -> None:
    writer.append(a_call())
    (path,) = folder.journal_files()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.name.endswith(".gateway-1.journal")


def test_a_file_is_locked_while_its_writer_lives(
    folder: StateFolder, writer: JournalWriter
) -> None:
    writer.append(a_call())
    fd = os.open(folder.journal_files()[0], os.O_RDONLY)
    assert not try_lock(fd)
    writer.close()
    assert try_lock(fd)
    os.close(fd)


def test_a_full_file_is_closed_and_the_next_one_sorts_after_it(folder: StateFolder) -> None:
    clock = StillClock()
    writer = JournalWriter(folder, "g1", clock, max_file_bytes=2_000)
    calls = []
    for _ in range(6):
        clock.time_us += 1
        calls.append(a_call(clock.time_us))
        writer.append(calls[-1])
    assert len(folder.journal_files()) > 1
    assert calls_in(folder) == calls


def test_an_old_file_is_closed(folder: StateFolder) -> None:
    clock = StillClock()
    writer = JournalWriter(folder, "g1", clock)
    writer.append(a_call())
    clock.time_us += 3_600_000_000
    writer.append(a_call())
    assert len(folder.journal_files()) == 2


def test_a_removed_folder_does_not_swallow_calls(
    folder: StateFolder, writer: JournalWriter
) -> None:
    writer.append(a_call())
    shutil.rmtree(folder.path)
    call = a_call()
    writer.append(call)
    assert calls_in(folder) == [call]


def test_a_short_write_is_undone_counted_and_raised(
    folder: StateFolder, writer: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, last = a_call(), a_call()
    writer.append(first)
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda fd, data: write(fd, data[:100]))
        with pytest.raises(JournalUnavailable, match=r"only 100 of .*when_full"):
            writer.append(a_call())
    writer.append(last)
    assert writer.lost == 1
    assert calls_in(folder) == [first, last]


def test_what_cannot_be_undone_is_left_behind_and_a_new_file_begun(
    folder: StateFolder, writer: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(fd: int, size: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    first, last = a_call(), a_call()
    writer.append(first)
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda fd, data: write(fd, data[:100]))
        patch.setattr(os, "ftruncate", refuse)
        with pytest.raises(JournalUnavailable):
            writer.append(a_call())
    writer.append(last)
    assert len(folder.journal_files()) == 2
    assert {call.id for call in calls_in(folder)} == {first.id, last.id}


def test_lost_calls_are_reported_in_the_journal_once_it_can_be_written(
    folder: StateFolder, writer: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", refuse)
        for _ in range(3):
            with pytest.raises(JournalUnavailable, match="No space left on device"):
                writer.append(a_call())
    for _ in range(2):
        writer.append(a_call())
    (path,) = folder.journal_files()
    losses = [r.payload for r in read_records(path) if r.format == LOSS]
    assert [msgspec.msgpack.decode(loss, type=Loss).calls for loss in losses] == [3]


def test_a_real_limit_on_file_size_is_survived(folder: StateFolder) -> None:
    code = """if True:
        import resource, sys
        sys.path.insert(0, sys.argv[2])
        from storage_samples import StillClock, a_call
        from roadworthy.core.errors import JournalUnavailable
        from roadworthy.storage import JournalWriter, StateFolder
        resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, 3_000))
        writer, written = JournalWriter(StateFolder(sys.argv[1]), "g1", StillClock()), 0
        for _ in range(20):
            try:
                writer.append(a_call())
            except JournalUnavailable:
                continue
            written += 1
        print(written, writer.lost)
    """
    command = [sys.executable, "-c", code, str(folder.path), str(Path(__file__).parent)]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    written, lost = map(int, done.stdout.split())
    assert written + lost == 20
    assert lost > 0
    assert len(calls_in(folder)) == written > 0


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ({"n": 2**70}, {"n": hex(2**70)}),
        ("\ud800 lone", "\\ud800 lone"),
        ({"when": object()}, {"when": "… a object cannot be recorded"}),
    ],
)
def test_a_value_beyond_the_format_is_recorded_as_text(
    folder: StateFolder, writer: JournalWriter, value: object, kept: object
) -> None:
    writer.append(a_call(value=value))
    (call,) = calls_in(folder)
    assert call.value == kept
    assert call.attempts == a_call().attempts


def test_a_value_nested_too_deep_is_recorded_to_a_depth(
    folder: StateFolder, writer: JournalWriter
) -> None:
    value: list[object] = []
    for _ in range(5_000):
        value = [value]
    writer.append(a_call(value=value))
    assert "nested deeper than is recorded" in str(calls_in(folder)[0].value)
