"""Which tasks may have changed since a revision of git: by their files, the blocks that they
include, the files that their checks name, and the steps of chains."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Final

from roadworthy.core.errors import InvalidInput
from roadworthy.evaluation.states import checks_of
from roadworthy.evaluation.subjects import judges_named
from roadworthy.tasks import Project, TaskDefinition
from roadworthy.tasks.asked_models import embedded_tasks

__all__ = ["changed_files", "changed_tasks"]

_TIMEOUT_S: Final = 30
_OF_ALL: Final = frozenset({".toml", ".py"})
"""Suffixes of files beside the tasks' folders that any of them may be made from: settings, models,
schemas in Python with what they import."""


def changed_files(root: Path, revision: str) -> list[str]:
    """Paths below the project's folder that differ from the revision, new files included.

    Raises:
        InvalidInput: git knows no such revision, or the project is in no repository.
    """
    if revision.startswith("-"):
        raise InvalidInput(f"{revision[:40]!r} is no revision of git")
    differing = _git(root, "diff", "--name-only", "--relative", "-z", revision, "--", ".")
    untracked = _git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", ".")
    return sorted({path for path in (differing + untracked).split("\0") if path})


def changed_tasks(project: Project, files: Iterable[str]) -> list[str]:
    """The tasks with cases that these files may change the answers or the scores of."""
    paths = [PurePosixPath(file) for file in files]
    if any(len(path.parts) == 1 and path.suffix in _OF_ALL for path in paths):
        return _with_cases(project, project.tasks)
    touched = {p.parts[1] for p in paths if len(p.parts) > 2 and p.parts[0] == "tasks"}
    blocks = {p.name for p in paths if p.parts[0] == "blocks"}
    named = {str(path) for path in paths}
    schemas = {file for file in named if file.endswith(".json")}
    for name, definition in project.tasks.items():
        made_from = definition.blocks.keys() & blocks or named & project.suites[name].sources.keys()
        if made_from or any(file in _task_file(project, name) for file in schemas):
            touched.add(name)
    touched |= {name for name, task in project.tasks.items() if _within(task) & touched}
    judged = [
        name
        for name, suite in project.suites.items()
        if {judge.partition("@")[0] for judge in judges_named(checks_of(suite))} & touched
    ]
    return _with_cases(project, touched.union(judged))


def _within(definition: TaskDefinition) -> set[str]:
    """The names of all tasks that it runs: of its steps, of theirs, and its judges."""
    tasks = embedded_tasks(definition)
    return tasks.keys() | {name for task in tasks.values() for name in _within(task)}


def _with_cases(project: Project, names: Iterable[str]) -> list[str]:
    return sorted(n for n in names if n in project.suites and project.suites[n].cases)


def _task_file(project: Project, task: str) -> str:
    return (project.root / "tasks" / task / "task.toml").read_text(encoding="utf-8")


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - no shell; a revision cannot be an option
            ["git", "-C", str(root), *arguments],  # noqa: S607 - git is found as the user's shell does
            capture_output=True,
            check=True,
            timeout=_TIMEOUT_S,
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        raise InvalidInput(f"--changed-since asks git, which says: {said}") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise InvalidInput("--changed-since asks git, which cannot be run here") from error
    return done.stdout.decode("utf-8", "surrogateescape")
