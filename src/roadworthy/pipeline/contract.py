"""What a task takes and gives, for whoever wants to know before calling it."""

from __future__ import annotations

from typing import Any

import msgspec

from roadworthy.pipeline.request import CallRequest
from roadworthy.pipeline.resolve import TASK_PREFIX, resolve
from roadworthy.pipeline.state import ServingState

__all__ = ["TaskContract", "contract_of"]


class TaskContract(msgspec.Struct, frozen=True, kw_only=True):
    """One version's side of the bargain."""

    task: str
    version: str
    description: str = ""
    input_schema: dict[str, Any]
    output_schema: dict[str, Any] | None = None
    """None: the answer is free text."""


async def contract_of(state: ServingState, reference: str) -> TaskContract:
    """The contract of ``NAME`` or ``NAME@SELECTOR``, as a call of it would find it now.

    Raises:
        UnknownTask, TaskUnservable: as a call would.
    """
    target = await resolve(state, CallRequest(target=TASK_PREFIX + reference, surface="task"))
    assert target.task is not None  # the prefix says so
    definition = target.task.definition
    return TaskContract(
        task=target.label,
        version=definition.version,
        description=definition.description,
        input_schema=definition.input_schema,
        output_schema=definition.output_schema,
    )
