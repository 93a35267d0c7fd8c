"""A chain's steps, ready to run: paths read, conditions compiled, who waits for whom. Pure.

Knows the steps' definitions and not their tasks, which stand compiled beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final

from roadworthy.core.errors import ProjectError
from roadworthy.expressions import EvaluationError, Expression, ExpressionError, Scope
from roadworthy.pipeline.chain.wires import Wiring, wiring_of
from roadworthy.tasks import TaskDefinition
from roadworthy.tasks.chain.checking import output_shape
from roadworthy.tasks.chain.paths import ABSENT, Path, parse_path, variable_of
from roadworthy.tasks.chain.shapes import Shape, shape_of
from roadworthy.tasks.chain.wired import follow
from roadworthy.tasks.definition import ChainDefinition, StepDefinition

__all__ = ["ChainPlan", "Condition", "StepPlan", "compile_chain"]

_ITEM: Final = "item"


@dataclass(frozen=True, slots=True)
class Condition:
    """A step's ``when``."""

    scope: Scope
    expression: Expression
    reads: Mapping[str, str]
    """What it reads, by the name that stands for it in CEL: ``input``, ``item``, steps."""

    @property
    def reads_item(self) -> bool:
        return _ITEM in self.reads

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether it comes out true. What it reads of a step that gave nothing, or of a field that
        is not there, does not."""
        if any(root not in values for root in self.reads.values()):
            return False
        bound = {name: values[root] for name, root in self.reads.items()}
        try:
            return self.expression.holds(self.scope.bind(bound))
        except EvaluationError:
            return False


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPlan:
    """One step, ready to run."""

    definition: StepDefinition
    wiring: Wiring
    required: frozenset[str]
    """Input fields that its task cannot do without."""
    when: Condition | None
    over: Path | None
    """The list of its ``for_each``."""
    followers: tuple[str, ...]
    """Steps that wait for it."""

    @property
    def default(self) -> Any:
        """What stands for all that a skipped step would give; ABSENT: nothing. A ``default`` on
        error in a step with ``for_each`` stands for what one item gives."""
        of_items = self.over is not None and self.definition.on_error == "default"
        return ABSENT if of_items else self.definition.default


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainPlan:
    """All steps of one chain."""

    steps: Mapping[str, StepPlan]
    """By name, as they were written."""
    output: Wiring


def compile_chain(task: TaskDefinition) -> ChainPlan:
    """The chain of a task that has one.

    Raises:
        ProjectError: a condition does not fit the steps before it, or steps wait for each other.
    """
    chain = task.chain
    assert chain is not None
    names = [step.name for step in chain.steps]
    _require_order(task.name, chain)
    followers: dict[str, list[str]] = {name: [] for name in names}
    for step in chain.steps:
        for needed in step.needs:
            followers[needed].append(step.name)
    return ChainPlan(
        steps={
            step.name: StepPlan(
                definition=step,
                wiring=wiring_of(step.wires, step.constants),
                required=_required(chain.tasks[step.task], step),
                when=_condition(task, step),
                over=None if step.for_each is None else parse_path(step.for_each),
                followers=tuple(followers[step.name]),
            )
            for step in chain.steps
        },
        output=wiring_of(chain.output),
    )


def _require_order(task: str, chain: ChainDefinition) -> None:
    names = {step.name for step in chain.steps}
    unknown = {need for step in chain.steps for need in step.needs} - names
    if unknown:
        raise ProjectError([f"task {task!r}: a step needs {min(unknown)!r}, which is no step"])
    try:
        TopologicalSorter({step.name: step.needs for step in chain.steps}).prepare()
    except CycleError as error:
        around = " → ".join(error.args[1])
        raise ProjectError([f"task {task!r}: its steps wait for each other: {around}"]) from error


def _required(task: TaskDefinition, step: StepDefinition) -> frozenset[str]:
    taken = shape_of(task.input_schema)
    fields = {name: taken.field(name) for name in step.wires if name}
    return frozenset(name for name, field in fields.items() if field and field.required)


def _condition(task: TaskDefinition, step: StepDefinition) -> Condition | None:
    if step.when is None:
        return None
    shapes = _shapes(task)
    roots = {"input": "input"} | {variable_of(name): name for name in step.needs}
    schemas = {name: shapes[root].standalone() for name, root in roots.items()}
    if step.for_each is not None:
        roots[_ITEM] = _ITEM
        schemas[_ITEM] = follow(parse_path(step.for_each), shapes).shape.item().standalone()
    scope = Scope(schemas)
    try:
        expression = scope.compile(step.when)
    except ExpressionError as error:
        raise ProjectError(
            [f"task {task.name!r}: when of step {step.name!r} does not fit: {error}"]
        ) from error
    read = {str(place[0]) for place in expression.reads}
    return Condition(scope, expression, {name: roots[name] for name in roots if name in read})


def _shapes(task: TaskDefinition) -> dict[str, Shape]:
    """What stands under the names of the chain's input and its steps."""
    assert task.chain is not None
    return {"input": shape_of(task.input_schema)} | {
        step.name: output_shape(task.chain.tasks[step.task], each=step.for_each is not None)
        for step in task.chain.steps
    }
