"""Which states of which tasks a test looks at: working copies, or versions of the registry."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from roadworthy.core.documents import did_you_mean
from roadworthy.core.errors import InvalidInput, NotFound, ProjectError, UnknownTask
from roadworthy.evaluation.recorded import RecordedCases
from roadworthy.evaluation.subjects import WORKING, judges_named, reference_of
from roadworthy.models import Model, implicit_model
from roadworthy.registry import Registry, Version
from roadworthy.registry.gate import stricter
from roadworthy.tasks import Case, Gate, Project, Suite, TaskDefinition
from roadworthy.tasks.asked_models import asked_models
from roadworthy.tasks.cases import checks_of_case, question_digest

__all__ = [
    "State",
    "bound_models",
    "cases_beside",
    "checks_of",
    "judge_definitions",
    "read_state",
    "read_states",
    "require_cases",
    "require_chain",
    "with_channel",
    "with_own_suites",
]


@dataclass(frozen=True, kw_only=True)
class State:
    """One state of one task, with what it is tested by."""

    definition: TaskDefinition
    suite: Suite
    version: str
    """``1.4.0``, or ``working``."""
    gate: Gate
    beside: tuple[tuple[Case, Suite], ...] = ()
    """Cases of others that it is asked, too."""
    own: Mapping[str, Suite] | None = None
    """What the tasks are tested by that a chain runs, by name, where failures are blamed on steps;
    None: they are not."""
    recorded: RecordedCases | None = None
    """What the cases were made of, where they are recorded calls; None: they are its suite's."""

    @property
    def task(self) -> str:
        return self.definition.name

    @property
    def reference(self) -> str:
        """What names it among the definitions that are served."""
        return reference_of(self.task, self.version)

    @property
    def judges(self) -> set[str]:
        """The tasks that its cases are judged by, as their checks name them."""
        of_steps = [c for suite in (self.own or {}).values() for c in checks_of(suite)]
        beside = [c for case, suite in self.beside for c in (*checks_of_case(case), *suite.checks)]
        return judges_named([*checks_of(self.suite), *beside, *of_steps])


def checks_of(suite: Suite) -> list[dict[str, Any]]:
    """All checks of the suite, those of its cases included."""
    return [*suite.checks, *(check for case in suite.cases for check in checks_of_case(case))]


def read_states(
    project: Project, tasks: Sequence[str], version: str | None, registry: Registry | None
) -> list[State]:
    """The states of these tasks, or of all that have cases.

    Raises:
        UnknownTask, NotFound: there is no such task or version.
        InvalidInput: a version of no task.
    """
    if not tasks and version not in (None, WORKING):
        raise InvalidInput(
            f"a version belongs to one task; name it: roadworthy test TASK --version {version}"
        )
    named = tasks or [name for name, suite in project.suites.items() if suite.cases]
    return [read_state(project, task, version, registry) for task in dict.fromkeys(named)]


def read_state(
    project: Project, task: str, version: str | None, registry: Registry | None
) -> State:
    """One state of one task; ``working`` or None is the working copy."""
    if version in (None, WORKING):
        definition = project.tasks.get(task)
        if definition is None:
            near = did_you_mean(task, project.tasks)
            raise UnknownTask(f"the project {project.root} has no task {task!r}{near}")
        suite = project.suites.get(task, Suite())
        return State(definition=definition, suite=suite, version=WORKING, gate=suite.gate)
    found = _version(registry, task, version or "")
    return State(
        definition=found.definition,
        suite=found.suite,
        version=found.row.version,
        gate=found.suite.gate,
    )


def with_own_suites(state: State, project: Project, registry: Registry | None) -> State:
    """The state with the suites of the tasks that it runs; of a version, those of the versions
    that it pins."""
    if state.definition.chain is None:
        return state
    found: dict[str, Suite] = {}
    for name, task in _run_by(state.definition).items():
        if task.version == WORKING or registry is None:
            found[name] = project.suites.get(name, Suite())
        else:
            with suppress(NotFound):
                found[name] = registry.version(name, task.version).suite
    return replace(state, own=found)


