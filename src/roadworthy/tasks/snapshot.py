"""The snapshot on disk: written whole by the keeper, read and watched by gateways.

A gateway starts from it while the database is away, so it is never half written.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import msgspec

from roadworthy.core.errors import StoreError
from roadworthy.core.whole_files import write_whole
from roadworthy.models import Model
from roadworthy.tasks.definition import Snapshot
from roadworthy.tasks.digest import content_digest
from roadworthy.tasks.project import Project

__all__ = [
    "SnapshotWatcher",
    "build_snapshot",
    "read_snapshot",
    "with_models",
    "with_revision",
    "write_snapshot",
]

READS_FORMAT = 2

_log = logging.getLogger(__name__)


def build_snapshot(project: Project, *, price: Callable[[Model], Model]) -> Snapshot:
    """Everything that a gateway needs to serve this project's working copies.

    ``price`` gives a model its list price where the project names none.
    """
    content = Snapshot(
        revision="",
        settings=project.settings,
        root=str(project.root),
        tasks=dict(project.tasks),
        models={name: price(model) for name, model in project.models.items()},
    )
    return with_revision(content)


def with_models(snapshot: Snapshot, models: dict[str, Model]) -> Snapshot:
    """The snapshot with these models beside the project's own, which go before them."""
    return with_revision(msgspec.structs.replace(snapshot, models=models | snapshot.models))


def with_revision(snapshot: Snapshot) -> Snapshot:
    """The snapshot under the digest of what it holds now."""
    content = msgspec.structs.replace(snapshot, revision="")
    return msgspec.structs.replace(content, revision=content_digest(content))


def write_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Put the snapshot in place of the last one, in one step.

    Raises:
        StoreError: the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, msgspec.json.encode(snapshot))
    except OSError as error:
        raise StoreError(
            f"the snapshot {path} cannot be written: {error.strerror}; make its folder writable"
        ) from error


def read_snapshot(path: Path) -> Snapshot:
    """The snapshot in this file.

    Raises:
        StoreError: it is absent, damaged, or of another format.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StoreError(
            f"the snapshot {path} cannot be read: {error.strerror}; the keeper writes it"
        ) from error
    remedy = "remove it, the keeper writes it anew"
    try:
        found = msgspec.json.decode(data, type=_Format).format
        if found != READS_FORMAT:
            raise StoreError(
                f"the snapshot {path} has format {found}, and this release reads"
                f" {READS_FORMAT}; {remedy}"
            )
        return msgspec.json.decode(data, type=Snapshot)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise StoreError(f"the snapshot {path} is damaged; {remedy}") from error


class SnapshotWatcher:
    """The newest usable snapshot of a file.

    ::

        if watcher.poll():
            serve(watcher.current)
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._current: Snapshot | None = None
        self._seen: tuple[int, int, int] | None = None

    @property
    def current(self) -> Snapshot:
        """The last snapshot that could be read.

        Raises:
            StoreError: there has been none yet.
        """
        if self._current is None:
            raise StoreError(f"there is no usable snapshot at {self.path} yet")
        return self._current

    def poll(self) -> bool:
        """Whether `current` is another one than before. Costs one `stat` where nothing changed;
        a file that cannot be used leaves the last snapshot in place, and is logged once."""
        try:
            stat = self.path.stat()
        except OSError:
            return False
        # A file replaced within one tick of the clock still has another inode.
        seen = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
        if seen == self._seen:
            return False
        self._seen = seen
        try:
            snapshot = read_snapshot(self.path)
        except StoreError as error:
            _log.warning("%s", error.message)
            return False
        changed = self._current is None or self._current.revision != snapshot.revision
        self._current = snapshot
        return changed


class _Format(msgspec.Struct):
    format: int
