"""A state of a task with the inputs of its recorded calls in place of its suite's cases."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

from roadworthy.core.errors import InvalidInput
from roadworthy.evaluation.recorded import FromCalls, RecordedCases, cases_of_calls
from roadworthy.evaluation.states import State
from roadworthy.storage import StateFolder
from roadworthy.storage.database import open_database
from roadworthy.storage.recorded import RecordedCalls, recorded_calls

__all__ = ["with_calls"]


def with_calls(state: State, state_folder: Path, wanted: FromCalls) -> State:
    """The state with cases made of the task's calls, the latest first. Blocks.

    Raises:
        InvalidInput: no call of the task is recorded with its input.
        StoreError: the database or a day's texts cannot be read.
    """
    folder = StateFolder(state_folder)
    if not folder.database.exists():
        raise InvalidInput(f"no calls are recorded yet: {folder.database} does not exist")
    engine = open_database(folder)
    try:
        where = RecordedCalls(task=state.task, since_us=wanted.since_us, tests=wanted.tests)
        latest = islice(recorded_calls(engine, folder, where), wanted.scanned)
        found = cases_of_calls(latest, state.suite, inputs=wanted.inputs)
    finally:
        engine.dispose()
    if not found.suite.cases:
        raise InvalidInput(_nothing(state.task, wanted, found))
    return replace(state, suite=found.suite, recorded=found)


def _nothing(task: str, wanted: FromCalls, found: RecordedCases) -> str:
    if found.without_input:
        return (
            f"{found.without_input} calls of {task!r} are recorded, none of them with its input:"
            " their texts have expired (keep_texts_days under [record]), or are not kept"
            " (texts under [record])"
        )
    span = "" if wanted.since_us is None else " in that time"
    hint = "" if wanted.tests else "; --with-tests takes those that tests made, too"
    return f"no call of {task!r} is recorded{span}{hint}"
