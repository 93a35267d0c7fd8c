"""A project's files, read once, faults together.

Called by the keeper, the command line and the client's direct mode; gateways read snapshots.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from roadworthy.core import Settings
from roadworthy.core.documents import Fault, SourceFolder, read_toml
from roadworthy.core.errors import ProjectError
from roadworthy.models import Model
from roadworthy.tasks.bodies import load_task
from roadworthy.tasks.cases import Suite
from roadworthy.tasks.chain.order import in_order
from roadworthy.tasks.definition import TaskDefinition
from roadworthy.tasks.loading import TaskSources
from roadworthy.tasks.model_files import ModelTable, load_models
from roadworthy.tasks.suite_file import JudgeUse, judge_faults
from roadworthy.tasks.task_file import WrittenTask, read_task

__all__ = [
    "PROJECT_FILE",
    "Project",
    "find_project",
    "load_installation",
    "load_project",
    "survey_project",
]

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
    faults: tuple[str, ...] = ()
    """What is wrong with tasks that are left out; see `survey_project`."""


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
    project, faults, in_tasks = _read(root, environment)
    _refuse([*faults, *in_tasks])
    return project


def survey_project(root: Path, *, environment: str | None = None) -> Project:
    """As `load_project`, without the tasks that have faults: what `Project.faults` says of them
    hinders nobody who serves published versions.

    Raises:
        ProjectError: there are faults in `roadworthy.toml` or `models.toml`.
    """
    project, faults, in_tasks = _read(root, environment)
    _refuse(faults)
    return replace(project, faults=_lines(in_tasks))


def _read(root: Path, environment: str | None) -> tuple[Project, list[Fault], list[Fault]]:
    """The project, the faults of the files that every installation has, and those of its tasks."""
    if not root.is_dir():
        raise ProjectError([f"{root}: there is no such folder"])
    sources = SourceFolder(root)
    settings, faults = _load_settings(sources)
    bound_for = environment or settings.defaults.environment
    models, found = load_models(sources, environment=bound_for, must_exist=environment is not None)
    faults += found + sources.faults
    known = len(sources.faults)
    blocks = _load_blocks(sources)
    names = _task_names(root)
    tasks, suites, in_tasks = _load_tasks(
        TaskSources(
            project=sources,
            blocks=blocks,
            models=models,
            default_model=settings.defaults.model,
            names=frozenset(names),
        )
    )
    in_tasks += sources.faults[known:] + models.faults
    project = Project(
        root=root,
        environment=bound_for,
        settings=settings,
        models=models.models,
        tasks=tasks,
        suites=suites,
        blocks=blocks,
    )
    return project, faults, in_tasks


def _load_tasks(
    sources: TaskSources,
) -> tuple[dict[str, TaskDefinition], dict[str, Suite], list[Fault]]:
    """The tasks by name, and what each is tested by; with the faults of all.

    A task is read after those that it runs, whose definitions become part of its own.
    """
    written = {name: read_task(name, sources.project) for name in sorted(sources.names)}
    ordered = in_order({name: task.runs for name, task in written.items()})
    faults = [] if not ordered.cycle else [_cycle_fault(ordered.cycle, written)]
    loaded: dict[str, TaskDefinition] = {}
    suites: dict[str, Suite] = {}
    judges: list[JudgeUse] = []
    for name in (*ordered.names, *(name for name in written if name not in ordered.names)):
        task, suite, found, uses = load_task(written[name], replace(sources, tasks=loaded))
        faults += found
        judges += uses
        if task is not None:
            loaded[name], suites[name] = task, suite
    faults += judge_faults(judges, loaded, sources.names)
    return {name: loaded[name] for name in sorted(loaded)}, suites, faults


def _cycle_fault(cycle: tuple[str, ...], written: Mapping[str, WrittenTask]) -> Fault:
    document = written[cycle[0]].document
    assert document is not None  # it runs the next one
    message = f"tasks run each other: {' → '.join(cycle)}; one of them must do without the next"
    return document.fault(message, "step")


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise ProjectError(_lines(faults))


def _lines(faults: list[Fault]) -> tuple[str, ...]:
    return tuple(str(fault) for fault in sorted(set(faults)))


def load_installation(root: Path, *, environment: str | None = None) -> Project:
    """The project's settings and models without its tasks: what it takes to work with published
    versions. A fault in a task, or in a model that nobody asks for, is no hindrance to a rollback.

    Raises:
        ProjectError: there are faults in `roadworthy.toml`.
    """
    if not root.is_dir():
        raise ProjectError([f"{root}: there is no such folder"])
    sources = SourceFolder(root)
    settings, faults = _load_settings(sources)
    _refuse(faults + sources.faults)
    bound_for = environment or settings.defaults.environment
    models = _Models(root, bound_for, must_exist=environment is not None)
    return Project(root=root, environment=bound_for, settings=settings, models=models)


class _Models(Mapping[str, Model]):
    """The models of `models.toml`, read at the first question, and those that need no file."""

    def __init__(self, root: Path, environment: str, *, must_exist: bool) -> None:
        self._root, self._environment, self._must_exist = root, environment, must_exist

    @cached_property
    def _table(self) -> ModelTable:
        sources = SourceFolder(self._root)
        table, faults = load_models(
            sources, environment=self._environment, must_exist=self._must_exist
        )
        _refuse(faults + sources.faults)
        return table

    def __getitem__(self, name: str) -> Model:
        self._table.knows(name)
        return self._table.models[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table.models)

    def __len__(self) -> int:
        return len(self._table.models)


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
