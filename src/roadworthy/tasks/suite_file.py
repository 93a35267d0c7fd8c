"""`cases.jsonl` and the checks of `[test]`, read and held against the task that they test.

Called by `roadworthy.tasks.loading`. Whether a judge fits can only be said once all tasks are
read, by `judge_faults`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from roadworthy.core.documents import Document, Fault, SourceFolder, did_you_mean, read_jsonl
from roadworthy.core.errors import InvalidInput
from roadworthy.tasks.cases import Case, Suite, case_input, checks_of_case
from roadworthy.tasks.definition import TaskDefinition
from roadworthy.tasks.digest import content_digest
from roadworthy.tasks.examples import breaches
from roadworthy.tasks.expectations import About, Check, Judge, expected_fields, read_check
from roadworthy.tasks.expectations.python import named_file
from roadworthy.tasks.python_files import find_python
from roadworthy.tasks.schemas import validator_of

__all__ = ["JudgeUse", "LoadedSuite", "judge_faults", "load_suite"]

CASES_FILE: Final = "cases.jsonl"


@dataclass(frozen=True)
class JudgeUse:
    """A check that another task decides."""

    judge: Judge
    place: Fault
    """Where it stands; its message is what goes before one."""


@dataclass
class LoadedSuite:
    """What a task is tested by, and what is wrong with it."""

    suite: Suite
    faults: list[Fault] = field(default_factory=list)
    judges: list[JudgeUse] = field(default_factory=list)


def load_suite(
    suite: Suite,
    about: About,
    *,
    document: Document[Any],
    project: SourceFolder,
    output_known: bool = True,
    steps: Mapping[str, About | None] | None = None,
) -> LoadedSuite:
    """The suite that `task.toml` (the document) begins, with its cases and sources.

    ``about`` is the task as far as it is known; its sources are those found here. Where its output
    schema is at fault, what is expected of outputs is not held against it. ``steps`` are those of
    a chain, None where the step's task is at fault; without them, it is no chain.
    """
    folder = document.file.rpartition("/")[0]
    file = f"{folder}/{CASES_FILE}"
    text = project.read(file)
    read = read_jsonl("" if text is None else text, Case, file=file)
    rows = read.value or []
    checks = [*suite.checks, *(check for _, case in rows for check in checks_of_case(case))]
    sources = _sources(checks, about.task, project)
    known = {name: step and replace(step, sources=sources) for name, step in (steps or {}).items()}
    about = replace(about, sources=sources)
    reading = _Reading(about, output_known=output_known, steps=None if steps is None else known)
    for index, data in enumerate(suite.checks):
        place = document.fault(f"test.checks[{index}]: ", "test", "checks", index)
        reading.shared(data, place)
    for line, case in rows:
        reading.case(case, Fault(file, line, ""))
    cases = tuple(case for _, case in rows)
    whole = msgspec.structs.replace(suite, cases=cases, sources=sources)
    # Where a line is at fault, what it would add is unknown.
    faults = read.faults + reading.faults
    faults += [] if read.faults else _gate_faults(whole, document)
    return LoadedSuite(suite=whole, faults=faults, judges=reading.judges)


def _gate_faults(suite: Suite, document: Document[Any]) -> list[Fault]:
    """Thresholds that no case can ever reach."""
    tags = {tag for case in suite.cases for tag in case.tags}
    faults = []
    for tag in suite.gate.tags.keys() - tags:
        message = f'gate.tags: no case has the tag "{tag}"{did_you_mean(tag, tags)}'
        faults.append(document.fault(message, "gate", "tags", tag))
    if suite.gate.stability is not None and max([suite.n, *(c.n or 0 for c in suite.cases)]) < 2:
        message = "gate.stability: no case is asked more than once; set n under [test]"
        faults.append(document.fault(message, "gate", "stability"))
    return faults


def judge_faults(
    uses: Iterable[JudgeUse], tasks: Mapping[str, TaskDefinition], names: Collection[str]
) -> list[Fault]:
    """What is wrong with the judges; ``names`` are those of all tasks, the faulty ones too."""
    faults = []
    for use in uses:
        judge = use.judge
        if judge.task not in names:
            hint = did_you_mean(judge.task, names)
            faults.append(_at(use.place, f'judge: there is no task "{judge.task}"{hint}'))
        elif judge.task in tasks:
            faults += [_at(use.place, what) for what in judge.wiring(tasks[judge.task])]
    return faults


def _at(place: Fault, message: str) -> Fault:
    return place._replace(message=place.message + message)


def _sources(checks: Iterable[dict[str, Any]], task: str, project: SourceFolder) -> dict[str, str]:
    """Texts of the Python files that the checks name, of those that are there."""
    names = {name for check in checks if (name := named_file(check)) is not None}
    found = {file: find_python(file, task, project) for file in sorted(names)}
    return {file: there[1] for file, there in found.items() if there is not None}


class _Reading:
    """The suite on its way from lines to what is known to fit the task."""

    def __init__(
        self, about: About, *, output_known: bool, steps: Mapping[str, About | None] | None
    ) -> None:
        self.about = about
        self.output_known = output_known
        self.steps = steps
        self.faults: list[Fault] = []
        self.judges: list[JudgeUse] = []
        self._definition = TaskDefinition(
            name=about.task, model="", input_schema=about.input_schema
        )
        self._inputs = validator_of(about.input_schema)
        self._ids: dict[str, int] = {}
        self._questions: dict[str, int] = {}

    def shared(self, data: dict[str, Any], place: Fault) -> None:
        """A check that holds of every case."""
        check = self.check(data, place, self.about if self.output_known else None)
        if check is not None and check.expects_error:
            message = "not every case can wait for an error; write it into the cases that do"
            self.faults.append(_at(place, message))

    def case(self, case: Case, place: Fault) -> None:
        """A line of `cases.jsonl`."""
        self.names(case, place)
        self.question(case, place)
        about = self.about if self.output_known else None
        self.expected(case.expect, case.checks, about, place)
        for name, step in case.steps.items():
            if self.steps is None or name not in self.steps:
                self.faults.append(_at(place, self.no_step(name)))
            else:
                there = place._replace(message=f"steps.{name}: ")
                self.expected(step.expect, step.checks, self.steps[name], there)

    def no_step(self, name: str) -> str:
        """Why nothing can be expected of a step of this name."""
        if self.steps is None:
            return "steps: the task is no chain; expect, and checks, are of its answer"
        return f'steps: there is no step "{name}"{did_you_mean(name, self.steps)}'

    def expected(
        self, expect: Any, checks: list[dict[str, Any]], about: About | None, place: Fault
    ) -> None:
        """What is expected of one output. Where nothing is known of it, it is only read."""
        own = []
        for index, data in enumerate(checks):
            check = self.check(data, _at(place, f"checks[{index}]: "), about)
            own += [] if check is None else [check]
        expected = [] if expect is None else expected_fields(expect)
        for one in expected:
            for what in one.faults(about) if about is not None else ():
                self.faults.append(_at(place, f"expect: {what}"))
        waits = any(check.expects_error for check in own)
        if waits and (expected or any(check.kind.needs_value for check in own)):
            message = "waits for an error and for a value; a case has one or the other"
            self.faults.append(_at(place, message))

    def check(self, data: dict[str, Any], place: Fault, about: About | None) -> Check | None:
        check, messages = read_check(data)
        if check is not None and about is not None:
            messages += check.kind.faults(about)
        self.faults += [_at(place, message) for message in messages]
        if check is not None and isinstance(check.kind, Judge):
            self.judges.append(JudgeUse(check.kind, place))
        return check

    def names(self, case: Case, place: Fault) -> None:
        """The case's id, which no other has."""
        first = self._ids.setdefault(case.id, place.line) if case.id else place.line
        if first != place.line:
            message = f'id "{case.id}" is that of line {first}, too; give each case its own'
            self.faults.append(_at(place, message))

    def question(self, case: Case, place: Fault) -> None:
        """What the case asks; it fits the input schema, and no other case asks it."""
        asked = self.asked(case, place)
        if asked is None:
            return
        found = breaches(self._inputs, asked, "input", place)
        self.faults += found
        first = self._questions.setdefault(content_digest(asked), place.line)
        if first != place.line and not found:
            message = (
                f"asks the same as line {first}: its answers are that case's, too; write what is"
                " expected of them in one line"
            )
            self.faults.append(_at(place, message))

    def asked(self, case: Case, place: Fault) -> dict[str, Any] | None:
        if case.input is not None and case.conversation:
            self.faults.append(_at(place, "input stands beside conversation; write either"))
        elif case.input is None and not case.conversation:
            self.faults.append(_at(place, 'missing key "input" (or "conversation")'))
            return None
        try:
            return case_input(case, self._definition)
        except InvalidInput as error:
            # The rest of the message is a caller's remedy, and the whole schema.
            what = error.message.partition(". Send ")[0]
            self.faults.append(_at(place, f"conversation: {what}"))
            return None
