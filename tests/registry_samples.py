"""Drafts, results and a registry for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from roadworthy.core import SystemClock
from roadworthy.models import Model
from roadworthy.registry import Actor, CaseResult, Draft, ResultKey
from roadworthy.registry.binding import binding_of
from roadworthy.registry.store import StoredRegistry
from roadworthy.storage import StateFolder
from roadworthy.storage.database import open_database
from roadworthy.tasks import Case, Gate, Suite, TaskDefinition, Template, definition_digest
from roadworthy.tasks.cases import expectations_digest, question_digest
from roadworthy.tasks.definition import ChainDefinition, StepDefinition

ADA = Actor(name="Ada")
VIEWER = Actor(name="Vi", role="viewer")
MODELS = {"local": Model(name="local", provider="embedded", upstream="small")}
INPUT = {
    "type": "object",
    "properties": {"comment": {"type": "string"}},
    "required": ["comment"],
    "additionalProperties": False,
}
CASES = tuple(
    Case(input={"comment": text}, expect={"mood": "good"}, id=text, tags=["short"])
    for text in ("one", "two", "three", "four")
)


def definition_of(prompt: str = "{{ comment }}", **changes: Any) -> TaskDefinition:
    """A small task; its digest is right."""
    fields: dict[str, Any] = {
        "name": "mood",
        "model": "local",
        "input_schema": INPUT,
        "output_schema": {"type": "object", "properties": {"mood": {"type": "string"}}},
        "templates": (Template(role="user", source=prompt, file="tasks/mood/prompt/user.md"),),
    }
    definition = TaskDefinition(**(fields | changes))
    return msgspec.structs.replace(definition, digest=definition_digest(definition))


def chain_of(*tasks: TaskDefinition, name: str = "chain", **changes: Any) -> TaskDefinition:
    """A chain that runs these, one after the other; its digest is right."""
    steps = tuple(StepDefinition(name=task.name, task=task.name) for task in tasks)
    chain = ChainDefinition(
        steps=steps, output={"": tasks[-1].name}, tasks={task.name: task for task in tasks}
    )
    fields: dict[str, Any] = {"model": "", "templates": (), "chain": chain, **changes}
    return definition_of(name=name, **fields)


def draft_of(prompt: str = "{{ comment }}", **changes: Any) -> Draft:
    """A working copy with four cases, which says why."""
    suite = changes.pop("suite", Suite(cases=CASES, gate=changes.pop("gate", Gate())))
    draft = {"message": "because", "bump": changes.pop("bump", None)}
    return Draft(definition=definition_of(prompt, **changes), suite=suite, **draft)


def results_of(draft: Draft, *, passing: int, binding: str | None = None) -> list[CaseResult]:
    """One run of each case; the first so many pass."""
    return [
        CaseResult(
            key=ResultKey(
                task=draft.definition.name,
                definition=draft.definition.digest,
                binding=binding or binding_of(MODELS["local"]),
                question=question_digest(case),
                run=0,
            ),
            expected=expectations_digest(case, draft.suite),
            case_id=case.id,
            outcome="first_pass",
            value={"mood": "good" if index < passing else "bad"},
            passed=index < passing,
            latency_ms=10.0,
            at_us=1,
        )
        for index, case in enumerate(draft.suite.cases)
    ]


@contextmanager
def stored_registry(folder: Path, **changes: Any) -> Iterator[StoredRegistry]:
    """A registry in this folder."""
    state = StateFolder(folder)
    engine = open_database(state)
    options: dict[str, Any] = {
        "clock": SystemClock(),
        "protected": ("production",),
        "models": lambda: MODELS,
        "environment": "dev",
    }
    try:
        yield StoredRegistry(engine, state, **(options | changes))
    finally:
        engine.dispose()
