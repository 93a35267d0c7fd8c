"""Where a command works: the project around it and its state folder."""

from __future__ import annotations

from pathlib import Path

from roadworthy.core.errors import StoreError
from roadworthy.storage import StateFolder
from roadworthy.tasks import (
    Project,
    find_project,
    load_installation,
    load_project,
    survey_project,
)

__all__ = [
    "existing_state",
    "load_journal",
    "open_installation",
    "open_project",
    "open_survey",
    "project_root",
    "state_of",
]


def open_project(folder: Path | None, environment: str | None = None) -> Project:
    """Raises ProjectError with every fault of its files."""
    return load_project(project_root(folder), environment=environment)


def open_survey(folder: Path | None, environment: str | None = None) -> Project:
    """The project with those of its tasks that have no faults, for what serves published versions.

    Raises ProjectError with every fault of its settings and models.
    """
    return survey_project(project_root(folder), environment=environment)


def open_installation(folder: Path | None, environment: str | None = None) -> Project:
    """The project without its tasks, for what works with published versions alone: a fault in a
    working copy does not keep anybody from rolling back.

    Raises ProjectError with every fault of its settings.
    """
    return load_installation(project_root(folder), environment=environment)


def project_root(folder: Path | None) -> Path:
    """The folder given, else the nearest project around this place, else this place."""
    return (folder or find_project(Path.cwd()) or Path.cwd()).resolve()


def state_of(project: Project) -> Path:
    """The project's state folder, whether or not it exists yet."""
    return (project.root / project.settings.store.path).resolve()


def existing_state(project: Project) -> Path:
    """Raises StoreError where nothing was ever recorded."""
    state = state_of(project)
    if not state.is_dir():
        raise StoreError(
            f"no calls are recorded yet: {state} does not exist."
            " Run a task with `roadworthy run TASK --input name=value`, or `roadworthy serve`"
        )
    return state


def load_journal(state: Path) -> None:
    """Load what was just recorded into the database, unless a keeper runs: it does so itself."""
    from roadworthy.core import SystemClock
    from roadworthy.storage.database import open_database
    from roadworthy.storage.loader import Loader, keeper_lock

    folder = StateFolder(state)
    try:
        with keeper_lock(folder):
            engine = open_database(folder)
            loader = Loader(folder, engine, SystemClock())
            loader.load_once()
            loader.close()
            engine.dispose()
    except StoreError:
        return
