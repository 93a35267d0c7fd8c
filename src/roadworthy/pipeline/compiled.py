"""One task made ready to serve: template, schemas, steps and plan compiled once, not per call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeAlias

from roadworthy.conformance import OutputSchema, Plan, compile_schema, plan_request
from roadworthy.core import Mode
from roadworthy.core.errors import TaskUnservable
from roadworthy.models import Capabilities, Model, modes_from
from roadworthy.pipeline.chain.plan import ChainPlan, compile_chain
from roadworthy.pipeline.choosing.priors import Priors
from roadworthy.tasks import CompiledPrompt, ConstraintSet, RuleSet, TaskDefinition
from roadworthy.tasks.asked_models import asked_models
from roadworthy.tasks.rules import (
    RuleFunction,
    UnusableFunction,
    load_functions,
    python_references,
)
from roadworthy.tasks.sources import differing_sources

__all__ = [
    "NO_MODEL",
    "Binding",
    "CompiledTask",
    "asking",
    "bind_again",
    "compile_task",
    "modes_of",
    "unbound_model",
    "with_definition",
    "with_model",
]

Binding: TypeAlias = Callable[[str], Model | None]
"""What a logical model's name stands for; None: nothing."""

NO_MODEL: Final = Model(
    name="", provider="", upstream="", capabilities=Capabilities(modes=(), stream=True)
)
"""The model of tasks that ask none themselves: steps or rules answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledTask:
    """One task, ready to serve."""

    definition: TaskDefinition
    prompt: CompiledPrompt
    input: OutputSchema
    output: OutputSchema | None
    plan: Plan | None
    """How its output schema is asked for; None: free text, or no model is asked."""
    model: Model
    modes: tuple[Mode, ...]
    """In which to ask for structure, the first that fits; as the task chose, or all the model's."""
    constraints: ConstraintSet | None = None
    """What must hold of an answer beside its schema; None: nothing."""
    rules: RuleSet | None = None
    """What is decided before a model is asked; None: nothing."""
    models: Mapping[str, Model]
    """All logical models that it or anything within it may ask, by name."""
    chain: ChainPlan | None = None
    steps: Mapping[str, CompiledTask]
    """The tasks that the steps of its chain run, by name."""
    judges: Mapping[str, CompiledTask]
    priors: Priors = field(default_factory=Priors, compare=False)
    """What its model says without content of the fields that are chosen by likelihood."""

    @property
    def has_constraints(self) -> bool:
        """Whether more than its schema must hold of an answer, which only a whole one can show."""
        return self.constraints is not None

    @property
    def has_rivals(self) -> bool:
        """Whether its answer is made of several, or of likelihoods, and not simply asked for."""
        given = self.definition
        return bool(given.votes or given.best_of or given.choose)


def compile_task(definition: TaskDefinition, bind: Binding, *, root: str = "") -> CompiledTask:
    """The task, its steps and its judges, as the models serve them that their names stand for.
    ``root`` is the project's folder, where the Python of its rules is installed.

    Raises:
        TaskUnservable: a model that it may ask is not bound, or Python is not installed.
        ProjectError, InvalidSchema: a template, a constraint, a step or a schema does not compile.
    """
    return _compile(definition, _bound(definition, bind), root)


def bind_again(task: CompiledTask, bind: Binding) -> CompiledTask:
    """The task with what its models' names stand for now; no more is compiled than that changes.

    Raises:
        TaskUnservable: a model that it may ask is not bound any more.
    """
    if all(bind(name) == model for name, model in task.models.items()):
        return task
    return _with_models(task, _bound(task.definition, bind))


def with_model(task: CompiledTask, model: Model) -> CompiledTask:
    """The task as this model serves it in place of every model that it, its steps or its rules
    name. Judges keep theirs: they measure."""
    steps = {name: with_model(step, model) for name, step in task.steps.items()}
    asked = dict.fromkeys(task.models, model)
    for judge in task.judges.values():
        asked |= judge.models
    return replace(asking(task, model), models=asked, steps=steps)


def with_definition(task: CompiledTask, definition: TaskDefinition) -> CompiledTask | None:
    """The task under another description or version; None: it must be compiled anew."""
    known = task.definition
    if definition == known:
        return task
    if not definition.digest or (definition.digest, definition.name) != (known.digest, known.name):
        return None
    tasks = {} if definition.chain is None else definition.chain.tasks
    steps = {name: _redefined(task.steps.get(name), tasks[name]) for name in tasks}
    judges = {n: _redefined(task.judges.get(n), judge) for n, judge in definition.judges.items()}
    if None in steps.values() or None in judges.values():
        return None
    return replace(
        task,
        definition=definition,
        steps={name: step for name, step in steps.items() if step is not None},
        judges={name: judge for name, judge in judges.items() if judge is not None},
    )


