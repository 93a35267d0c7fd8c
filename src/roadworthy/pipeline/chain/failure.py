"""How the failure of a step becomes the failure of its chain."""

from __future__ import annotations

from roadworthy.core.errors import (
    OutputRefused,
    OutputTruncated,
    RoadworthyError,
)
from roadworthy.pipeline.request import Finished

__all__ = ["StepFailed", "failure_of", "name_step"]


class StepFailed(Exception):
    """Ends the chain: a step failed, and nothing answers in its place."""

    def __init__(self, error: RoadworthyError, finished: Finished | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.finished = finished
        """The step's call, where an answer came that may not be delivered."""


def failure_of(finished: Finished) -> RoadworthyError | None:
    """Why the step's answer cannot be used; None: it can.

    On the chat surface a refusal and a truncation are no errors of a call, but a step that came to
    such an end has given nothing.
    """
    if finished.error is not None:
        return finished.error
    if finished.call.outcome == "refused":
        return OutputRefused()
    return OutputTruncated() if finished.call.outcome == "truncated" else None


def name_step(error: RoadworthyError, step: str, *, item: int | None = None) -> RoadworthyError:
    """The same error, which says in which step it came up; for chains in chains, the whole way."""
    message = error.message.removeprefix(_prefix(error.step)) if error.step else error.message
    here = step if item is None else f"{step}[{item}]"
    error.step = f"{here}/{error.step}" if error.step else here
    error.message = _prefix(error.step) + message
    error.args = (error.message,)
    error.param = None  # a place in the step's request, of which the caller knows nothing
    return error


def _prefix(step: str) -> str:
    return f"step '{step}': "
