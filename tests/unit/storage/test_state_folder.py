from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from roadworthy.core.errors import StoreError
from roadworthy.storage import StateFolder, keeper_lock


def test_the_folder_is_private_and_stays_out_of_git(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "state")
    folder.create()
    folder.create()
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert (folder.path / ".gitignore").read_text() == "*\n"


def test_an_existing_open_folder_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    StateFolder(tmp_path).create()
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"file/state.*\[store\] path"):
        StateFolder(tmp_path / "file" / "state").create()


def test_days_of_texts_come_in_order_and_strangers_are_left_out(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    folder.create()
    for day in (date(2026, 9, 21), date(2026, 9, 3)):
        folder.texts_of(day).touch()
    (folder.texts / "texts-draft.sqlite").touch()
    assert folder.text_days() == [date(2026, 9, 3), date(2026, 9, 21)]


def test_a_second_keeper_is_told_which_process_holds_the_lock(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    code = (
        "import sys; from roadworthy.storage import StateFolder, keeper_lock\n"
        "with keeper_lock(StateFolder(sys.argv[1])): print(flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(StoreError, match=rf"process {other.pid}\)"), keeper_lock(folder):
            pass
        other.kill()
    with keeper_lock(folder):
        pass


def test_gateways_do_not_pay_for_the_database() -> None:
    code = (
        "import roadworthy.storage, sys; "
        "sys.exit(bool({'sqlalchemy', 'alembic', 'sqlite3'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
