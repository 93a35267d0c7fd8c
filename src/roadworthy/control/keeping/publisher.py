"""Turns a project's files and its registry into the snapshot that gateways serve.

In production tasks come from the registry, settings and models from the files as they were at
the start. Under ``--dev`` working copies are served as they change, and published versions can be
pinned beside them. Its methods may run in several threads at once.
"""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from threading import RLock

import msgspec

from roadworthy.control.keeping.serving_plan import (
    keep_lost,
    plan_production,
    plan_working,
    told_of_lost,
)
from roadworthy.core.errors import ProjectError, RoadworthyError, StoreError
from roadworthy.models import LOCAL_MODEL, Model, implicit_model, with_price
from roadworthy.models.embedded import is_installed
from roadworthy.registry.served import Served, ServedVersions
from roadworthy.storage import StateFolder
from roadworthy.tasks import (
    Snapshot,
    build_snapshot,
    load_project,
    project_stamp,
    read_snapshot,
    survey_project,
    with_models,
    write_snapshot,
)
from roadworthy.tasks.sources import differing_sources

__all__ = ["BoundModels", "Publisher"]

MAX_LEARNED = 500
"""Callers choose these names."""

_log = logging.getLogger(__name__)


class Publisher:
    """Writes the snapshot; where that cannot be done, the last one stays in place."""

    def __init__(
        self, *, root: Path, folder: StateFolder, environment: str | None, dev: bool = False
    ) -> None:
        self._root = root
        self._folder = folder
        self._given_environment = environment
        self._dev = dev
        self._lock = RLock()
        self._stamp = 0
        self._files: Snapshot | None = None
        self._drafts: frozenset[str] = frozenset()
        self._snapshot: Snapshot | None = None
        self._registry: ServedVersions | None = None
        self._served = Served()
        self._learned: dict[str, Model] = {}
        self._asked: set[str] = set()
        self.operator_token = secrets.token_urlsafe(32)
        """What gateways know the keeper's own calls by."""
        self.faults: tuple[str, ...] = ()
        """What is wrong with the files as they are now; empty: they are what is served."""
        self.draft_faults: tuple[str, ...] = ()
        """What is wrong with working copies, where those are not served."""
        self.lost: tuple[str, ...] = ()
        """Tasks that are served on although the registry does not know that any more."""

    @property
    def snapshot(self) -> Snapshot:
        """What is served. Only after `start`."""
        assert self._snapshot is not None
        return self._snapshot

    def start(self, registry: ServedVersions | None, *, again: bool = False) -> None:
        """Write the first snapshot.

        Without a registry, whose database is away then, the last one's versions are served on. Its
        settings and models are where the files have faults, and where a keeper that died comes
        back in production: that must not put changed files into service.

        Raises:
            ProjectError: the files have faults, and there is nothing to go on with.
            StoreError: the registry is away, and nothing was ever served from it.
        """
        with self._lock:
            self._registry = registry
            last = self._last()
            if again and last is not None:
                self.operator_token = last.operator_token or self.operator_token
            if again and not self._dev and last is not None:
                self._adopt_files(last)
            else:
                self._read_or_adopt_files(last)
            if registry is None and not self._dev and (last is None or last.serves == "working"):
                raise StoreError(
                    "the registry cannot be read, and nothing was served from it before; mend the"
                    " database, or serve the working copies with `roadworthy serve --dev`"
                )
            if last is not None:
                self._adopt_versions(last)
            if registry is not None:
                self._follow(registry)
            self._serve()
            if is_installed():
                self.learn([LOCAL_MODEL.name])  # so that an empty project lists it, too

    def refresh(self) -> bool:
        """Whether the registry has moved, and another revision is served now. Cheap if not.

        Raises:
            StoreError: the registry cannot be read, or the snapshot not be written.
        """
        with self._lock:
            moved = self._registry is not None and self._follow(self._registry)
            return moved and self._serve()

    def follow(self) -> None:
        """After the registry was written: serve what it says now. What was written stands, even if
        that fails; it is tried again soon."""
        try:
            self.refresh()
        except RoadworthyError as error:
            _log.error("%s", error.message)

    def restore_files(self) -> int:
        """Write the files of versions that have none; how many there were.

        Raises:
            StoreError: the registry cannot be read, or a file not be written.
        """
        return 0 if self._registry is None else self._registry.restore_files()

    def learn(self, names: list[str]) -> None:
        """Serve the prices of models that callers named and no file declares."""
        with self._lock:
            room = MAX_LEARNED - len(self._asked)
            fresh = [name for name in names if name not in self._asked][:room]
            self._asked.update(fresh)
            found = {name: implicit_model(name, os.environ) for name in fresh}
            priced = {name: with_price(model) for name, model in found.items() if model is not None}
            # By the name that callers wrote: `gpt-5-mini` is served as `openai/gpt-5-mini`.
            learned = {name: model for name, model in priced.items() if model.price is not None}
            if learned:
                self._learned |= learned
                self._serve()

    def publish_if_changed(self) -> bool:
        """Whether the files have changed, and another revision is served now."""
        with self._lock:
            if project_stamp(self._root) == self._stamp:
                return False
            try:
                self._read_files()
            except ProjectError as error:
                self.faults = error.faults
                _log.warning("%s\nThe last good revision stays.", error.message)
                return False
            return self._serve()

    def _read_files(self) -> None:
        """Raises ProjectError with every fault that matters; then all stays as it was."""
        self._stamp = project_stamp(self._root)
        load = load_project if self._dev else survey_project
        project = load(self._root, environment=self._given_environment)
        self._files = build_snapshot(project, price=with_price)
        self._drafts = frozenset(project.tasks)
        self.faults, self.draft_faults = (), project.faults

    def _read_or_adopt_files(self, last: Snapshot | None) -> None:
        try:
            self._read_files()
        except ProjectError as error:
            if last is None or (self._dev and last.serves != "working"):
                raise
            self._adopt_files(last)
            self.faults = error.faults
            _log.warning("%s\nThe last good revision stays.", error.message)

    def _adopt_files(self, last: Snapshot) -> None:
        """Go on with the settings, the models and the working copies that were served last."""
        tasks = last.tasks if last.serves == "working" else {}
        self._files = msgspec.structs.replace(last, tasks=tasks, versions={}, unservable={})
        unpublished = (name for name, index in last.versions.items() if not index.digests)
        self._drafts = frozenset([*tasks, *unpublished])

    def _adopt_versions(self, last: Snapshot) -> None:
        """Go on with the versions that were served last."""
        in_production = last.serves == "production"
        self._served = Served(
            last.versions,
            last.tasks if in_production else {},
            last.unservable if in_production else {},
        )

    def _last(self) -> Snapshot | None:
        """What was served last, if this release can read it."""
        if not self._folder.snapshot.exists():
            return None
        try:
            return read_snapshot(self._folder.snapshot)
        except StoreError as error:
            _log.warning("%s", error.message)
            return None

    def _follow(self, registry: ServedVersions) -> bool:
        served = registry.read_if_moved()
        if served is None:
            return False
        self._served, lost = keep_lost(self._served, served)
        if lost and lost != self.lost:
            _log.error("%s", told_of_lost(lost))
        self.lost = lost
        return True

    def _serve(self) -> bool:
        """Write the snapshot; whether it is another one than before."""
        assert self._files is not None
        if self._dev:
            plan = plan_working(self._files, self._served)
        else:
            plan = plan_production(
                self._files,
                self._served,
                drafts=self._drafts,
                environ=os.environ,
                differing=partial(differing_sources, root=self._root),
            )
        plan = msgspec.structs.replace(plan, operator_token=self.operator_token)
        snapshot = with_models(plan, self._learned)
        if self._snapshot is not None and snapshot.revision == self._snapshot.revision:
            return False
        write_snapshot(self._folder.snapshot, snapshot)
        self._snapshot = snapshot
        return True


class BoundModels(Mapping[str, Model]):
    """What logical models stand for in this installation now, those that need no file included."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    def __getitem__(self, name: str) -> Model:
        model = self._publisher.snapshot.models.get(name) or implicit_model(name, os.environ)
        if model is None:
            raise KeyError(name)
        return model

    def __iter__(self) -> Iterator[str]:
        return iter(self._publisher.snapshot.models)

    def __len__(self) -> int:
        return len(self._publisher.snapshot.models)
