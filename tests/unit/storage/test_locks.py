from __future__ import annotations

import threading
from pathlib import Path

import pytest

from roadworthy.core.errors import StoreError
from roadworthy.storage import StateFolder, keeper_lock


def test_a_folder_has_one_keeper(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    with keeper_lock(folder), pytest.raises(StoreError, match="another keeper"):
        keeper_lock(folder).__enter__()


def test_who_is_patient_gets_the_folder_once_it_is_free(tmp_path: Path) -> None:
    folder, inside, leave = StateFolder(tmp_path), threading.Event(), threading.Event()

    def hold() -> None:
        with keeper_lock(folder):
            inside.set()
            leave.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    assert inside.wait(30)
    threading.Timer(0.1, leave.set).start()
    with keeper_lock(folder, patience_s=30):
        assert leave.is_set()
    holder.join()
