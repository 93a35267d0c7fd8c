from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import pytest

from roadworthy.core import Price, Settings
from roadworthy.core.errors import StoreError
from roadworthy.models import Model
from roadworthy.tasks import (
    Project,
    Snapshot,
    SnapshotWatcher,
    build_snapshot,
    read_snapshot,
    write_snapshot,
)

Load = Callable[[Mapping[str, str]], Project]
FILES = {
    "models.toml": "[models.big]\nprovider = 'openai'\nmodel = 'm'\napi_key = {env = 'BIG_KEY'}\n",
    "tasks/a/task.toml": """\
        model = "openai/gpt-5-mini"
        [output.fields]
        reason = "string"
        verdict = "string"
        """,
    "tasks/a/prompt/user.md": "x",
}


def priced(model: Model) -> Model:
    return msgspec.structs.replace(model, price=Price(input_usd=1, output_usd=2))


def snapshot(revision: str = "1") -> Snapshot:
    return Snapshot(revision=revision, settings=Settings())


def test_a_snapshot_holds_every_model_that_is_declared_or_used(load: Load) -> None:
    built = build_snapshot(load(FILES), price=priced)
    assert built.models.keys() == {"big", "openai/gpt-5-mini"}
    assert all(m.price == Price(input_usd=1, output_usd=2) for m in built.models.values())
    assert built.tasks["a"].digest


def test_equal_content_has_an_equal_revision(load: Load) -> None:
    first = build_snapshot(load(FILES), price=priced)
    assert build_snapshot(load(FILES), price=priced) == first
    changed = FILES | {"tasks/a/prompt/user.md": "y"}
    assert build_snapshot(load(changed), price=priced).revision != first.revision


def test_what_was_written_is_read_back_with_the_order_of_fields(load: Load, tmp_path: Path) -> None:
    built = build_snapshot(load(FILES), price=priced)
    path = tmp_path / "state" / "snapshot.json"
    write_snapshot(path, built)
    found = read_snapshot(path)
    assert found == built
    assert list((found.tasks["a"].output_schema or {})["properties"]) == ["reason", "verdict"]
    assert list(path.parent.iterdir()) == [path]


def test_a_secret_stays_out(load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIG_KEY", "sk-very-secret")
    path = tmp_path / "snapshot.json"
    write_snapshot(path, build_snapshot(load(FILES), price=priced))
    assert b"BIG_KEY" in path.read_bytes()
    assert b"very-secret" not in path.read_bytes()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "cannot be read: No such file"),
        (b"", "is damaged; remove it"),
        (b'{"format":2,"revision":"1"', "is damaged"),
        (b'{"format":2,"revision":1,"settings":{}}', "is damaged"),
        (b"[" * 10_000, "is damaged"),
        (b'{"format":1,"anything":"else"}', "has format 1, and this release reads 2"),
    ],
)
def test_an_unusable_file_is_a_typed_error(
    tmp_path: Path, data: bytes | None, message: str
) -> None:
    path = tmp_path / "snapshot.json"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(StoreError, match=message):
        read_snapshot(path)


def test_a_folder_that_cannot_hold_the_snapshot_is_a_typed_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        write_snapshot(tmp_path / "file" / "snapshot.json", snapshot())


def test_a_watcher_sees_each_new_revision_once(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    watcher = SnapshotWatcher(path)
    assert not watcher.poll()
    with pytest.raises(StoreError):
        _ = watcher.current
    write_snapshot(path, snapshot("1"))
    assert [watcher.poll(), watcher.poll()] == [True, False]
    write_snapshot(path, snapshot("1"))
    assert not watcher.poll()
    write_snapshot(path, snapshot("2"))
    assert watcher.poll()
    assert watcher.current.revision == "2"


def test_a_new_file_with_the_old_time_and_size_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    write_snapshot(path, snapshot("1"))
    watcher = SnapshotWatcher(path)
    assert watcher.poll()
    before = path.stat()
    write_snapshot(path, snapshot("2"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert watcher.poll()


def test_a_damaged_file_leaves_the_last_snapshot_in_place(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "snapshot.json"
    write_snapshot(path, snapshot("1"))
    watcher = SnapshotWatcher(path)
    watcher.poll()
    path.write_bytes(b"{")
    with caplog.at_level(logging.WARNING):
        assert [watcher.poll(), watcher.poll()] == [False, False]
    assert watcher.current.revision == "1"
    assert len(caplog.records) == 1
