"""What the executor asks of the path: one call of one step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from roadworthy.pipeline.compiled import CompiledTask
from roadworthy.pipeline.request import Finished

__all__ = ["Errand", "RunStep"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One run of a step's task."""

    step: str
    item: int | None
    task: CompiledTask
    input: dict[str, Any]
    timeout_s: float
    """What is left of the chain's time."""
    recorded: Mapping[str, Any] = field(default_factory=dict)
    """Where the task is a chain itself: what its steps have answered before."""


class RunStep(Protocol):
    async def __call__(self, errand: Errand, /) -> Finished:
        """The answer, in a call of its own that stands in the journal.

        Raises:
            RoadworthyError: as `Pipeline.run`.
        """
        ...
