"""A chain held against the tasks of its steps: conditions, order, types, what may be absent.

Called once the tasks that its steps run have been read. Everything that can be known before a
call is a fault here; what depends on values is an error of the step that meets it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from roadworthy.core.documents import Fault, did_you_mean
from roadworthy.expressions import ExpressionError, Scope, check_expression
from roadworthy.tasks.chain.absence import default_stands, why_skipped
from roadworthy.tasks.chain.draft import WHOLE, Draft, DraftStep, fallback_of
from roadworthy.tasks.chain.fitting import kinds_in_words, misfits
from roadworthy.tasks.chain.order import in_order
from roadworthy.tasks.chain.paths import Path, variable_of
from roadworthy.tasks.chain.shapes import FREE_TEXT, Shape, list_of, shape_of
from roadworthy.tasks.chain.wired import Wired, follow
from roadworthy.tasks.definition import TaskDefinition
from roadworthy.tasks.examples import breaches
from roadworthy.tasks.schemas import validator_of

__all__ = ["Typed", "check_steps", "output_shape"]


@dataclass
class Typed:
    """What is known of a chain's steps."""

    sources: dict[str, Shape] = field(default_factory=dict)
    """What paths may begin with: ``input`` and the steps whose tasks are sound."""
    absent: dict[str, str] = field(default_factory=dict)
    """Steps that may come to have no output, and why."""
    ordered: bool = True
    """Whether the steps can be put in order."""


def check_steps(
    draft: Draft, input_: Shape, tasks: Mapping[str, TaskDefinition], names: Collection[str]
) -> Typed:
    """What is known of the steps; faults are added to the draft.

    ``tasks`` are those that were read without a fault; ``names`` those of all.
    """
    checking = _Checking(draft, input_, tasks)
    for step in draft.steps.values():
        checking.tasks_exist(step, names)
    for step in draft.steps.values():
        checking.condition(step)
    ordered = in_order({step.name: step.needs for step in draft.steps.values()})
    if ordered.cycle:
        first = draft.steps[ordered.cycle[0]]
        around = " → ".join(ordered.cycle)
        draft.add(first, f"steps wait for each other: {around}")
        checking.typed.ordered = False
    for name in ordered.names:
        checking.step(draft.steps[name])
    return checking.typed


def output_shape(definition: TaskDefinition, *, each: bool = False) -> Shape:
    """What a step gives that runs this task, once or for each item of a list."""
    schema = FREE_TEXT if definition.output_schema is None else definition.output_schema
    one = shape_of(schema)
    return shape_of(list_of(one)) if each else one