def _run_by(definition: TaskDefinition) -> dict[str, TaskDefinition]:
    """The tasks of its steps and of theirs, by name."""
    steps = {} if definition.chain is None else definition.chain.tasks
    found = dict(steps)
    for task in steps.values():
        found |= _run_by(task)
    return found


def require_cases(states: Iterable[State], tags: Collection[str]) -> None:
    """Raises InvalidInput where there is nothing to ask: that would look like success."""
    known: set[str] = set()
    for state in states:
        cases = [*state.suite.cases, *(case for case, _ in state.beside)]
        known.update(tag for case in cases for tag in case.tags)
        if not cases:
            raise InvalidInput(
                f"task {state.task!r} ({state.version}) has no cases; write"
                f' tasks/{state.task}/cases.jsonl, one a line: {{"input": {{…}}, "expect": {{…}}}}'
            )
    for tag in sorted(set(tags) - known):
        raise InvalidInput(f"no case has the tag {tag!r}{did_you_mean(tag, known)}")


def require_chain(states: Sequence[State]) -> None:
    """Raises InvalidInput where none has steps that a failure could be blamed on."""
    if all(state.definition.chain is None for state in states):
        named = ", ".join(f"{state.task!r} ({state.version})" for state in states) or "nothing"
        raise InvalidInput(
            f"{named} is no chain: there are no steps to blame; name a chain, or leave out --blame"
        )


def with_channel(state: State, registry: Registry, channel: str) -> State:
    """The state with the cases and thresholds of the version that the channel points to: what the
    channel's gate will ask for."""
    pointed = [p.version for p in registry.channels(state.task) if p.channel == channel]
    if not pointed or pointed[0] == state.version:
        return state
    suite = registry.version(state.task, pointed[0]).suite
    return replace(
        state,
        gate=stricter(suite.gate, state.gate),
        beside=cases_beside(state.suite, suite),
    )


def cases_beside(own: Suite, other: Suite) -> tuple[tuple[Case, Suite], ...]:
    """The cases of the other suite that ask what no case of the first one does."""
    asked = {question_digest(case) for case in own.cases}
    return tuple((case, other) for case in other.cases if question_digest(case) not in asked)


def judge_definitions(
    project: Project, states: Iterable[State], registry: Registry | None
) -> dict[str, TaskDefinition]:
    """The tasks that judge, by the reference that checks name; those that do not exist are left
    out, and leave their scores unscored.

    A version is judged by what production serves, a working copy by working copies.
    """
    found: dict[str, TaskDefinition] = {}
    for state in states:
        for reference in state.judges - found.keys():
            # A changed working copy, such as a shortened one, is one as well.
            published = not state.version.startswith(WORKING)
            judge = _judge(project, reference, registry, published=published)
            if judge is not None:
                found[reference] = judge
    return found


def _judge(
    project: Project, reference: str, registry: Registry | None, *, published: bool
) -> TaskDefinition | None:
    name, _, selector = reference.partition("@")
    if registry is not None and (selector or published):
        try:
            return registry.version(name, selector or "production").definition
        except NotFound:
            if selector:
                return None
    return None if selector else project.tasks.get(name)


def bound_models(project: Project, definition: TaskDefinition) -> dict[str, Model]:
    """What the logical models that the task may ask stand for here, its own first; raises
    ProjectError if one is nothing."""
    return {name: _bound(project, definition, name) for name in asked_models(definition)}


def _bound(project: Project, definition: TaskDefinition, name: str) -> Model:
    model = project.models.get(name) or implicit_model(name, os.environ)
    if model is None:
        raise ProjectError(
            [
                f"task {definition.name!r} ({definition.version}) names the model {name!r}, which"
                f" is not bound in the environment {project.environment!r}; declare it in"
                " models.toml"
            ]
        )
    return model


def _version(registry: Registry | None, task: str, reference: str) -> Version:
    if registry is None:
        raise InvalidInput(
            f"version {reference} of {task!r} can be tested with a registry only; leave the version"
            " out to test the working copy"
        )
    return registry.version(task, reference)
