"""What a test looks at: one state of one task on one model, and what it is asked. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from roadworthy.core.errors import RoadworthyError
from roadworthy.evaluation.expectations import Expectations, Services, compile_expectations
from roadworthy.evaluation.own_suites import OwnSuites
from roadworthy.models import Model
from roadworthy.pipeline import TASK_PREFIX
from roadworthy.registry import ResultKey
from roadworthy.registry.binding import binding_of_task, describe_task_binding
from roadworthy.tasks import Case, Suite, TaskDefinition
from roadworthy.tasks.cases import (
    case_id,
    case_input,
    checks_of_case,
    expectations_digest,
    question_digest,
    runs_of,
)
from roadworthy.tasks.chain.shapes import FREE_TEXT, list_of, shape_of
from roadworthy.tasks.definition import ChainDefinition, StepDefinition
from roadworthy.tasks.schemas import validator_of

__all__ = [
    "WORKING",
    "AskedCase",
    "Selection",
    "Subject",
    "definition_of_step",
    "judges_named",
    "reference_of",
    "subject_of",
]

WORKING: Final = "working"
"""What the working copy is called in place of a version."""


def reference_of(task: str, version: str) -> str:
    """What names a state among the definitions that are served."""
    return task if version == WORKING else f"{task}@{version}"


@dataclass(frozen=True, kw_only=True)
class AskedCase:
    """A case, ready to be asked of one state of a task."""

    case: Case
    id: str
    question: str
    """Digest of its input."""
    input: dict[str, Any]
    runs: int
    expectations: Expectations
    expected: str
    """Digest of what is expected."""
    steps: Mapping[str, Expectations] = field(default_factory=dict)
    """What is expected of a chain's steps, by name."""
    judged: bool = False
    """Whether a task judges its answers, which may have changed since they were scored."""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which of the cases, and how often."""

    tags: Collection[str] = ()
    """Cases with one of these; empty: all."""
    runs: int | None = None
    """In place of what cases and suites say."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What answers, and what it is asked."""

    definition: TaskDefinition
    version: str
    """``1.4.0``, or ``working``."""
    models: Mapping[str, Model]
    """By logical name, all that it may ask."""
    cases: tuple[AskedCase, ...]
    invalid: tuple[str, ...] = ()
    """Ids of cases whose input this state does not accept."""
    own: OwnSuites | None = None
    """Of the tasks that a chain runs; None: failures are blamed on no step."""

    @property
    def task(self) -> str:
        return self.definition.name

    @property
    def reference(self) -> str:
        """What names it among the definitions that are served."""
        return reference_of(self.task, self.version)

    @property
    def target(self) -> str:
        return TASK_PREFIX + self.reference

    @property
    def binding(self) -> str:
        return binding_of_task(self.definition, self.models.__getitem__)

    @property
    def answered_by(self) -> str:
        """What answers, as people read it."""
        return describe_task_binding(self.definition, self.models.__getitem__)

    def key(self, case: AskedCase, run: int) -> ResultKey:
        return ResultKey(
            task=self.task,
            definition=self.definition.digest,
            binding=self.binding,
            question=case.question,
            run=run,
        )


def judges_named(checks: Iterable[Mapping[str, object]]) -> set[str]:
    """The tasks that these checks ask, as they name them."""
    named = [check.get("judge", check.get("not_judge")) for check in checks]
    return {name for name in named if isinstance(name, str)}


def subject_of(
    definition: TaskDefinition,
    suite: Suite,
    *,
    version: str,
    models: Mapping[str, Model],
    services: Callable[[Suite], Services],
    selection: Selection | None = None,
    beside: Iterable[tuple[Case, Suite]] = (),
) -> Subject:
    """The state with its cases, and those `beside` them that ask something else. ``services`` are
    what a suite's checks need.

    A question that several cases ask is asked once, and expected of it is what the first says.

    Raises:
        ProjectError: an expectation does not fit the task.
    """
    selection = selection or Selection()
    pairs = [*((case, suite) for case in suite.cases), *beside]
    of_suite = {id(owner): services(owner) for owner in {id(o): o for _, o in pairs}.values()}
    asked: dict[str, AskedCase] = {}
    invalid: list[str] = []
    accepts = validator_of(definition.input_schema).is_valid
    for case, owner in pairs:
        if selection.tags and not set(selection.tags) & set(case.tags):
            continue
        try:
            given = case_input(case, definition)
        except RoadworthyError:
            invalid.append(case.id or "a conversation without an id")
            continue
        if not accepts(given):
            invalid.append(case_id(case))
            continue
        question = question_digest(case)
        if question not in asked:
            asked[question] = AskedCase(
                case=case,
                id=case_id(case),
                question=question,
                input=given,
                runs=selection.runs or runs_of(case, owner),
                expectations=compile_expectations(
                    case, owner, definition, services=of_suite[id(owner)]
                ),
                expected=expectations_digest(case, owner),
                steps=_of_steps(case, owner, definition, of_suite[id(owner)]),
                judged=bool(judges_named((*checks_of_case(case), *owner.checks))),
            )
    return Subject(
        definition=definition,
        version=version,
        models=models,
        cases=tuple(asked.values()),
        invalid=tuple(invalid),
    )


def _of_steps(
    case: Case, suite: Suite, definition: TaskDefinition, services: Services
) -> dict[str, Expectations]:
    """What the case expects of steps that this state has."""
    chain = definition.chain
    if chain is None:
        return {}
    sources = Suite(sources=suite.sources)
    found = {}
    for step in chain.steps:
        if step.name in case.steps:
            expected = case.steps[step.name]
            alone = Case(input={}, expect=expected.expect, checks=expected.checks)
            of_step = definition_of_step(chain, step)
            found[step.name] = compile_expectations(alone, sources, of_step, services=services)
    return found


def definition_of_step(chain: ChainDefinition, step: StepDefinition) -> TaskDefinition:
    """The task that a step runs, with what the chain gets of it: a list of a step that runs for
    each item, which has no input of its own."""
    task = chain.tasks[step.task]
    if step.for_each is None:
        return task
    listed = list_of(shape_of(task.output_schema or FREE_TEXT))
    return msgspec.structs.replace(task, input_schema={}, output_schema=listed)
