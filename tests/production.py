"""Puts a project's working copies into production, as `publish` and `promote` do, while no keeper
runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from roadworthy.core import SystemClock
from roadworthy.registry import Actor, Draft, MoveRequest
from roadworthy.registry.store import StoredRegistry
from roadworthy.storage import StateFolder
from roadworthy.storage.database import open_database
from roadworthy.tasks import load_project

__all__ = ["ME", "into_production", "registry_of"]

ME = Actor(name="me")


@contextmanager
def registry_of(root: Path) -> Iterator[StoredRegistry]:
    """The registry in a project's state folder."""
    project = load_project(root)
    folder = StateFolder(root / project.settings.store.path)
    engine = open_database(folder)
    try:
        yield StoredRegistry(
            engine,
            folder,
            clock=SystemClock(),
            protected=project.settings.channels.protected,
            models=lambda: project.models,
            environment=project.environment,
        )
    finally:
        engine.dispose()


def into_production(root: Path) -> Path:
    """The project, with a version of each of its tasks in production."""
    project = load_project(root)
    with registry_of(root) as registry:
        for name, definition in project.tasks.items():
            draft = Draft(definition=definition, suite=project.suites[name], message="a test")
            version = registry.publish(draft, ME).version.version
            registry.move(MoveRequest(task=name, to=version), ME)
    return root
