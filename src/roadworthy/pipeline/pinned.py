"""Published versions that callers pin: read from their files when first asked for.

A gateway's snapshot holds what most calls want. Any of thousands of versions may be pinned, so
each is loaded on its first call, off the event loop, and the last used of them are kept.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from roadworthy.core.errors import RoadworthyError, StoreError, TaskUnservable
from roadworthy.pipeline.compiled import Binding, CompiledTask, bind_again, compile_task
from roadworthy.tasks import TaskDefinition
from roadworthy.tasks.sources import differing_sources
from roadworthy.tasks.version_files import read_version_file

__all__ = ["Pin", "PinnedVersions"]

KEEP: Final = 64


class Pin(NamedTuple):
    """One published version of one task."""

    task: str
    version: str
    digest: str

    def __str__(self) -> str:
        return f"{self.task}@{self.version}"


class PinnedVersions:
    """Compiled versions, at most `keep` of them: the least recently used one goes first.

    ``folder`` holds the versions' files; None: there are none to be had.
    """

    def __init__(self, folder: Path | None = None, *, keep: int = KEEP) -> None:
        self._folder = folder
        self._keep = keep
        self._kept: OrderedDict[Pin, CompiledTask] = OrderedDict()
        self._loading: dict[Pin, asyncio.Future[CompiledTask]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def kept(self, pin: Pin, bind: Binding) -> CompiledTask | None:
        """The version, if it is in memory; no file is read.

        Raises:
            TaskUnservable: a model that it may ask is not bound any more.
        """
        known = self._kept.get(pin)
        if known is None:
            return None
        self._kept.move_to_end(pin)
        task = bind_again(known, bind)
        if task is not known:
            self._kept[pin] = task
        return task

    async def load(self, pin: Pin, bind: Binding, *, root: str = "") -> CompiledTask:
        """The version, read and compiled in a thread. Calls that want the same one at once share
        one load, which goes on if some of them are given up. ``root`` is the project's folder.

        Raises:
            TaskUnservable: its file is missing or damaged, it does not compile in this release,
                a model that it may ask is not bound, or the Python that it runs is not what is
                installed. Later calls try again.
        """
        loading = self._loading.get(pin)
        if loading is None:
            loading = asyncio.ensure_future(asyncio.to_thread(self._read, pin, bind, root))
            self._loading[pin] = loading
            loading.add_done_callback(lambda done: self._loaded(pin, done))
        try:
            task = await asyncio.shield(loading)
        except TaskUnservable as error:  # one for each call: they write their ids into theirs
            raise TaskUnservable(error.message) from error
        return bind_again(task, bind)

    def _loaded(self, pin: Pin, loading: asyncio.Future[CompiledTask]) -> None:
        del self._loading[pin]
        # Asking for the exception marks it as seen: all who waited may have gone.
        if loading.cancelled() or loading.exception() is not None:
            return
        self._kept[pin] = loading.result()
        self._kept.move_to_end(pin)
        while len(self._kept) > self._keep:
            self._kept.popitem(last=False)

    def _read(self, pin: Pin, bind: Binding, root: str) -> CompiledTask:
        definition = msgspec.structs.replace(
            self._definition(pin), name=pin.task, version=pin.version
        )
        if differing := definition.sources and differing_sources(definition, Path(root)):
            raise TaskUnservable(
                f"{pin} runs Python that differs from what is installed: {', '.join(differing)};"
                " install its files, or call another version"
            )
        try:
            return compile_task(definition, bind, root=root)
        except TaskUnservable:
            raise
        except RoadworthyError as error:
            raise TaskUnservable(
                f"{pin} cannot be served by this release: {error.message}. Publish a version that"
                " `roadworthy check` finds no fault in"
            ) from error

    def _definition(self, pin: Pin) -> TaskDefinition:
        if self._folder is None:
            raise TaskUnservable(f"{pin} is not at hand here; call it on a gateway")
        try:
            return read_version_file(self._folder, pin.digest)
        except (StoreError, ValueError) as error:
            raise TaskUnservable(
                f"{pin} cannot be served: {error}. Remove the file if it is there; the keeper"
                " writes it anew from the registry within a minute"
            ) from error
