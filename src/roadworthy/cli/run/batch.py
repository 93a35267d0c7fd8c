"""Many inputs through one task, side by side, into a file that a second run goes on with."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from roadworthy.core.errors import InvalidInput, RoadworthyError
from roadworthy.pipeline import TASK_PREFIX, CallRequest, Pipeline

__all__ = ["Row", "compact", "read_rows", "remaining", "run_batch"]


class Row(msgspec.Struct, kw_only=True):
    """One line of the output file."""

    index: int
    """Position of the input, from 0."""
    digest: str
    """Of the input, so that a changed input file is noticed."""
    outcome: str
    value: Any = None
    call: str | None = None
    error: str | None = None
    """The error's code and message; None: answered."""


def digest_of(given: dict[str, Any]) -> str:
    return hashlib.sha256(msgspec.json.encode(given, order="sorted")).hexdigest()[:16]


def read_rows(path: Path) -> dict[int, Row]:
    """The rows of an earlier run by index, the last of each; a torn last line is left out.

    Raises:
        InvalidInput: the file holds something else.
    """
    rows: dict[int, Row] = {}
    if not path.exists():
        return rows
    lines = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = msgspec.json.decode(line, type=Row)
        except msgspec.MsgspecError as error:
            if number == len(lines):  # the run was ended while it wrote this line
                break
            raise InvalidInput(
                f"{path}:{number} is not a row of `roadworthy run`; name another --output"
            ) from error
        rows[row.index] = row
    return rows


def remaining(inputs: list[dict[str, Any]], rows: dict[int, Row], path: Path) -> list[int]:
    """The positions that have no answer yet; those that failed are tried again.

    Raises:
        InvalidInput: the earlier run had other inputs.
    """
    for index, row in rows.items():
        if index >= len(inputs) or digest_of(inputs[index]) != row.digest:
            raise InvalidInput(
                f"{path} holds answers to other inputs (row {index} differs);"
                " name another --output, or remove the file"
            )
    return [i for i in range(len(inputs)) if i not in rows or rows[i].error is not None]


async def run_batch(
    pipeline: Pipeline,
    task: str,
    inputs: list[dict[str, Any]],
    indexes: list[int],
    *,
    concurrency: int,
    on_row: Callable[[Row], None],
) -> None:
    """Run these inputs, at most `concurrency` at once; each row is handed over as it is done."""
    waiting = iter(indexes)

    async def work() -> None:
        for index in waiting:
            on_row(await _run_one(pipeline, task, inputs[index], index))

    async with asyncio.TaskGroup() as group:
        for _ in range(min(concurrency, len(indexes))):
            group.create_task(work())


async def _run_one(pipeline: Pipeline, task: str, given: dict[str, Any], index: int) -> Row:
    row = Row(index=index, digest=digest_of(given), outcome="errored")
    try:
        finished = await pipeline.run(
            CallRequest(target=TASK_PREFIX + task, surface="python", input=given)
        )
    except RoadworthyError as error:
        row.call, row.error = error.call_id, f"{error.code}: {error.message}"
        row.outcome = "rejected" if error.status < 500 and error.status != 429 else "errored"
        return row
    row.call, row.outcome = finished.call.id, finished.call.outcome
    if finished.error is not None:
        row.error = f"{finished.error.code}: {finished.error.message}"
    else:
        row.value = finished.call.value
    return row


def compact(path: Path) -> None:
    """Rewrite the file in the order of the inputs, one row each; nothing is lost on the way."""
    rows = read_rows(path)
    text = b"".join(msgspec.json.encode(rows[index]) + b"\n" for index in sorted(rows))
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(text)
    fresh.replace(path)
