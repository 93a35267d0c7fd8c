"""A snapshot made ready to serve: templates, schemas and plans compiled once, not per call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from roadworthy.conformance import OutputSchema, Plan, compile_schema, plan_request
from roadworthy.core import Mode
from roadworthy.core.errors import ProjectError
from roadworthy.models import Model, implicit_model, modes_from
from roadworthy.tasks import CompiledPrompt, ConstraintSet, Snapshot, TaskDefinition

__all__ = ["CompiledTask", "ServingState", "compile_state", "with_model"]

MAX_IMPLICIT_MODELS = 1_000


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingState:
    """Everything a gateway serves from. Immutable; swapped whole."""

    snapshot: Snapshot
    tasks: Mapping[str, CompiledTask]
    environ: Mapping[str, str]
    _implicit: dict[str, Model | None] = field(default_factory=dict)

    def model(self, name: str) -> Model | None:
        """A model of the project, else one that needs no file (``local``, ``openai/NAME``)."""
        declared = self.snapshot.models.get(name)
        if declared is not None:
            return declared
        if name not in self._implicit:
            if len(self._implicit) >= MAX_IMPLICIT_MODELS:  # callers choose these names
                self._implicit.clear()
            self._implicit[name] = implicit_model(name, self.environ)
        return self._implicit[name]

    def unpriced(self) -> list[str]:
        """Models that callers named and no file declares, whose cost is unknown so far."""
        return [name for name, model in self._implicit.items() if model and model.price is None]


def compile_state(snapshot: Snapshot, environ: Mapping[str, str]) -> ServingState:
    """Raises ProjectError where a task of the snapshot cannot be served."""
    return ServingState(
        snapshot=snapshot,
        tasks={name: _compile_task(task, snapshot) for name, task in snapshot.tasks.items()},
        environ=environ,
    )


def with_model(task: CompiledTask, model: Model) -> CompiledTask:
    """The task as this model serves it."""
    modes, output = _modes(model, task.definition), task.output
    plan = None if output is None else plan_request(output, modes, name=task.definition.name)
    return replace(task, model=model, modes=modes, plan=plan)


def _compile_task(task: TaskDefinition, snapshot: Snapshot) -> CompiledTask:
    model = snapshot.models.get(task.model)
    if model is None:
        raise ProjectError(
            [
                f"task {task.name} {task.version} names the model {task.model!r}, which is not"
                " bound; declare it in models.toml"
            ]
        )
    output = None if task.output_schema is None else compile_schema(task.output_schema)
    modes = _modes(model, task)
    return CompiledTask(
        definition=task,
        prompt=CompiledPrompt(task),
        input=compile_schema(task.input_schema),
        output=output,
        plan=None if output is None else plan_request(output, modes, name=task.name),
        model=model,
        modes=modes,
        constraints=ConstraintSet(task) if task.constraints else None,
    )


def _modes(model: Model, task: TaskDefinition) -> tuple[Mode, ...]:
    """As the task chose, as far as this model can: a version may outlive the model that it was
    written for."""
    can = model.capabilities.modes
    chosen = tuple(mode for mode in modes_from(can, task.mode) if mode in (*can, "none"))
    return chosen or can
