"""Steps on their way from tables to definitions: names, tasks, paths, and who waits for whom.

What their values may be is looked at afterwards, in `roadworthy.tasks.chain.checking`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from roadworthy.core.documents import Document, Fault, did_you_mean, nearest
from roadworthy.tasks.chain.paths import Path, PathError, is_step_name, parse_path, variable_of
from roadworthy.tasks.chain.step_table import StepTable
from roadworthy.tasks.definition import OnError, StepDefinition

__all__ = ["Draft", "DraftStep", "asked_tasks", "fallback_of"]

WHOLE: Final = ""
"""The field of a wire that carries a whole object."""
_FALLBACK: Final = "task:"
_ON_ERROR: Final = ("fail", "skip", "default", "task:NAME")


def fallback_of(table: StepTable) -> str:
    """The task that answers in place of the step's; empty: none does."""
    return table.on_error.removeprefix(_FALLBACK) if table.on_error.startswith(_FALLBACK) else ""


def asked_tasks(tables: list[StepTable]) -> tuple[str, ...]:
    """The tasks that the steps run, each once."""
    named = [name for table in tables for name in (table.task, fallback_of(table))]
    return tuple(dict.fromkeys(name for name in named if name))


@dataclass(kw_only=True)
class DraftStep:
    """One step, as far as it is understood."""

    index: int
    name: str
    table: StepTable
    wires: dict[str, Path] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)
    from_input: bool = False
    """Nothing is wired, so that it takes the fields of the same name from the chain's input."""
    over: Path | None = None
    reads_item: bool = False
    """Whether `when` is asked for each item."""
    needs: dict[str, None] = field(default_factory=dict)

    @property
    def has_default(self) -> bool:
        return self.table.default is not msgspec.UNSET

    @property
    def each(self) -> bool:
        return self.table.for_each is not None

    @property
    def default_is_of_items(self) -> bool:
        """Whether `default` stands for what one item gives, and not for all that the step does."""
        return self.each and self.table.on_error == "default"

    def definition(self) -> StepDefinition:
        """The step as it is served; to be asked for where nothing is wrong with it."""
        fallback = fallback_of(self.table)
        on_error: OnError = "task" if fallback else self.table.on_error  # type: ignore[assignment]
        return StepDefinition(
            name=self.name,
            task=self.table.task,
            needs=tuple(self.needs),
            wires={name: str(path) for name, path in self.wires.items()},
            constants=self.constants,
            when=self.table.when,
            on_error=on_error,
            fallback=fallback,
            default=self.table.default,
            for_each=None if self.over is None else str(self.over),
            concurrency=self.table.concurrency,
        )


