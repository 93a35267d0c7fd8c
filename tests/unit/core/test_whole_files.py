from __future__ import annotations

from pathlib import Path

import pytest

from roadworthy.core.whole_files import write_whole


def test_a_file_is_replaced_in_one_step_and_is_its_users_alone(tmp_path: Path) -> None:
    path = tmp_path / ("a" * 64 + ".json")
    path.write_bytes(b"old")
    path.chmod(0o644)
    with path.open("rb") as reading:
        write_whole(path, b"new")
        assert (reading.read(), path.read_bytes()) == (b"old", b"new")
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_put_in_place_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError):  # noqa: PT011  # which one is the system's choice
        write_whole(tmp_path / "taken", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
