"""The working copies of an installation, as drafts: what its files say that may not be published
yet."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from roadworthy.core.errors import ProjectError
from roadworthy.registry import Draft
from roadworthy.tasks import load_project, project_stamp

__all__ = ["working_drafts"]


def working_drafts(root: Path | None) -> Mapping[str, Draft]:
    """The drafts by task; none where there are no files, or where they have faults, which the
    dashboard shows on every page."""
    return {} if root is None else _drafts(root, project_stamp(root))


@lru_cache(maxsize=4)
def _drafts(root: Path, _stamp: int) -> Mapping[str, Draft]:
    try:
        project = load_project(root)
    except ProjectError:
        return {}
    return {
        name: Draft(definition=definition, suite=project.suites[name])
        for name, definition in project.tasks.items()
    }