class Draft:
    """All steps of a chain, as far as they are understood, and what is wrong so far."""

    def __init__(
        self, tables: list[StepTable], document: Document[Any], tasks: Collection[str]
    ) -> None:
        self.document = document
        self._tasks = tasks
        self.faults: list[Fault] = []
        self.steps: dict[str, DraftStep] = {}
        self._misnamed: set[str] = set()
        for index, table in enumerate(tables):
            step = DraftStep(index=index, name=table.name or self._meant(table.task), table=table)
            if self._name(step):
                self.steps[step.name] = step
            else:
                self._misnamed.add(step.name)
        for step in self.steps.values():
            self._settings(step)
            self._input(step)
            step.over = self._path(step, table_key="for_each", text=step.table.for_each)
            self._needs(step)

    def add(self, step: DraftStep, message: str, *path: str | int) -> None:
        """A fault of this step, at this key of its table."""
        key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)[1:]
        text = f'step "{step.name}": ' + (f"{key}: " if key else "") + message
        self.faults.append(self.document.fault(text, "step", step.index, *path))

    def path(self, text: str, *, with_item: bool = False) -> Path:
        """The path that this text says.

        Raises:
            PathError: it says none, or begins with what is no step.
        """
        path = parse_path(text)
        known = [*self.steps, "input", *(["item"] if with_item else [])]
        if path.source == "item" and not with_item:
            raise PathError(f'"{text}": there is an item only in a step with for_each')
        if path.source not in known and path.source not in self._misnamed:
            hint = did_you_mean(path.source, known)
            raise PathError(f'"{text}" begins with "{path.source}", which is no step{hint}')
        return path

    def _meant(self, task: str) -> str:
        """What a step without a name is called: its task, or that of which this is a slip, so that
        paths to it are not at fault, too."""
        return task if task in self._tasks else nearest(task, self._tasks) or task

    def _name(self, step: DraftStep) -> bool:
        if not is_step_name(step.name):
            own = step.table.name is not None
            remedy = "choose another" if own else 'write name = "…" beside its task'
            message = (
                "cannot be the name of a step: letters, digits, '-' and '_', a letter first, and no"
                f" word of the language of conditions; {remedy}"
            )
            self.add(step, message, *(["name"] if own else []))
            return False
        for other in self.steps.values():
            if variable_of(other.name) == variable_of(step.name):
                same = f"step {other.index + 1} is called so, too"
                if other.name != step.name:
                    same = f'conditions cannot tell it from "{other.name}"'
                self.add(step, f"{same}; write another name", "name")
                return False
        return True

    def _settings(self, step: DraftStep) -> None:
        table = step.table
        if table.on_error not in _ON_ERROR[:3] and not fallback_of(table):
            listed = ", ".join(f'"{choice}"' for choice in _ON_ERROR)
            hint = did_you_mean(table.on_error, _ON_ERROR[:3])
            message = f'"{table.on_error}" is not one of {listed}{hint.partition("; known")[0]}'
            self.add(step, message, "on_error")
        if table.on_error == "default" and not step.has_default:
            self.add(step, 'is "default", and there is none; write default = …', "on_error")
        given = self._given(step)
        if "concurrency" in given and not step.each:
            self.add(
                step, "says how many items run at once, and there is no for_each", "concurrency"
            )

    def _given(self, step: DraftStep) -> Mapping[str, Any]:
        tables = self.document.data.get("step")
        return tables[step.index] if isinstance(tables, list) else {}

    def _input(self, step: DraftStep) -> None:
        given = step.table.input
        if given is None:
            step.from_input = True
        elif isinstance(given, str):
            path = self._path(step, table_key="input", text=given)
            if path is not None:
                step.wires[WHOLE] = path
        else:
            for name, value in given.items():
                self._wire(step, name, value)

    def _wire(self, step: DraftStep, name: str, value: Any) -> None:
        if isinstance(value, str):
            path = self._path(step, "input", name, text=value)
            if path is not None:
                step.wires[name] = path
        elif isinstance(value, dict) and value.keys() == {"value"}:
            step.constants[name] = value["value"]
        else:
            self.add(step, "is neither a path in quotes nor { value = … }", "input", name)

    def _path(
        self, step: DraftStep, *keys: str, text: str | None, table_key: str = ""
    ) -> Path | None:
        if text is None:
            return None
        where = keys or (table_key,)
        try:
            return self.path(text, with_item=step.each and table_key != "for_each")
        except PathError as error:
            constant = where[0] == "input" and len(where) > 1
            remedy = "A constant is written { value = … }" if constant else ""
            message = str(error) + (" " if str(error).endswith("?") else ". ") + remedy
            self.add(step, message if remedy else str(error), *where)
            return None

    def _needs(self, step: DraftStep) -> None:
        """The steps that are waited for: those declared, and those that paths begin with."""
        for index, name in enumerate(step.table.needs):
            if name not in self.steps and name not in self._misnamed:
                hint = did_you_mean(name, self.steps)
                self.add(step, f'there is no step "{name}"{hint}', "needs", index)
            elif name in self.steps:
                step.needs[name] = None
        step.needs |= dict.fromkeys(_steps(_paths(step), self.steps))


def _paths(step: DraftStep) -> Iterator[Path]:
    yield from step.wires.values()
    if step.over is not None:
        yield step.over


def _steps(paths: Iterator[Path], steps: Collection[str]) -> Iterator[str]:
    return (path.source for path in paths if path.source in steps)