def unbound_model(label: str, model: str) -> str:
    """What is said of a version whose model has no meaning in this installation."""
    return (
        f"{label} asks the model {model!r}, which is not bound in this installation;"
        " declare it in models.toml"
    )


def _compile(definition: TaskDefinition, models: Mapping[str, Model], root: str) -> CompiledTask:
    rules = None if not definition.rules else RuleSet(definition, _functions(definition, root))
    output = None if definition.output_schema is None else compile_schema(definition.output_schema)
    model = models[definition.model] if definition.model else NO_MODEL
    modes = modes_of(definition, model)
    chain = definition.chain
    return CompiledTask(
        definition=definition,
        prompt=CompiledPrompt(definition),
        input=compile_schema(definition.input_schema),
        output=output,
        plan=_plan(definition, output, modes),
        model=model,
        modes=modes,
        constraints=_constraints(definition, rules),
        rules=rules,
        models=_own(definition, models),
        chain=None if chain is None else compile_chain(definition),
        steps={
            name: _compile(task, models, root)
            for name, task in (chain.tasks if chain else {}).items()
        },
        judges={name: _compile(task, models, root) for name, task in definition.judges.items()},
    )


def _constraints(definition: TaskDefinition, rules: RuleSet | None) -> ConstraintSet | None:
    if not definition.constraints:
        return None
    return ConstraintSet(definition, None if rules is None else rules.variables)


def _functions(definition: TaskDefinition, root: str) -> dict[str, RuleFunction]:
    """The Python functions of the rules, from what is installed."""
    references = python_references(definition.rules)
    if not references:
        return {}
    # A file of which the version keeps no text is none that it was checked with.
    unknown = {reference.rpartition(":")[0] for reference in references} - definition.sources.keys()
    if not root or unknown or differing_sources(definition, Path(root)):
        raise TaskUnservable(
            f"{definition.name}@{definition.version} computes with Python that is not installed"
            " here as it was checked; install its files"
        )
    try:
        return load_functions(references, Path(root).resolve())
    except UnusableFunction as error:
        raise TaskUnservable(f"{definition.name}@{definition.version}: {error.message}") from error


def _with_models(task: CompiledTask, models: Mapping[str, Model]) -> CompiledTask:
    definition = task.definition
    own = models[definition.model] if definition.model else NO_MODEL
    return replace(
        asking(task, own),
        models=_own(definition, models),
        steps={name: _with_models(step, models) for name, step in task.steps.items()},
        judges={name: _with_models(judge, models) for name, judge in task.judges.items()},
    )


def asking(task: CompiledTask, model: Model) -> CompiledTask:
    """The task with this model in place of its own, if it has one; what else it names stays."""
    definition = task.definition
    if not definition.model or model == task.model:
        return task
    modes = modes_of(definition, model)
    return replace(task, model=model, modes=modes, plan=_plan(definition, task.output, modes))


def _redefined(task: CompiledTask | None, definition: TaskDefinition) -> CompiledTask | None:
    return None if task is None else with_definition(task, definition)


def _bound(definition: TaskDefinition, bind: Binding) -> dict[str, Model]:
    models: dict[str, Model] = {}
    for name in asked_models(definition):
        model = bind(name)
        if model is None:
            label = f"{definition.name}@{definition.version}"
            raise TaskUnservable(unbound_model(label, name))
        models[name] = model
    return models


def _own(definition: TaskDefinition, models: Mapping[str, Model]) -> dict[str, Model]:
    return {name: models[name] for name in asked_models(definition)}


def _plan(
    definition: TaskDefinition, output: OutputSchema | None, modes: tuple[Mode, ...]
) -> Plan | None:
    if output is None or not definition.model:
        return None
    return plan_request(output, modes, name=definition.name)


def modes_of(definition: TaskDefinition, model: Model) -> tuple[Mode, ...]:
    """In which modes the task asks this model, the first that fits.

    As the task chose, as far as this model can: a version may outlive the model that it was
    written for."""
    can = model.capabilities.modes
    chosen = tuple(mode for mode in modes_from(can, definition.mode) if mode in (*can, "none"))
    return chosen or can
