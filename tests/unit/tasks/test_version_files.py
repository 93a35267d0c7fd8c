from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from pipelines import POEM, TRIAGE
from roadworthy.core.errors import StoreError
from roadworthy.tasks.version_files import (
    missing_version_files,
    read_version_file,
    version_file,
    write_version_file,
)

A, B = "a" * 64, "b" * 64


def test_a_version_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    folder = tmp_path / "versions"
    write_version_file(folder, A, TRIAGE)
    assert read_version_file(folder, A) == TRIAGE
    assert [path.name for path in folder.iterdir()] == [f"{A}.json"]


def test_the_order_of_fields_survives(tmp_path: Path) -> None:
    write_version_file(tmp_path, A, TRIAGE)
    read = read_version_file(tmp_path, A).output_schema
    assert list((read or {})["properties"]) == ["sentiment", "confidence"]


def test_a_file_that_is_there_and_whole_is_left_alone(tmp_path: Path) -> None:
    write_version_file(tmp_path, A, TRIAGE)
    before = version_file(tmp_path, A).stat().st_ino
    write_version_file(tmp_path, A, POEM)
    assert version_file(tmp_path, A).stat().st_ino == before
    assert read_version_file(tmp_path, A) == TRIAGE


def test_a_damaged_file_is_written_anew(tmp_path: Path) -> None:
    version_file(tmp_path, A).write_bytes(b'{"format":1')
    write_version_file(tmp_path, A, TRIAGE)
    assert read_version_file(tmp_path, A) == TRIAGE


@pytest.mark.parametrize("at", range(2, 820, 71))
def test_a_flipped_byte_anywhere_is_noticed(tmp_path: Path, at: int) -> None:
    write_version_file(tmp_path, A, TRIAGE)
    path = version_file(tmp_path, A)
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(StoreError, match=r"damaged|format"):
        read_version_file(tmp_path, A)


def test_a_torn_file_is_damaged(tmp_path: Path) -> None:
    write_version_file(tmp_path, A, TRIAGE)
    path = version_file(tmp_path, A)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(StoreError, match="is damaged"):
        read_version_file(tmp_path, A)


def test_another_versions_file_under_this_name_is_noticed(tmp_path: Path) -> None:
    write_version_file(tmp_path, A, TRIAGE)
    version_file(tmp_path, A).rename(version_file(tmp_path, B))
    with pytest.raises(StoreError, match="not what was published"):
        read_version_file(tmp_path, B)


def test_a_missing_file_and_one_of_a_later_release_say_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        read_version_file(tmp_path, A)
    later = {"format": 2, "digest": A, "checksum": "", "definition": {}}
    version_file(tmp_path, A).write_bytes(msgspec.json.encode(later))
    with pytest.raises(StoreError, match="has format 2, and this release reads 1"):
        read_version_file(tmp_path, A)


@pytest.mark.parametrize(
    "name", ["", "../../etc/passwd", "a" * 63, "A" * 64, f"{A}\n", f"../{'a' * 61}", f"{A}/x"]
)
def test_nothing_but_a_digest_gets_into_a_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        read_version_file(tmp_path, name)


def test_a_folder_that_cannot_be_written_is_a_typed_error(tmp_path: Path) -> None:
    (tmp_path / "versions").write_text("")
    with pytest.raises(StoreError, match="cannot be"):
        write_version_file(tmp_path / "versions", A, TRIAGE)


def test_versions_without_a_file_are_found(tmp_path: Path) -> None:
    assert missing_version_files(tmp_path / "none", {A}) == {A}
    write_version_file(tmp_path, A, TRIAGE)
    assert missing_version_files(tmp_path, {A, B}) == {B}
