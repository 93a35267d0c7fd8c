"""What `roadworthy run` was asked to run: a working copy, or a published version."""

from __future__ import annotations

import difflib
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from roadworthy.cli.place import open_project, open_survey, state_of
from roadworthy.cli.registry_access import open_registry
from roadworthy.core.errors import UnknownTask
from roadworthy.pipeline import Pipeline
from roadworthy.pipeline.inprocess import in_process
from roadworthy.pipeline.selectors import WORKING
from roadworthy.tasks import Project, TaskDefinition

__all__ = ["Chosen", "choose"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """One state of one task."""

    project: Project
    reference: str
    """How calls name it: ``triage``, or ``triage@1.4.0``."""
    definition: TaskDefinition

    def pipeline(self) -> AbstractAsyncContextManager[Pipeline]:
        """The path of calls in this process, with this state of the task on it."""
        return in_process(
            self.project,
            state_of(self.project),
            name="run",
            definitions={self.reference: self.definition},
        )


def choose(reference: str, folder: Path | None, environment: str | None) -> Chosen:
    """The task's working copy; or, behind ``@``, the version that the registry has for it.

    Raises:
        UnknownTask: there is no such task; the message names the nearest.
        NotFound: there is no such version; likewise.
    """
    name, _, selector = reference.partition("@")
    if selector in ("", WORKING):
        project = open_project(folder, environment)
        return Chosen(project=project, reference=name, definition=_working_copy(project, name))
    # A working copy at fault does not keep a version from running.
    project = open_survey(folder, environment)
    with open_registry(project) as registry:
        version = registry.version(name, selector)
    number = version.row.version
    definition = msgspec.structs.replace(version.definition, name=name, version=number)
    return Chosen(project=project, reference=f"{name}@{number}", definition=definition)


def _working_copy(project: Project, name: str) -> TaskDefinition:
    if name in project.tasks:
        return project.tasks[name]
    near = difflib.get_close_matches(name, project.tasks, n=1)
    if near:
        hint = f"did you mean {near[0]!r}?"
    elif project.tasks:
        hint = f"it has: {', '.join(project.tasks)}"
    else:
        hint = "it has none yet; `roadworthy init` writes one"
    raise UnknownTask(f"the project {project.root} has no task {name!r}; {hint}")
