"""Writes finished calls to this process's own file, before their responses are sent.

Gateways write journals and never the database; the keeper's loader reads them into it. A
record is one write to the kernel, so it outlives `kill -9` of the process; it is not forced to
the disk, so a power cut may cost the last seconds. A write that fails is counted, told to the
caller, and reported in the journal itself as soon as it can be written again.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from pathlib import Path
from types import TracebackType

import msgspec

from roadworthy.core import Call, Clock, new_id
from roadworthy.core.errors import JournalUnavailable, StoreError
from roadworthy.storage.folder import JOURNAL_SUFFIX, StateFolder
from roadworthy.storage.frame import CALL, LOSS, MARKER_BYTES, pack_file_header, pack_record
from roadworthy.storage.locks import try_lock
from roadworthy.storage.portable import portable

__all__ = ["NEW_SUFFIX", "JournalWriter", "Loss"]

MAX_FILE_BYTES = 64_000_000
MAX_FILE_AGE_US = 3_600_000_000
"""A file holds texts and can be removed only when it is closed, so it is closed by the hour."""
NEW_SUFFIX = ".new"
"""A file that is being made; it holds no records yet."""

_log = logging.getLogger(__name__)


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """Calls that a gateway served and could not write down."""

    gateway: str
    calls: int
    since_us: int
    until_us: int


class JournalWriter:
    """Appends calls to this process's journal file.

    Calls may be appended from several threads; after a fork, the child makes its own writer.
    """

    lost: int
    """Calls that could not be written since this writer was made."""

    def __init__(
        self,
        folder: StateFolder,
        gateway_id: str,
        clock: Clock,
        *,
        max_file_bytes: int = MAX_FILE_BYTES,
    ) -> None:
        self.lost = 0
        self._folder = folder
        self._gateway_id = gateway_id
        self._clock = clock
        self._max_file_bytes = max_file_bytes
        self._encoder = msgspec.msgpack.Encoder()
        self._lock = threading.Lock()
        self._file: _File | None = None
        self._unreported: Loss | None = None

    def append(self, call: Call) -> None:
        """Write one call down.

        Raises:
            JournalUnavailable: it could not be written, and is counted in `lost`.
        """
        payload = self._encode(call)
        with self._lock:
            try:
                self._write(CALL, payload)
            except (OSError, StoreError) as error:
                self._count_loss()
                raise _unavailable(self._folder, error) from error
            if self._unreported is not None:
                self._report_loss(self._unreported)

    def close(self) -> None:
        """Close the file, so that the loader may remove it once read; appending opens another."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def __enter__(self) -> JournalWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _encode(self, call: Call) -> bytes:
        try:
            return self._encoder.encode(call)
        except (OverflowError, RecursionError, TypeError, ValueError):
            return self._encoder.encode(portable(call))

    def _write(self, format_number: int, payload: bytes) -> None:
        file = self._file
        if file is None or not self._fits(file, len(payload)):
            file = self._open_next()
        try:
            file.append(pack_record(file.marker, format_number, payload))
        except OSError:
            if not file.undo():
                # Its torn end stays behind, so nothing may be written after it.
                file.close()
                self._file = None
            raise

    def _fits(self, file: _File, payload_bytes: int) -> bool:
        """Whether a record belongs in this file; not if someone removed it from its folder."""
        return (
            file.size + payload_bytes < self._max_file_bytes
            and self._clock.elapsed_us() - file.opened_us < MAX_FILE_AGE_US
            and os.fstat(file.fd).st_nlink > 0
        )

    def _open_next(self) -> _File:
        if self._file is not None:
            self._file.close()
            self._file = None
        self._folder.create()
        gateway = re.sub(r"[^A-Za-z0-9_-]", "-", self._gateway_id)[:40]
        name = f"{new_id(self._clock.now_us())}.{gateway}{JOURNAL_SUFFIX}"
        self._file = _File(self._folder.journal / name, self._clock.elapsed_us())
        return self._file

    def _count_loss(self) -> None:
        now_us = self._clock.now_us()
        before = self._unreported
        self.lost += 1
        self._unreported = Loss(
            gateway=self._gateway_id,
            calls=1 if before is None else before.calls + 1,
            since_us=now_us if before is None else before.since_us,
            until_us=now_us,
        )

    def _report_loss(self, loss: Loss) -> None:
        try:
            self._write(LOSS, self._encoder.encode(loss))
        except (OSError, StoreError) as error:
            _log.warning("%d lost calls are still to be reported: %s", loss.calls, error)
        else:
            self._unreported = None


class _File:
    """One journal file, open for appending and locked while it is."""

    def __init__(self, path: Path, opened_us: int) -> None:
        self.path = path
        self.opened_us = opened_us
        self.marker = os.urandom(MARKER_BYTES)
        header = pack_file_header(self.marker)
        # Made, locked and headed under another name: the loader takes a journal file without
        # a lock for a dead writer's, and removes it.
        new = path.with_name(path.name + NEW_SUFFIX)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self.fd = os.open(new, flags, 0o600)
        try:
            if not try_lock(self.fd):
                raise BlockingIOError(f"{new} is locked by another process")
            self.size = 0
            self.append(header)
            new.rename(path)
        except OSError:
            os.close(self.fd)
            new.unlink(missing_ok=True)
            raise

    def append(self, data: bytes) -> None:
        """Write all of this with one write, or raise OSError."""
        written = os.write(self.fd, data)
        if written < len(data):
            raise OSError(f"only {written} of {len(data)} bytes could be written")
        self.size += written

    def undo(self) -> bool:
        """Cut off what a failed write left behind; whether that worked."""
        try:
            os.ftruncate(self.fd, self.size)
        except OSError:
            return False
        return True

    def close(self) -> None:
        os.close(self.fd)


def _unavailable(folder: StateFolder, error: OSError | StoreError) -> JournalUnavailable:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return JournalUnavailable(
        f"the call could not be written to {folder.journal}: {reason}. Free space on that disk;"
        ' [record] when_full = "serve" answers callers without a record meanwhile.'
    )
