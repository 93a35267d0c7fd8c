"""One task made ready to serve: template, schemas and plan compiled once, not per call."""

from __future__ import annotations

from dataclasses import dataclass, replace

from roadworthy.conformance import OutputSchema, Plan, compile_schema, plan_request
from roadworthy.core import Mode
from roadworthy.models import Model, modes_from
from roadworthy.tasks import CompiledPrompt, ConstraintSet, TaskDefinition

__all__ = ["CompiledTask", "compile_task", "with_definition", "with_model"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledTask:
    """One task, ready to serve."""

    definition: TaskDefinition
    prompt: CompiledPrompt
    input: OutputSchema
    output: OutputSchema | None
    plan: Plan | None
    """How its output schema is asked for; None: free text."""
    model: Model
    modes: tuple[Mode, ...]
    """In which to ask for structure, the first that fits; as the task chose, or all the model's."""
    constraints: ConstraintSet | None = None
    """What must hold of an answer beside its schema; None: nothing."""

    @property
    def has_constraints(self) -> bool:
        """Whether more than its schema must hold of an answer, which only a whole one can show."""
        return self.constraints is not None


def compile_task(definition: TaskDefinition, model: Model) -> CompiledTask:
    """The task as this model serves it.

    Raises:
        ProjectError, InvalidSchema: a template, a constraint or a schema does not compile.
    """
    output = None if definition.output_schema is None else compile_schema(definition.output_schema)
    modes = _modes(definition, model)
    return CompiledTask(
        definition=definition,
        prompt=CompiledPrompt(definition),
        input=compile_schema(definition.input_schema),
        output=output,
        plan=None if output is None else plan_request(output, modes, name=definition.name),
        model=model,
        modes=modes,
        constraints=ConstraintSet(definition) if definition.constraints else None,
    )


def with_model(task: CompiledTask, model: Model) -> CompiledTask:
    """The task as this model serves it; no more is compiled than that changes."""
    if model is task.model or model == task.model:
        return task
    modes, output = _modes(task.definition, model), task.output
    plan = None if output is None else plan_request(output, modes, name=task.definition.name)
    return replace(task, model=model, modes=modes, plan=plan)


def with_definition(task: CompiledTask, definition: TaskDefinition) -> CompiledTask | None:
    """The task under another description or version; None: it must be compiled anew."""
    known = task.definition
    if definition == known:
        return task
    if definition.digest and (definition.digest, definition.name) == (known.digest, known.name):
        return replace(task, definition=definition)
    return None


def _modes(definition: TaskDefinition, model: Model) -> tuple[Mode, ...]:
    """As the task chose, as far as this model can: a version may outlive the model that it was
    written for."""
    can = model.capabilities.modes
    chosen = tuple(mode for mode in modes_from(can, definition.mode) if mode in (*can, "none"))
    return chosen or can
