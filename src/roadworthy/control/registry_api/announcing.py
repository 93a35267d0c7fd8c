"""A registry that tells when it was written, so that what is served follows at once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from roadworthy.core.errors import RoadworthyError
from roadworthy.registry import (
    Actor,
    CaseResult,
    Draft,
    Evidence,
    Move,
    MoveRequest,
    Pointer,
    Publication,
    Registry,
    Version,
    VersionRow,
)

__all__ = ["AnnouncingRegistry"]

_log = logging.getLogger(__name__)


class AnnouncingRegistry:
    """The registry, and `on_change` after each write that may change what is served."""

    def __init__(self, registry: Registry, on_change: Callable[[], None]) -> None:
        self._registry = registry
        self._on_change = on_change

    def publish(self, draft: Draft, by: Actor) -> Publication:
        publication = self._registry.publish(draft, by)
        if publication.new:
            self._announce()
        return publication

    def preview(self, draft: Draft) -> Publication:
        return self._registry.preview(draft)

    def versions(self, task: str | None = None, *, limit: int = 100) -> list[VersionRow]:
        return self._registry.versions(task, limit=limit)

    def version(self, task: str, reference: str) -> Version:
        return self._registry.version(task, reference)

    def channels(self, task: str | None = None) -> list[Pointer]:
        return self._registry.channels(task)

    def history(
        self, task: str | None = None, *, channel: str | None = None, limit: int = 100
    ) -> list[Move]:
        return self._registry.history(task, channel=channel, limit=limit)

    def weigh(self, request: MoveRequest) -> Evidence:
        return self._registry.weigh(request)

    def move(self, request: MoveRequest, by: Actor) -> Move:
        moved = self._registry.move(request, by)
        self._announce()
        return moved

    def results(
        self, task: str, *, definition: str, binding: str | None = None
    ) -> list[CaseResult]:
        return self._registry.results(task, definition=definition, binding=binding)

    def record(self, results: Sequence[CaseResult], by: Actor) -> None:
        self._registry.record(results, by)

    def export(self, tasks: Iterable[str] = ()) -> dict[str, Any]:
        return self._registry.export(tasks)

    def take(self, bundle: dict[str, Any], by: Actor) -> list[VersionRow]:
        added = self._registry.take(bundle, by)
        if added:
            self._announce()
        return added

    def _announce(self) -> None:
        try:
            self._on_change()
        except RoadworthyError as error:
            # The registry was written: whoever asked for that has what they asked for.
            _log.error("the registry has changed, and what is served has not: %s", error.message)
