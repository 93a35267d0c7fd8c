"""A project's files, read once, faults together.

Called by the keeper, the command line and the client's direct mode; gateways read snapshots.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from roadworthy.core import Settings
from roadworthy.core.documents import Fault, SourceFolder, read_toml
from roadworthy.core.errors import ProjectError
from roadworthy.models import Model
from roadworthy.tasks.cases import Suite
from roadworthy.tasks.definition import TaskDefinition
from roadworthy.tasks.model_files import load_models
from roadworthy.tasks.task_file import TaskSources, load_task

__all__ = ["PROJECT_FILE", "Project", "find_project", "load_project"]

PROJECT_FILE = "roadworthy.toml"
READS_FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Project:
    """What a project's files say."""

    root: Path
    environment: str
    settings: Settings
    models: Mapping[str, Model] = field(default_factory=dict)
    """By logical name, bound for the environment; those that tasks name without declaring them
    (``local``, ``openai/NAME``) included."""
    tasks: Mapping[str, TaskDefinition] = field(default_factory=dict)
    suites: Mapping[str, Suite] = field(default_factory=dict)
    """What each task is tested by."""
    blocks: Mapping[str, str] = field(default_factory=dict)


def find_project(start: Path) -> Path | None:
    """The nearest folder, from this one upwards, that holds a `roadworthy.toml`."""
    start = start.resolve()
    return next((p for p in (start, *start.parents) if (p / PROJECT_FILE).is_file()), None)


def load_project(root: Path, *, environment: str | None = None) -> Project:
    """The project in this folder. An empty folder is a project without tasks.

    ``environment`` binds the models; None: the one in `roadworthy.toml`.

    ::

        project = load_project(Path("."))
        project.tasks["classify-feedback"].output_schema

    Raises:
        ProjectError: there are faults; it holds all of them, sorted by file and line.
    """
    if not root.is_dir():
        raise ProjectError([f"{root}: there is no such folder"])
    sources = SourceFolder(root)
    settings, faults = _load_settings(sources)
    bound_for = environment or settings.defaults.environment
    models, found = load_models(sources, environment=bound_for, must_exist=environment is not None)
    faults += found
    blocks = _load_blocks(sources)
    tasks, suites = {}, {}
    for name in _task_names(root):
        task, suite, found = load_task(
            name,
            TaskSources(
                project=sources,
                blocks=blocks,
                models=models,
                default_model=settings.defaults.model,
            ),
        )
        faults += found
        if task is not None:
            tasks[name], suites[name] = task, suite
    faults += sources.faults + models.faults
    if faults:
        raise ProjectError([str(fault) for fault in sorted(set(faults))])
    return Project(
        root=root,
        environment=bound_for,
        settings=settings,
        models=models.models,
        tasks=tasks,
        suites=suites,
        blocks=blocks,
    )


def _load_settings(sources: SourceFolder) -> tuple[Settings, list[Fault]]:
    text = sources.read(PROJECT_FILE)
    if text is None:
        return Settings(), []
    document = read_toml(text, Settings, file=PROJECT_FILE)
    settings = document.value or Settings()
    if settings.format != READS_FORMAT:
        message = (
            f"format = {settings.format}: this release reads format {READS_FORMAT};"
            " install the release that the file was written for"
        )
        return settings, [document.fault(message, "format")]
    return settings, document.faults


def _load_blocks(sources: SourceFolder) -> dict[str, str]:
    blocks = {}
    for path in sorted((sources.root / "blocks").glob("*.md")):
        text = sources.read(f"blocks/{path.name}")
        if text is not None:
            blocks[path.name] = text.rstrip("\n")
    return blocks


def _task_names(root: Path) -> list[str]:
    folders = [path for path in (root / "tasks").glob("*") if path.is_dir()]
    return sorted(path.name for path in folders if path.name[0] not in "._")
