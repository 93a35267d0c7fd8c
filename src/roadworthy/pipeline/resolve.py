"""Which task and which model a call's target names. Pure."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from roadworthy.core.errors import InvalidRequest, UnknownModel, UnknownTask
from roadworthy.models import Model
from roadworthy.pipeline.request import CallRequest
from roadworthy.pipeline.state import CompiledTask, ServingState, with_model

__all__ = ["TASK_PREFIX", "Target", "resolve"]

TASK_PREFIX = "task:"
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SELECTORS = ("", "production", "working")


@dataclass(frozen=True, slots=True)
class Target:
    """What will serve the call."""

    label: str
    """What the call is counted for: the task's name, or ``model:NAME``."""
    model: Model
    task: CompiledTask | None = None


def resolve(state: ServingState, request: CallRequest) -> Target:
    """The task or the model behind `request.target`.

    Raises:
        UnknownTask, UnknownModel: the message names what comes nearest.
        InvalidRequest: `x-roadworthy-task` is not a name.
    """
    if request.target.startswith(TASK_PREFIX):
        target = _task(state, request.target.removeprefix(TASK_PREFIX))
        return target if request.model is None else _on(target, _model(state, request.model))
    model = _model(state, request.target)
    label = request.task_label
    if label is None:
        return Target(f"model:{request.target}", model)
    if not _LABEL.fullmatch(label):
        raise InvalidRequest(
            "the header x-roadworthy-task takes a name of at most 100 letters, digits, '.', '_'"
            f" and '-'; got {label[:40]!r}",
            param="x-roadworthy-task",
        )
    return Target(label, model)


def _on(target: Target, model: Model) -> Target:
    assert target.task is not None
    return Target(target.label, model, with_model(target.task, model))


def _model(state: ServingState, name: str) -> Model:
    model = state.model(name)
    if model is None:
        raise UnknownModel(_unknown_model(state, name), param="model")
    return model


def _task(state: ServingState, reference: str) -> Target:
    name, _, selector = reference.partition("@")
    given = state.tasks.get(reference)
    if given is not None:
        return Target(name, given.model, given)
    task = state.tasks.get(name)
    if task is None:
        raise UnknownTask(_unknown_task(state, name), param="model")
    if selector not in _SELECTORS:
        raise UnknownTask(
            f"task {name!r} has no version or channel {selector[:40]!r};"
            f" leave '@{selector[:40]}' out to reach the version that is served",
            param="model",
        )
    return Target(name, task.model, task)


def _unknown_task(state: ServingState, name: str) -> str:
    near = difflib.get_close_matches(name, state.tasks, n=1)
    if near:
        return f"no task {name[:80]!r}; did you mean {near[0]!r}?"
    if not state.tasks:
        return (
            f"no task {name[:80]!r}: this gateway serves no task."
            " Write one with `roadworthy init`, then restart `roadworthy serve`"
        )
    return f"no task {name[:80]!r}; GET /v1/models lists the {len(state.tasks)} that are served"


def _unknown_model(state: ServingState, name: str) -> str:
    known = [*state.snapshot.models, *(TASK_PREFIX + task for task in state.tasks)]
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"no model {name[:80]!r}; did you mean {near[0]!r}?"
    return (
        f"no model {name[:80]!r}. Declare it in models.toml, write PROVIDER/MODEL"
        " (openai/gpt-5-mini), or 'local' for the embedded model"
    )
