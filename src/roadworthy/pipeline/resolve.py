"""Which task and which model a call's target names.

``task:NAME`` is what this installation serves: the version in production, or under
``serve --dev`` the working copy. ``@`` behind it selects: ``1.4.0``, ``^1`` or ``^1.4``, a
channel, ``working``. Pure, but for versions that must be read from their files first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from roadworthy.core.errors import InvalidRequest, TaskUnservable, UnknownModel, UnknownTask
from roadworthy.models import Model
from roadworthy.pipeline.compiled import CompiledTask, with_model
from roadworthy.pipeline.pinned import Pin
from roadworthy.pipeline.request import CallRequest
from roadworthy.pipeline.selectors import WORKING, select_version
from roadworthy.pipeline.state import ServingState
from roadworthy.pipeline.unknown import not_in_production, unknown_model, unknown_task

__all__ = ["TASK_PREFIX", "Target", "resolve"]

TASK_PREFIX = "task:"
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(slots=True)
class Target:
    """What will serve the call."""

    label: str
    """What the call is counted for: the task's name, or ``model:NAME``."""
    model: Model
    task: CompiledTask | None = None


async def resolve(state: ServingState, request: CallRequest) -> Target:
    """The task or the model behind `request.target`. Waits only for the file of a version that
    nobody has asked for lately.

    Raises:
        UnknownTask, UnknownModel: the message names what comes nearest.
        TaskUnservable: the task is known, and cannot be served here.
        InvalidRequest: `x-roadworthy-task` is not a name.
    """
    if not request.target.startswith(TASK_PREFIX):
        return _plain(state, request)
    found = _find(state, request.target.removeprefix(TASK_PREFIX))
    if isinstance(found, Pin):
        name, task = found.task, state.pinned(found) or await state.load(found)
    else:
        name, task = found
    if request.model is not None:
        task = with_model(task, _model(state, request.model))
    return Target(name, task.model, task)


def _plain(state: ServingState, request: CallRequest) -> Target:
    model, label = _model(state, request.target), request.task_label
    if label is None:
        return Target(f"model:{request.target}", model)
    if not _LABEL.fullmatch(label):
        raise InvalidRequest(
            "the header x-roadworthy-task takes a name of at most 100 letters, digits, '.', '_'"
            f" and '-'; got {label[:40]!r}",
            param="x-roadworthy-task",
        )
    return Target(label, model)


def _model(state: ServingState, name: str) -> Model:
    model = state.model(name)
    if model is None:
        raise UnknownModel(unknown_model(state, name), param="model")
    return model


def _find(state: ServingState, reference: str) -> Pin | tuple[str, CompiledTask]:
    name, at, selector = reference.partition("@")
    given = state.tasks.get(reference)
    if given is not None:
        return name, given
    if at and not selector:  # a pin whose version came out empty must not serve another unseen
        raise UnknownTask(
            f"no version stands after the '@' of {reference[:100]!r}; name one, such as"
            " '@1.4.0', or leave the '@' out for what is served",
            param="model",
        )
    if selector in ("", WORKING):
        return name, _served(state, name, selector)
    index = state.snapshot.versions.get(name)
    if index is None and name not in state.tasks:
        raise UnknownTask(unknown_task(state, name), param="model")
    return select_version(name, index, selector)


def _served(state: ServingState, name: str, selector: str) -> CompiledTask:
    """What serves a call that names no version."""
    snapshot = state.snapshot
    task = state.tasks.get(name)
    if selector == WORKING and snapshot.serves != "working":
        if task is None and name not in snapshot.versions:
            raise UnknownTask(unknown_task(state, name), param="model")
        raise UnknownTask(
            f"the working copy of {name!r} is not served here; leave '@{WORKING}' out, or start"
            " `roadworthy serve --dev`",
            param="model",
        )
    if task is not None:
        return task
    if name in state.unservable:
        raise TaskUnservable(state.unservable[name])
    index = snapshot.versions.get(name)
    if index is None:
        raise UnknownTask(unknown_task(state, name), param="model")
    raise UnknownTask(not_in_production(name, index, serves=snapshot.serves), param="model")
