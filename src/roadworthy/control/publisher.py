"""Turns a project's files into the snapshot that gateways serve."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from roadworthy.core.errors import ProjectError
from roadworthy.models import LOCAL_MODEL, Model, implicit_model, with_price
from roadworthy.models.embedded import is_installed
from roadworthy.storage import StateFolder
from roadworthy.tasks import (
    Snapshot,
    build_snapshot,
    load_project,
    project_stamp,
    read_snapshot,
    with_models,
    write_snapshot,
)

__all__ = ["Publisher"]

MAX_LEARNED = 500
"""Callers choose these names."""

_log = logging.getLogger(__name__)


class Publisher:
    """Writes the snapshot; a project with faults leaves the last one in place."""

    def __init__(self, *, root: Path, folder: StateFolder, environment: str | None) -> None:
        self._root = root
        self._folder = folder
        self._environment = environment
        self._stamp = 0
        self._snapshot: Snapshot | None = None
        self._learned: dict[str, Model] = {}
        self._asked: set[str] = set()
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
        self._serve(build_snapshot(project, price=with_price))
        self.faults = ()
        if is_installed():
            self.learn([LOCAL_MODEL.name])  # so that an empty project lists it, too

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
            self.adopt()
            self.faults = error.faults
            _log.warning("%s\nThe last good revision stays.", error.message)

    def adopt(self) -> None:
        """Go on with what was served last, whatever the files say now.

        Raises:
            StoreError: the last snapshot cannot be read.
        """
        self._snapshot = read_snapshot(self._folder.snapshot)

    def learn(self, names: list[str]) -> None:
        """Serve the prices of models that callers named and no file declares."""
        room = MAX_LEARNED - len(self._asked)
        fresh = [name for name in names if name not in self._asked][:room]
        self._asked.update(fresh)
        found = {name: implicit_model(name, os.environ) for name in fresh}
        priced = {name: with_price(model) for name, model in found.items() if model is not None}
        # By the name that callers wrote: `gpt-5-mini` is served as `openai/gpt-5-mini`.
        learned = {name: model for name, model in priced.items() if model.price is not None}
        if learned:
            self._learned |= learned
            self._serve(self.snapshot)

    def _serve(self, snapshot: Snapshot) -> None:
        self._snapshot = with_models(snapshot, self._learned)
        write_snapshot(self._folder.snapshot, self._snapshot)

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
