from __future__ import annotations

import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from roadworthy.control.keeping.keeper_address import KEEPER_FILE, announced
from roadworthy.core.errors import StoreError
from roadworthy.storage import StateFolder


@pytest.fixture
def sock() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def test_the_address_and_a_token_stand_there_for_this_user_alone(
    tmp_path: Path, sock: socket.socket
) -> None:
    path = tmp_path / KEEPER_FILE
    with announced(StateFolder(tmp_path), sock) as token:
        told = msgspec.json.decode(path.read_bytes())
        assert told == {"url": f"http://127.0.0.1:{sock.getsockname()[1]}", "token": token}
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == []


def test_it_is_gone_after_a_failure_too(tmp_path: Path, sock: socket.socket) -> None:
    with pytest.raises(ValueError, match="a fault"), announced(StateFolder(tmp_path), sock):
        raise ValueError("a fault")
    assert not (tmp_path / KEEPER_FILE).exists()


def test_what_a_killed_keeper_left_is_replaced_by_another_token(
    tmp_path: Path, sock: socket.socket
) -> None:
    left = tmp_path / KEEPER_FILE
    left.write_text("{")
    left.chmod(0o644)
    with announced(StateFolder(tmp_path), sock) as first:
        assert stat.S_IMODE(left.stat().st_mode) == 0o600
    with announced(StateFolder(tmp_path), sock) as second:
        assert first != second


def test_a_folder_that_cannot_be_written_is_a_typed_error(
    tmp_path: Path, sock: socket.socket
) -> None:
    folder = StateFolder(tmp_path / "none")
    with pytest.raises(StoreError, match="cannot be written"), announced(folder, sock):
        pass
