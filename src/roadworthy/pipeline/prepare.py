"""From a request to what a model will be asked: the stages check and render. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from roadworthy.conformance import (
    Constraints,
    OutputSchema,
    Plan,
    Terms,
    compile_schema,
    modes_beside,
    plan_request,
    validate_input,
)
from roadworthy.core import Message, Mode
from roadworthy.core.errors import InvalidRequest
from roadworthy.models import Model, Structured
from roadworthy.pipeline.compiled import CompiledTask
from roadworthy.pipeline.recorder import Recorder
from roadworthy.pipeline.request import CallRequest
from roadworthy.pipeline.resolve import Target
from roadworthy.pipeline.state import ServingState
from roadworthy.tasks import StreamMode, input_from_messages

__all__ = ["Prepared", "prepare"]

DEFAULT_MAX_REASKS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Everything decided before a model is asked."""

    model: Model
    messages: list[Message]
    asked: list[Message]
    """`messages` without the words in which the plan asks for structure."""
    parameters: dict[str, Any]
    schema: OutputSchema | None
    modes: tuple[Mode, ...]
    """In which to ask for structure, here and where fields are asked again."""
    structured: Structured | None
    terms: Terms
    deadline_us: int
    """On `Clock.elapsed_us`."""
    stream: StreamMode
    """How the answer is sent on to a caller who asked for a stream."""


def prepare(
    state: ServingState, request: CallRequest, recorder: Recorder, target: Target
) -> Prepared:
    """Decide what to ask the target's model, and write the input into the call.

    Raises:
        InvalidRequest: the request is at fault; no model needs to be asked.
    """
    call = recorder.call
    if target.task is None:
        with recorder.stage("check"):
            _require_messages(request.messages)
            schema = _caller_schema(request)
            modes = modes_beside(target.model.capabilities.modes, request.parameters)
            plan = None if schema is None else plan_request(schema, modes)
        body = _Body(target.model, request.messages, schema, plan, modes)
        return _prepared(state, request, recorder, body)
    task = target.task
    with recorder.stage("check"):
        call.input = _task_input(task, request)
        schema, plan = task.output, task.plan
        modes = modes_beside(task.modes, _parameters(task, request))
        if schema is None:
            schema = _caller_schema(request)
            plan = None if schema is None else plan_request(schema, modes)
        elif modes != task.modes:
            plan = plan_request(schema, modes, name=task.definition.name)
    with recorder.stage("render"):
        messages = task.prompt.render(call.input)
    body = _Body(task.model, messages, schema, plan, modes, task)
    return _prepared(state, request, recorder, body)


@dataclass(frozen=True, slots=True)
class _Body:
    model: Model
    messages: list[Message]
    schema: OutputSchema | None
    plan: Plan | None
    modes: tuple[Mode, ...]
    task: CompiledTask | None = None


def _prepared(
    state: ServingState, request: CallRequest, recorder: Recorder, body: _Body
) -> Prepared:
    definition = None if body.task is None else body.task.definition
    call = recorder.call
    messages = body.messages
    if body.plan is not None:
        if body.plan.instruction is not None:
            messages = with_instruction(messages, body.plan.instruction)
        call.mode = body.plan.mode
    if body.schema is not None:
        _require_one_answer(request.parameters)
        call.schema_digest = body.schema.digest
        recorder.schema = body.schema
    call.messages = messages
    limits = [state.snapshot.settings.limits.timeout_s]
    limits += [t for t in (request.timeout_s, definition and definition.timeout_s) if t]
    return Prepared(
        model=body.model,
        messages=messages,
        asked=body.messages,
        parameters=_parameters(body.task, request),
        schema=body.schema,
        modes=body.modes,
        structured=body.plan.structured if body.plan else None,
        terms=Terms(
            repair=definition.repair if definition else "schema",
            max_reasks=definition.max_reasks if definition else DEFAULT_MAX_REASKS,
            form=body.plan.form if body.plan else "plain",
            constraints=_constraints(body.task, call.input),
        ),
        deadline_us=recorder.began_us + round(min(limits) * 1e6),
        stream=_stream_mode(body),
    )


def _stream_mode(body: _Body) -> StreamMode:
    """What the task says, as far as its answer can be sent so."""
    declared = None if body.task is None else body.task.definition.stream
    if declared == "buffered" or not body.model.capabilities.stream:
        return "buffered"
    if body.schema is None:
        return "raw"
    if body.task is not None and body.task.has_constraints:
        return "buffered"  # only a whole answer can show whether it keeps them
    own = body.task is not None and body.task.output is not None
    # A mode may have a form of its own of the schema: then what the model writes is not the answer.
    as_it_comes = own and declared == "raw" and body.plan is not None and body.plan.form == "plain"
    return "raw" if as_it_comes else "fields"


def with_instruction(messages: list[Message], instruction: str) -> list[Message]:
    """The messages with a system text that says what form the answer must have.

    It joins a leading system message, because several models' chat templates allow only one.
    """
    first = messages[0] if messages else {}
    if first.get("role") == "system" and isinstance(first.get("content"), str):
        joined = {**first, "content": f"{first['content']}\n\n{instruction}"}
        return [joined, *messages[1:]]
    return [{"role": "system", "content": instruction}, *messages]


def _task_input(task: CompiledTask, request: CallRequest) -> dict[str, Any]:
    given = request.input
    if given is None:
        _require_messages(request.messages)
    if given is None or request.messages:  # messages beside an input may be its history
        given = input_from_messages(
            task.definition, request.messages, given, is_valid=task.input.is_valid
        )
    validate_input(task.input, given)
    return given


def _constraints(task: CompiledTask | None, input_: dict[str, Any] | None) -> Constraints | None:
    if task is None or task.constraints is None:
        return None
    return partial(task.constraints.violations, input_ or {})


def _caller_schema(request: CallRequest) -> OutputSchema | None:
    return None if request.output_schema is None else compile_schema(request.output_schema)


def _parameters(task: CompiledTask | None, request: CallRequest) -> dict[str, Any]:
    """A task's own parameters are part of its version; a caller may only add to them."""
    return request.parameters | task.definition.parameters if task else request.parameters


def _require_one_answer(parameters: dict[str, Any]) -> None:
    if parameters.get("n", 1) not in (None, 1):
        raise InvalidRequest(
            "n must be 1 where the answer has a schema; send the request n times", param="n"
        )


def _require_messages(messages: list[Message]) -> None:
    if not messages:
        raise InvalidRequest(
            'messages is missing or empty; send [{"role": "user", "content": "…"}]',
            param="messages",
        )