class _Checking:
    def __init__(self, draft: Draft, input_: Shape, tasks: Mapping[str, TaskDefinition]) -> None:
        self.draft = draft
        self.tasks = tasks
        self.typed = Typed()
        self.typed.sources["input"] = input_
        for step in draft.steps.values():
            task = tasks.get(step.table.task)
            if task is not None:
                self.typed.sources[step.name] = output_shape(task, each=step.each)

    def tasks_exist(self, step: DraftStep, names: Collection[str]) -> None:
        for key, name in (("task", step.table.task), ("on_error", fallback_of(step.table))):
            if name and name not in names:
                hint = did_you_mean(name, names)
                self.draft.add(step, f'there is no task "{name}"{hint}', key)

    def condition(self, step: DraftStep) -> None:
        """``when``: what is wrong with it, and the steps that it reads."""
        source = step.table.when
        if source is None:
            return
        roots = {"input": "input"} | {variable_of(name): name for name in self.draft.steps}
        schemas = {name: self._schema(root) for name, root in roots.items()}
        if step.each:
            schemas["item"] = self._item(step).standalone()
        faults = check_expression(source, schemas)
        for fault in faults:
            self.draft.add(step, fault.message, "when")
        if faults:
            return
        try:
            reads = Scope(schemas).compile(source).reads
        except ExpressionError:  # told above
            return
        read = dict.fromkeys(str(place[0]) for place in reads)
        step.reads_item = "item" in read
        step.needs |= dict.fromkeys(roots[name] for name in read if name in roots)
        step.needs.pop("input", None)

    def step(self, step: DraftStep) -> None:
        """One step, after those that it needs."""
        task = self.tasks.get(step.table.task)
        if task is None:
            return
        sources = dict(self.typed.sources)
        self._each(step)
        if step.each:
            sources["item"] = self._item(step)
        taken = shape_of(task.input_schema)
        if step.from_input:
            here = self.typed.sources["input"].type.fields
            step.wires |= {
                name: Path("input", (name,)) for name in taken.type.fields if name in here
            }
        self._wires(step, taken, sources)
        self._constants(step, taken)
        self._complete(step, taken)
        if step.has_default:
            of_items = step.each and not step.default_is_of_items
            self._valid(step, step.table.default, output_shape(task, each=of_items), "default")
        self._fallback(step, output_shape(task), sources)
        self._absence(step, taken)

    def _schema(self, root: str) -> dict[str, Any]:
        shape = self.typed.sources.get(root)
        return {} if shape is None else shape.standalone()

    def _item(self, step: DraftStep) -> Shape:
        """What ``item`` stands for."""
        if step.over is None or step.over.source not in self.typed.sources:
            return shape_of({})
        found = follow(step.over, self.typed.sources)
        return shape_of({}) if found.fault else found.shape.item()

    def _each(self, step: DraftStep) -> None:
        if step.over is None or step.over.source not in self.typed.sources:
            return
        found = follow(step.over, self.typed.sources)
        kinds = found.shape.type.kinds
        if found.fault:
            self.draft.add(step, found.fault, "for_each")
        elif not found.shape.says_nothing and kinds != {"list"}:
            message = f"{step.over} is {kinds_in_words(kinds)}, and a list is walked"
            self.draft.add(step, message, "for_each")
        elif not found.certain:
            message = (
                f"{step.over} may be left out; require it in the schema, an empty list will do"
            )
            self.draft.add(step, message, "for_each")

    def _wires(self, step: DraftStep, taken: Shape, sources: Mapping[str, Shape]) -> None:
        for name, path in step.wires.items():
            if path.source not in sources:
                continue  # its task has faults, which are told
            found = follow(path, sources)
            for message in self._misfits(step, name, found, taken):
                keys = () if step.from_input else ("input", name) if name else ("input",)
                where = f"input.{name}: " if step.from_input else ""
                self.draft.add(step, where + message, *keys)

    def _misfits(self, step: DraftStep, name: str, found: Wired, taken: Shape) -> Iterator[str]:
        task, path = step.table.task, step.wires[name]
        if found.fault:
            yield found.fault
            return
        want = taken
        if name != WHOLE:
            target = taken.field(name)
            if target is None or taken.type.field(name) is None:
                yield f'"{task}" takes no "{name}"{did_you_mean(name, taken.type.fields)}'
                return
            if target.required and not found.certain:
                yield (
                    f'{path} may be left out, and "{task}" requires it; require it where it comes'
                    f" from, or declare it optional in {task}"
                )
            want = target.shape
        elif not found.certain:
            yield f'{path} may be left out, and is the whole input of "{task}"'
        yield from (f"{what} by {task}" for what in misfits(found.shape, want, name=str(path)))

    def _constants(self, step: DraftStep, taken: Shape) -> None:
        for name, value in step.constants.items():
            target = taken.field(name)
            if target is None or taken.type.field(name) is None:
                hint = did_you_mean(name, taken.type.fields)
                message = f'"{step.table.task}" takes no "{name}"{hint}'
                self.draft.add(step, message, "input", name)
            else:
                self._valid(step, value, target.shape, "input", name)

    def _complete(self, step: DraftStep, taken: Shape) -> None:
        """Every field that the task requires is wired."""
        if WHOLE in step.wires or isinstance(step.table.input, str):
            return
        given = step.table.input if isinstance(step.table.input, dict) else {}
        for name in taken.type.fields:
            target = taken.field(name)
            if target is None or not target.required:
                continue
            if name not in step.wires and name not in step.constants and name not in given:
                key = () if step.from_input else ("input",)
                message = f'"{step.table.task}" requires "{name}"; wire it: input.{name} = "…"'
                self.draft.add(step, message, *key)

    def _valid(self, step: DraftStep, value: Any, shape: Shape, *path: str) -> None:
        validator = validator_of(shape.standalone())
        for found in breaches(validator, value, "value", Fault("", 0, "")):
            self.draft.add(step, found.message, *path)

    def _fallback(self, step: DraftStep, output: Shape, sources: Mapping[str, Shape]) -> None:
        """Another task that answers: it takes the same input, and gives what the step gives."""
        name = fallback_of(step.table)
        task = self.tasks.get(name)
        if task is None:
            return
        taken = shape_of(task.input_schema)
        other = msgspec.structs.replace(step.table, task=name)
        stand_in = DraftStep(index=step.index, name=step.name, table=other, wires=step.wires)
        for field_name, path in step.wires.items():
            if path.source in sources:
                found = follow(path, sources)
                for message in (
                    () if found.fault else self._misfits(stand_in, field_name, found, taken)
                ):
                    self.draft.add(step, message, "on_error")
        for field_name in step.constants:
            if taken.type.field(field_name) is None:
                self.draft.add(step, f'"{name}" takes no "{field_name}"', "on_error")
        for field_name in taken.type.fields:
            target = taken.field(field_name)
            wired = WHOLE in step.wires or field_name in {*step.wires, *step.constants}
            if target is not None and target.required and not wired:
                message = f'"{name}" requires "{field_name}", which the step is not given'
                self.draft.add(step, message, "on_error")
        gives = misfits(output_shape(task), output, name=f'the answer of "{name}"')
        for message in gives:
            self.draft.add(step, f"{message} from {step.table.task}", "on_error")

    def _absence(self, step: DraftStep, taken: Shape) -> None:
        """Whether the step may come to have no output, and whether its default is of any use."""
        required = [
            n for n in taken.type.fields if (f := taken.field(n)) is not None and f.required
        ]
        definition, absent = step.definition(), self.typed.absent
        why = why_skipped(definition, required=required, absent=absent, asks_item=step.reads_item)
        if why and not default_stands(definition):
            absent[step.name] = why
        elif not why and step.has_default and step.table.on_error != "default":
            self.draft.add(step, "is never used: the step is never skipped", "default")
