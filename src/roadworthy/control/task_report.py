"""One task, as the control API tells of it: contract, model, and what enforces the contract."""

from __future__ import annotations

import msgspec

from roadworthy.control.source import CallSource, Definition
from roadworthy.core import Mode
from roadworthy.core.errors import NotFound
from roadworthy.pipeline.enforcement import (
    Comparison,
    Enforcement,
    compare_targets,
    enforcement_of,
)
from roadworthy.tasks import TaskDefinition

__all__ = ["TaskModel", "TaskReport", "require_known", "task_report"]


class TaskModel(msgspec.Struct, frozen=True, kw_only=True):
    """The model that serves a task; not where it is, nor how one gets in."""

    name: str
    provider: str
    upstream: str
    """The provider's own name of it."""
    modes: tuple[Mode, ...]
    """In which it can be asked for structure, the strongest first."""


class TaskReport(msgspec.Struct, frozen=True, kw_only=True):
    """A task. A field of its definition that has its default value may be left out."""

    name: str
    definition: TaskDefinition | None = None
    """None: it is not served now, or is the implicit task of a model."""
    model: TaskModel | None = None
    """None: steps or rules answer."""
    enforcement: Enforcement | None = None
    """What the model's mode enforces of the output schema; None: the answer is free text."""
    comparison: Comparison | None = None
    """What each provider's strict form would enforce of it."""


def task_report(source: CallSource, name: str) -> TaskReport:
    """
    Raises:
        NotFound: no such task is served, and none has calls.
    """
    served = require_known(source, name)
    if served is None:
        return TaskReport(name=name)
    task, model = served.task, served.model
    if not task.model:
        return TaskReport(name=name, definition=task)
    return TaskReport(
        name=name,
        definition=task,
        model=TaskModel(
            name=model.name,
            provider=model.provider,
            upstream=model.upstream,
            modes=model.capabilities.modes,
        ),
        enforcement=enforcement_of(task, model),
        comparison=None if task.output_schema is None else compare_targets(task.output_schema),
    )


def require_known(source: CallSource, name: str) -> Definition | None:
    """What is served under this name; None: nothing now, but it has calls.

    Raises:
        NotFound: it has none either.
    """
    served = source.find_task(name)
    if served is None and name not in source.task_names():
        raise NotFound(
            f"There is no task {name[:80]!r}: none of this name is served, and none has calls."
        )
    return served
