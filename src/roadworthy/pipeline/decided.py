"""The stage rule: what is decided of a call without a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from roadworthy.pipeline.checked import Checked
from roadworthy.pipeline.recorder import Recorder
from roadworthy.pipeline.request import Finished
from roadworthy.pipeline.state import ServingState

__all__ = ["Decided", "decide"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What the task's rules have made of a request."""

    checked: Checked
    """With the model that they chose."""
    variables: Mapping[str, Any] = field(default_factory=dict)
    """``vars`` of templates and constraints."""
    filled: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the output that no model is asked for."""
    finished: Finished | None = None
    """The call, if a rule has ended it; nothing is left but to settle it."""

    @property
    def is_chain(self) -> bool:
        """Whether steps answer, and no model is asked for the whole."""
        task = self.checked.task
        return task is not None and task.chain is not None


def decide(state: ServingState, checked: Checked, recorder: Recorder) -> Decided:  # noqa: ARG001
    """What the rules of the task decide; those that took effect are written into the call."""
    return Decided(checked=checked)
