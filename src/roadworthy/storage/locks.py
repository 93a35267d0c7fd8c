"""Locks that die with their process: which writer lives, and that there is one keeper."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from roadworthy.core.errors import StoreError
from roadworthy.storage.folder import StateFolder

__all__ = ["keeper_lock", "try_lock"]

LOOK_EVERY_S = 0.05


def try_lock(fd: int) -> bool:
    """Whether this descriptor now holds its file's exclusive lock; never waits.

    The kernel drops the lock when the last copy of the descriptor closes, so also on `kill -9`.
    """
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def keeper_lock(folder: StateFolder, *, patience_s: float = 0.0) -> Iterator[None]:
    """Hold the right to write this folder's database.

    Raises:
        StoreError: another process holds it, and does not let go for so long. Commands hold it for
            a moment each.
    """
    folder.create()
    fd = os.open(folder.keeper_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        give_up = time.monotonic() + patience_s
        while not (held := try_lock(fd)) and time.monotonic() < give_up:
            time.sleep(LOOK_EVERY_S)
        if not held:
            holder = os.pread(fd, 20, 0).decode("ascii", "replace").strip() or "unknown"
            raise StoreError(
                f"another keeper (process {holder}) works on {folder.path}. Stop it, or set"
                " [store] path to another folder."
            )
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        yield
        os.ftruncate(fd, 0)
    finally:
        os.close(fd)
