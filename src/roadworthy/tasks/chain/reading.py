"""A chain out of `task.toml`: its steps, its output, and everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from roadworthy.core.documents import Document, Fault
from roadworthy.tasks.chain.checking import Typed, check_steps
from roadworthy.tasks.chain.draft import WHOLE, Draft, asked_tasks
from roadworthy.tasks.chain.fitting import misfits
from roadworthy.tasks.chain.paths import Path, PathError
from roadworthy.tasks.chain.shapes import FREE_TEXT, object_of, shape_of
from roadworthy.tasks.chain.step_table import StepTable
from roadworthy.tasks.chain.wired import Wired, follow
from roadworthy.tasks.definition import ChainDefinition, TaskDefinition
from roadworthy.tasks.schemas import FrozenSchema

__all__ = ["ChainSources", "ReadChain", "read_chain"]


@dataclass(frozen=True, kw_only=True)
class ChainSources:
    """What a chain is held against."""

    input_schema: dict[str, Any]
    tasks: Mapping[str, TaskDefinition]
    """Those that were read without a fault."""
    names: Collection[str]
    """Those of all tasks."""
    stated: FrozenSchema
    """The output schema of a file of its own, if there is one."""


@dataclass
class ReadChain:
    """What the files say of a chain."""

    chain: ChainDefinition | None = None
    """None: there are faults, here or in the tasks of its steps."""
    output_schema: dict[str, Any] | None = None
    """None: it answers free text, or is not known."""
    knows_output: bool = False
    faults: list[Fault] = field(default_factory=list)


def read_chain(
    tables: list[StepTable], output: Any, document: Document[Any], *, sources: ChainSources
) -> ReadChain:
    """The chain of these steps. ``output`` is what `task.toml` says of it: wires, or nothing."""
    draft = Draft(tables, document, sources.names)
    typed = check_steps(draft, shape_of(sources.input_schema), sources.tasks, sources.names)
    wires = _Output(draft, typed, sources)
    wires.read(output)
    read = ReadChain(faults=draft.faults)
    if wires.is_known:
        read.output_schema, read.knows_output = wires.schema(), True
    named = asked_tasks(tables)
    if not draft.faults and all(name in sources.tasks for name in named):
        read.chain = ChainDefinition(
            steps=tuple(step.definition() for step in draft.steps.values()),
            output={name: str(path) for name, path in wires.paths.items()},
            tasks={name: sources.tasks[name] for name in named},
        )
    return read


class _Output:
    """The wires of ``[output]``, and the schema that follows from them."""

    def __init__(self, draft: Draft, typed: Typed, sources: ChainSources) -> None:
        self.draft = draft
        self.typed = typed
        self.stated = sources.stated
        self.tasks = sources.tasks
        self.paths: dict[str, Path] = {}
        self.found: dict[str, Wired] = {}

    @property
    def is_known(self) -> bool:
        """Whether the type of all that is wired is."""
        return bool(self.paths) and self.paths.keys() == self.found.keys()

    def read(self, given: Any) -> None:
        if given is None:
            last = next(reversed(self.draft.steps), None)
            if last is not None:
                self.paths[WHOLE] = Path(last)
        elif isinstance(given, str):
            self._wire(WHOLE, given)
        else:
            for name, text in given.items():
                self._wire(name, text)
            if not given:
                self.add("is empty; wire fields, or leave it out for the last step's output")
        for name, path in self.paths.items():
            self._follow(name, path)
        if self.is_known:
            self._state()

    def add(self, message: str, *path: str) -> None:
        where = ".".join(("output", *path))
        self.draft.faults.append(self.draft.document.fault(f"{where}: {message}", "output", *path))

    def schema(self) -> dict[str, Any] | None:
        """What the chain promises; None: free text."""
        return self.stated.schema or self._derived()

    def _derived(self) -> dict[str, Any] | None:
        whole = self.found.get(WHOLE)
        if whole is None:
            required = [name for name in self.found if self._is_certain(name)]
            shapes = {name: found.shape for name, found in self.found.items()}
            return object_of(shapes, required)
        return None if self._is_text() else whole.shape.standalone()

    def _wire(self, name: str, text: Any) -> None:
        keys = (name,) if name else ()
        if not isinstance(text, str):
            message = (
                "is no path in quotes. The schema follows from what is wired;"
                " output.schema.json can state a wider one"
            )
            self.add(message, *keys)
            return
        try:
            self.paths[name] = self.draft.path(text)
        except PathError as error:
            self.add(str(error), *keys)

    def _follow(self, name: str, path: Path) -> None:
        if path.source not in self.typed.sources:
            return  # its task has faults, which are told
        found = follow(path, self.typed.sources)
        keys = (name,) if name else ()
        if found.fault:
            self.add(found.fault, *keys)
            return
        self.found[name] = found
        why = self.typed.absent.get(path.source)
        if name == WHOLE and why:
            self.add(
                f'"{path.source}" may have no output: {why}. Give the step a default, or wire'
                " fields, which may then be left out"
            )
        elif name == WHOLE and not found.certain:
            self.add(f"{path} may be left out; require it where it comes from, or wire fields")

    def _is_certain(self, name: str) -> bool:
        return self.found[name].certain and self.paths[name].source not in self.typed.absent

    def _is_text(self) -> bool:
        """Whether the whole is what a step without a schema answers."""
        path = self.paths[WHOLE]
        step = self.draft.steps.get(path.source)
        if step is None or step.each or path.parts:
            return False
        return self.tasks[step.table.task].output_schema is None

    def _state(self) -> None:
        """A stated schema accepts whatever can come."""
        if self.stated.schema is None:
            return
        derived = shape_of(self._derived() or FREE_TEXT)
        for message in misfits(derived, shape_of(self.stated.schema), name="output"):
            fault = Fault(self.stated.file, 1, f"{message} by this schema")
            self.draft.faults.append(fault)
