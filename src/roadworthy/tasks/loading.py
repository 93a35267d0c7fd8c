"""What every task's loading has in common: schemas, rules, cases, and the faults of all of them.

Called by the loaders of bodies; every fault is collected, and a task with one is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec

from roadworthy.core.documents import Document, Fault, SourceFolder
from roadworthy.tasks.cases import Suite
from roadworthy.tasks.definition import TaskDefinition
from roadworthy.tasks.digest import definition_digest
from roadworthy.tasks.expectations import FREE_TEXT, About
from roadworthy.tasks.model_files import ModelTable
from roadworthy.tasks.rules import RULES_FILE, Body, LoadedRules, RulesAbout, load_rules
from roadworthy.tasks.schemas import FrozenSchema, load_schema
from roadworthy.tasks.suite_file import JudgeUse, load_suite
from roadworthy.tasks.task_file import TaskFile

__all__ = ["LoadedTask", "Loading", "TaskSources", "sources_of"]

NO_INPUT: Final = {"type": "object", "properties": {}, "additionalProperties": False}


@dataclass(frozen=True, kw_only=True)
class TaskSources:
    """What a task is put together from, beside its own folder."""

    project: SourceFolder
    blocks: Mapping[str, str]
    models: ModelTable
    default_model: str
    names: frozenset[str] = frozenset()
    """Of all tasks, the faulty ones too."""
    tasks: Mapping[str, TaskDefinition] = field(default_factory=dict)
    """Those that were read before this one: what it runs is among them, if it is sound."""


class LoadedTask(NamedTuple):
    """What a task's folder says."""

    definition: TaskDefinition | None
    """None: there are faults."""
    suite: Suite
    faults: list[Fault]
    judges: tuple[JudgeUse, ...] = ()
    """Checks that other tasks decide: whether those exist is seen when all are read."""


def sources_of(own: Mapping[str, str], tasks: Iterable[TaskDefinition]) -> dict[str, str]:
    """The Python that a task runs: its own, and that of the tasks that it runs itself."""
    found = dict(own)
    for task in tasks:
        found |= task.sources
    return found


class Loading:
    """One task on its way from files to a definition."""

    def __init__(
        self, name: str, document: Document[TaskFile], given: TaskFile, sources: TaskSources
    ) -> None:
        self.name = name
        self.document = document
        self.given = given
        self.sources = sources
        self.faults = list(document.faults)
        self.suite = Suite()
        self.judges: list[JudgeUse] = []

    def run(self) -> TaskDefinition | None:
        """The definition; None: there are faults, here or in tasks that it runs."""
        raise NotImplementedError

    def input(self) -> FrozenSchema:
        """The input's schema; faults are noted."""
        found = load_schema(
            "input", self.given.input, document=self.document, project=self.sources.project
        )
        self.faults += found.faults
        if not found.faults and found.schema is None and "input" not in self.document.data:
            found.schema = dict(NO_INPUT)
        return found

    def rules(self, input_: FrozenSchema, output: FrozenSchema, *, body: Body) -> LoadedRules:
        """What `rules.toml` says, if there is one; faults are noted."""
        text = self.sources.project.read(f"tasks/{self.name}/{RULES_FILE}")
        if text is None:
            return LoadedRules()
        free_text = output.schema is None and not output.faults
        models = self.sources.models
        about = RulesAbout(
            input_schema=input_.schema,
            output_schema={} if free_text else output.schema,
            free_text=free_text,
            body=body,
            has_model=models.knows,
            models=tuple(models.names),
        )
        loaded = load_rules(self.name, text, about, self.sources.project)
        self.faults += loaded.faults
        return loaded

    def load_suite(
        self,
        input_schema: dict[str, Any],
        output: FrozenSchema,
        *,
        output_known: bool,
        steps: Mapping[str, About | None] | None = None,
    ) -> None:
        """The cases, and what they must reach."""
        test = self.given.test
        loaded = load_suite(
            Suite(checks=tuple(test.checks), n=test.n, gate=self.given.gate),
            About(
                task=self.name,
                input_schema=input_schema,
                output_schema=FREE_TEXT if output.schema is None else output.schema,
                has_model=self.sources.models.knows,
            ),
            document=self.document,
            project=self.sources.project,
            output_known=output_known,
            steps=steps,
        )
        self.suite, self.judges = loaded.suite, loaded.judges
        self.faults += loaded.faults

    def finish(self, definition: TaskDefinition) -> TaskDefinition | None:
        """The definition with its digest, if nothing is wrong."""
        if self.faults:
            return None
        return msgspec.structs.replace(definition, digest=definition_digest(definition))
