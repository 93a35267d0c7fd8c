"""Turns a project's files into the snapshot that gateways serve."""

from __future__ import annotations

import logging
from pathlib import Path

from roadworthy.core.errors import ProjectError
from roadworthy.models import with_price
from roadworthy.storage import StateFolder
from roadworthy.tasks import (
    Snapshot,
    build_snapshot,
    load_project,
    project_stamp,
    read_snapshot,
    write_snapshot,
)

__all__ = ["Publisher"]

_log = logging.getLogger(__name__)


class Publisher:
    """Writes the snapshot; a project with faults leaves the last one in place."""

    def __init__(self, *, root: Path, folder: StateFolder, environment: str | None) -> None:
        self._root = root
        self._folder = folder
        self._environment = environment
        self._stamp = 0
        self._snapshot: Snapshot | None = None
        self.faults: tuple[str, ...] = ()
        """What is wrong with the files as they are now; empty: they are what is served."""

    @property
    def snapshot(self) -> Snapshot:
        """What is served. Only after `publish`."""
        assert self._snapshot is not None
        return self._snapshot

    def publish(self) -> None:
        """Raises ProjectError with every fault; then nothing was written."""
        self._stamp = project_stamp(self._root)
        project = load_project(self._root, environment=self._environment)
        self._snapshot = build_snapshot(project, price=with_price)
        write_snapshot(self._folder.snapshot, self._snapshot)
        self.faults = ()

    def publish_or_adopt(self) -> None:
        """Publish; where the files have faults, go on with what was served last.

        Raises:
            ProjectError: they have, and nothing was ever served.
            StoreError: the last snapshot cannot be read.
        """
        try:
            self.publish()
        except ProjectError as error:
            if not self._folder.snapshot.exists():
                raise
            self._snapshot = read_snapshot(self._folder.snapshot)
            self.faults = error.faults
            _log.warning("%s\nThe last good revision stays.", error.message)

    def publish_if_changed(self) -> bool:
        """Whether another revision is served now."""
        if project_stamp(self._root) == self._stamp:
            return False
        before = self.snapshot.revision
        try:
            self.publish()
        except ProjectError as error:
            self.faults = error.faults
            _log.warning("%s\nThe last good revision stays.", error.message)
            return False
        return self.snapshot.revision != before
