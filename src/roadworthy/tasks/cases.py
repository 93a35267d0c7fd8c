"""`cases.jsonl`: inputs with expectations, and the suite that a version carries.

Values only, and what identifies them. How an expectation is scored stands in
`roadworthy.tasks.expectations`.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from roadworthy.core import Message
from roadworthy.tasks.definition import TaskDefinition
from roadworthy.tasks.digest import content_digest
from roadworthy.tasks.gate import Gate
from roadworthy.tasks.messages import input_from_messages
from roadworthy.tasks.schemas import validator_of

__all__ = [
    "Case",
    "StepCase",
    "Suite",
    "case_id",
    "case_input",
    "checks_of_case",
    "expectations_digest",
    "question_digest",
    "runs_of",
]


class StepCase(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a case of a chain expects of one of its steps."""

    expect: Any = None
    """Expected values by field of the step's output, or the whole of a text."""
    checks: list[dict[str, Any]] = []
    """Further expectations, as those of a case."""


class Case(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of `cases.jsonl`: an input, or a conversation, with what is expected of the
    answer."""

    input: dict[str, Any] | None = None
    """It must satisfy the input schema."""
    conversation: list[Message] = []
    """In place of `input`: messages, the last of them the user's, which become the input by the
    rules of the chat surface."""
    expect: Any = None
    """Expected values by field of the output, or the whole of a text."""
    checks: list[dict[str, Any]] = []
    """Further expectations, one object each: ``{"contains": "refund", "at": "/summary"}``."""
    steps: dict[str, StepCase] = {}
    """Of a chain: what is expected of single steps, by their names. They fail the case, too."""
    tags: list[str] = []
    """Groups that the case belongs to."""
    weight: Annotated[float, msgspec.Meta(ge=0)] = 1.0
    """How much it counts beside the others."""
    n: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = None
    """How often it is asked; None: as often as `[test]` says."""
    id: str = ""
    """A name that stays when the file is sorted anew."""
    note: str = ""
    """For people."""


class Suite(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a version is tested by: part of the version, but of nothing that it answers."""

    cases: tuple[Case, ...] = ()
    checks: tuple[dict[str, Any], ...] = ()
    """Hold of every case, beside its own."""
    n: int = 1
    """How often a case is asked that does not say so itself."""
    gate: Gate = Gate()
    sources: dict[str, str] = {}
    """Texts of the Python files that checks name, as they name them: a file of the task's folder,
    else of the project."""


def case_input(case: Case, definition: TaskDefinition) -> dict[str, Any]:
    """What the case asks: its input, or what its conversation becomes for this task.

    Raises:
        InvalidInput: the task takes no such conversation.
    """
    if case.input is not None:
        return case.input
    validator = validator_of(definition.input_schema)
    return input_from_messages(definition, case.conversation, is_valid=validator.is_valid)


def question_digest(case: Case) -> str:
    """SHA-256 of what the case asks, as it is written: results are found by it."""
    if case.conversation:
        return content_digest({"conversation": case.conversation})
    return content_digest({"input": case.input})


def case_id(case: Case) -> str:
    """The case's id; one that has none is called by the digest of what it asks, so that its name
    stays when the file is sorted anew or its expectations change."""
    return case.id or f"case-{question_digest(case)[:10]}"


def expectations_digest(case: Case, suite: Suite) -> str:
    """The digest of all that is expected of the case's answers. Scores of another one are void."""
    checks = (*checks_of_case(case), *suite.checks)
    named = [check.get("python", check.get("not_python")) for check in checks]
    files = {str(name).partition(":")[0] for name in named if name is not None}
    steps = {"steps": case.steps} if case.steps else {}  # a case without keeps its digest
    return content_digest(
        {
            "expect": case.expect,
            "checks": [*case.checks, *suite.checks],
            "sources": {file: suite.sources.get(file) for file in files},
            **steps,
        }
    )


def checks_of_case(case: Case) -> list[dict[str, Any]]:
    """Its own checks, then those of its steps."""
    return [*case.checks, *(check for step in case.steps.values() for check in step.checks)]


def runs_of(case: Case, suite: Suite) -> int:
    """How often the case is asked."""
    return suite.n if case.n is None else case.n
