"""The stage check: whether the request can be understood, and what its answer must conform to.

Pure; the input and what it must satisfy stand in the call afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from roadworthy.conformance import (
    OutputSchema,
    Plan,
    compile_schema,
    modes_beside,
    plan_request,
    validate_input,
)
from roadworthy.core import Mode
from roadworthy.core.errors import InvalidRequest
from roadworthy.models import Model
from roadworthy.pipeline.compiled import CompiledTask, asking
from roadworthy.pipeline.recorder import Recorder
from roadworthy.pipeline.request import CallRequest
from roadworthy.pipeline.resolve import Target
from roadworthy.pipeline.state import ServingState
from roadworthy.tasks import input_from_messages

__all__ = ["Checked", "asked_by", "check_request", "parameters_of"]


@dataclass(slots=True, kw_only=True)
class Checked:
    """A request that is not at fault, before anything is decided about it."""

    request: CallRequest
    model: Model
    """What is asked, unless a rule chooses another."""
    task: CompiledTask | None
    """None: a plain model, whose messages are the caller's."""
    schema: OutputSchema | None
    """What the delivered answer must conform to; None: free text."""
    modes: tuple[Mode, ...]
    """In which to ask this model for structure."""
    plan: Plan | None
    """How this model is asked for all of the schema."""
    deadline_us: int
    """Of the whole call, on `Clock.elapsed_us`."""


def check_request(
    state: ServingState, request: CallRequest, recorder: Recorder, target: Target
) -> Checked:
    """The request, understood; its input is written into the call.

    Raises:
        InvalidRequest: the request is at fault; no model needs to be asked.
    """
    task = target.task
    with recorder.stage("check"):
        if task is None:
            _require_messages(request)
            schema = _caller_schema(request)
            modes = modes_beside(target.model.capabilities.modes, request.parameters)
            plan = None if schema is None else plan_request(schema, modes)
        elif not task.definition.model:
            recorder.call.input = _task_input(task, request)
            schema, modes, plan = task.output, (), None
            _require_no_model(task, request)
        else:
            recorder.call.input = _task_input(task, request)
            schema = task.output or _caller_schema(request)
            modes, plan = _plan(task, request, schema)
        if schema is not None:
            _require_one_answer(request)
    return Checked(
        request=request,
        model=target.model,
        task=task,
        schema=schema,
        modes=modes,
        plan=plan,
        deadline_us=recorder.began_us + round(_timeout_s(state, request, task) * 1e6),
    )


def parameters_of(task: CompiledTask | None, request: CallRequest) -> dict[str, Any]:
    """A task's own parameters are part of its version; a caller may only add to them."""
    return request.parameters | task.definition.parameters if task else request.parameters


def asked_by(checked: Checked, model: Model) -> Checked:
    """The same request with this model in place of the task's own."""
    assert checked.task is not None
    task = asking(checked.task, model)
    modes, plan = _plan(task, checked.request, checked.schema)
    return replace(checked, model=model, task=task, modes=modes, plan=plan)


def _plan(
    task: CompiledTask, request: CallRequest, schema: OutputSchema | None
) -> tuple[tuple[Mode, ...], Plan | None]:
    modes = modes_beside(task.modes, parameters_of(task, request))
    if schema is None:
        return modes, None
    if schema is not task.output:
        return modes, plan_request(schema, modes)
    if modes == task.modes:
        return modes, task.plan
    return modes, plan_request(schema, modes, name=task.definition.name)


def _timeout_s(state: ServingState, request: CallRequest, task: CompiledTask | None) -> float:
    own = None if task is None else task.definition.timeout_s
    limits = (state.snapshot.settings.limits.timeout_s, request.timeout_s, own)
    return min(limit for limit in limits if limit)


def _task_input(task: CompiledTask, request: CallRequest) -> dict[str, Any]:
    given = request.input
    if given is None:
        _require_messages(request)
    if given is None or request.messages:  # messages beside an input may be its history
        given = input_from_messages(
            task.definition, request.messages, given, is_valid=task.input.is_valid
        )
    validate_input(task.input, given)
    return given


def _caller_schema(request: CallRequest) -> OutputSchema | None:
    return None if request.output_schema is None else compile_schema(request.output_schema)


def _require_one_answer(request: CallRequest) -> None:
    if request.parameters.get("n", 1) not in (None, 1):
        raise InvalidRequest(
            "n must be 1 where the answer has a schema; send the request n times", param="n"
        )


def _require_no_model(task: CompiledTask, request: CallRequest) -> None:
    """A chain, or rules, answer in their own form; what is for a model to keep cannot be kept.
    Parameters that only tune a model are passed over, as those are that a task has itself."""
    unkept = {
        "response_format": request.output_schema is not None and task.output is None,
        "tools": bool(request.parameters.get("tools")),
    }
    for name in (name for name, asked in unkept.items() if asked):
        raise InvalidRequest(
            f"task {task.definition.name!r} is answered by its steps or rules, and no model is"
            f" asked that could keep {name}; leave it out",
            param=name,
        )


def _require_messages(request: CallRequest) -> None:
    if not request.messages:
        raise InvalidRequest(
            'messages is missing or empty; send [{"role": "user", "content": "…"}]',
            param="messages",
        )
