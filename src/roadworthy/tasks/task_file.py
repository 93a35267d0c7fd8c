"""`task.toml`, one task's own file, as it is written.

What is made of it stands in `roadworthy.tasks.bodies`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec

from roadworthy.core import Mode
from roadworthy.core.documents import Document, Fault, SourceFolder, read_toml
from roadworthy.tasks.chain.draft import asked_tasks
from roadworthy.tasks.chain.step_table import StepTable
from roadworthy.tasks.definition import BestOf, RepairLevel, StreamMode, Votes
from roadworthy.tasks.gate import Gate
from roadworthy.tasks.parameters import PARAMETER_PLACES

__all__ = ["PROMPT_FILES", "TaskFile", "TestTable", "WrittenTask", "is_task_name", "read_task"]

PROMPT_FILES: Final = ("system.md", "user.md", "examples.jsonl")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class TestTable(msgspec.Struct, frozen=True, kw_only=True):
    """How the task's cases are tested."""

    __test__ = False  # not a test, whatever a test runner takes the name for

    n: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    """How often each case is asked that does not say so itself."""
    checks: list[dict[str, Any]] = []
    """Expectations that hold of every case, beside its own."""


class TaskFile(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of `task.toml`."""

    description: str = ""
    """For people, on the dashboard; no model reads it."""
    model: str | None = None
    """A logical model; left out: the project's default."""
    parameters: dict[str, Any] = {}
    """Sent with every request: temperature, max_tokens, whatever the provider knows."""
    input: str | dict[str, Any] | None = None
    """Fields, a JSON Schema, ``"input.schema.json"`` or ``"schemas.py:Class"``."""
    output: str | dict[str, Any] | None = None
    """As `input`; left out, and no `output.schema.json`: the answer is free text."""
    stream: StreamMode | None = None
    """How an answer reaches a caller who asks for a stream: ``fields`` (as each of them is known to
    conform), ``buffered`` (once all of it does) or ``raw`` (as the model writes it, and an error at
    the end if it does not conform). Left out: ``fields`` with an output schema, ``raw`` without."""
    mode: Mode | None = None
    """How to ask for the output's structure: ``grammar``, ``strict`` (the provider's strict JSON
    Schema), ``tool`` (one forced function), ``json`` (its JSON mode), ``prompt`` (words) or
    ``none``; weaker ones follow where a schema does not fit. Left out: the model's strongest."""
    repair: RepairLevel = "schema"
    """How far an answer may be mended: ``none``, ``lossless`` (fences, prose around it, broken
    syntax) or ``schema`` (also values in another spelling than the schema's)."""
    max_reasks: Annotated[int, msgspec.Meta(ge=0, le=10)] = 2
    """How often fields that do not conform are asked for again before the call fails."""
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=3600)] | None = None
    """Deadline of one call, all its attempts and steps together; left out: that of [limits]."""
    max_cost_usd: Annotated[float, msgspec.Meta(gt=0)] | None = None
    """What one call may cost at most, all its attempts and steps together; left out: no limit."""
    votes: Annotated[int, msgspec.Meta(ge=2, le=25)] | Votes | None = None
    """How often the answer is asked for; each field takes the value of the most. As a table:
    ``[votes]`` with ``n``, ``models`` and ``ties``."""
    best_of: BestOf | None = None
    """Several candidates are asked for, and the one that a judge scores highest is delivered."""
    choose: Literal["likelihood"] | dict[str, Literal["likelihood"]] | None = None
    """Closed fields of the output (an enum, a boolean) take the value that is the most likely to
    the model, in place of what it writes; as a table, only those named. The rest is generated."""
    step: list[StepTable] = []
    """The steps of a chain; left out: the task has a prompt, or rules alone answer."""
    test: TestTable = TestTable()
    """How the task's cases are tested."""
    gate: Gate = Gate()
    """What a version must reach before a protected channel may point to it."""


def is_task_name(name: str) -> bool:
    """Whether a task may be called so: its name stands in URLs, headers and file names."""
    return _NAME.fullmatch(name) is not None


class WrittenTask(NamedTuple):
    """A task's own file, before anything is made of it."""

    name: str
    document: Document[TaskFile] | None
    faults: list[Fault]

    @property
    def runs(self) -> tuple[str, ...]:
        """The tasks that it runs itself: those of its steps, and its judge."""
        given = None if self.document is None else self.document.value
        if given is None:
            return ()
        judges = () if given.best_of is None else (given.best_of.judge,)
        return tuple(dict.fromkeys((*asked_tasks(given.step), *judges)))


def read_task(name: str, project: SourceFolder) -> WrittenTask:
    """The file `task.toml` of the task in `tasks/NAME`."""
    file = f"tasks/{name}/task.toml"
    if not is_task_name(name):
        message = (
            "a task's name is at most 100 letters, digits, '.', '_' and '-'; rename the folder"
        )
        return WrittenTask(name, None, [Fault(f"tasks/{name}", 0, message)])
    text = project.read(file)
    if text is None:
        known = [fault for fault in project.faults if fault.file == file]
        missing = [Fault(file, 0, "is missing; it may be empty, but it must be there")]
        return WrittenTask(name, None, known or missing)
    document = read_toml(text, TaskFile, file=file, elsewhere=PARAMETER_PLACES)
    return WrittenTask(name, document, document.faults)
