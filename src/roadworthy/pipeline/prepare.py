"""The stage render: from what was decided to what a model will be asked. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from roadworthy.conformance import Constraints, OutputSchema, Terms, plan_request
from roadworthy.core import Message, Mode
from roadworthy.models import Model, Structured
from roadworthy.pipeline.checked import Checked, parameters_of
from roadworthy.pipeline.compiled import CompiledTask
from roadworthy.pipeline.decided import Decided
from roadworthy.pipeline.filling import asked_schema
from roadworthy.pipeline.recorder import Recorder
from roadworthy.tasks import StreamMode

__all__ = ["Prepared", "prepare"]

DEFAULT_MAX_REASKS = 2


@dataclass(slots=True, kw_only=True)
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
    task: CompiledTask | None = None
    """What is served; None: a plain model."""


def prepare(decided: Decided, recorder: Recorder) -> Prepared:
    """What to ask the model, as it is written into the call.

    Raises:
        InvalidInput: a template cannot be rendered with this input; no model needs to be asked.
    """
    checked, call = decided.checked, recorder.call
    task, plan, schema = checked.task, checked.plan, checked.schema
    if task is None:
        messages = asked = checked.request.messages
    else:
        with recorder.stage("render"):
            messages = asked = task.prompt.render(call.input or {}, decided.variables)
            if decided.filled and schema is not None:
                schema = asked_schema(schema, decided.filled)
                plan = plan_request(schema, checked.modes, name=task.definition.name)
    if plan is not None:
        if plan.instruction is not None:
            messages = with_instruction(messages, plan.instruction)
        call.mode = plan.mode
    if checked.schema is not None:
        call.schema_digest = checked.schema.digest
        recorder.schema = checked.schema
    call.messages = messages
    definition = None if task is None else task.definition
    return Prepared(
        model=checked.model,
        messages=messages,
        asked=asked,
        parameters=parameters_of(task, checked.request),
        schema=schema,
        modes=checked.modes,
        structured=plan.structured if plan else None,
        terms=Terms(
            repair=definition.repair if definition else "schema",
            max_reasks=definition.max_reasks if definition else DEFAULT_MAX_REASKS,
            form=plan.form if plan else "plain",
            constraints=_constraints(decided, call.input),
        ),
        deadline_us=checked.deadline_us,
        stream="buffered" if decided.filled else _stream_mode(checked),
        task=task,
    )


def _stream_mode(checked: Checked) -> StreamMode:
    """What the task says, as far as its answer can be sent so."""
    task, plan = checked.task, checked.plan
    declared = None if task is None else task.definition.stream
    if declared == "buffered" or not checked.model.capabilities.stream:
        return "buffered"
    if checked.schema is None:
        return "raw"
    if task is not None and (task.has_constraints or task.has_rivals):
        return "buffered"  # only whole answers can show whether they keep them, or which it is
    own = task is not None and task.output is not None
    # A mode may have a form of its own of the schema: then what the model writes is not the answer.
    as_it_comes = own and declared == "raw" and plan is not None and plan.form == "plain"
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


def _constraints(decided: Decided, input_: dict[str, Any] | None) -> Constraints | None:
    task, filled = decided.checked.task, decided.filled
    if task is None or task.constraints is None:
        return None
    violations = partial(task.constraints.violations, input_ or {})
    if not filled:
        return partial(violations, variables=decided.variables)
    return lambda output: violations({**output, **filled}, decided.variables, filled=filled.keys())
