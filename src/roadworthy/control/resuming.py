"""Going on with a chain that failed, from what its steps have answered."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from roadworthy.control.context import Control
from roadworthy.control.source import CallSource
from roadworthy.pipeline.chain.resume import Tree
from roadworthy.pipeline.chain.resumption import Resumption, resumption_of

__all__ = ["ResumeWish", "read_resumption", "resume_call"]

MAX_STEPS: Final = 10_000
"""Calls within one chain that are gone through."""


class ResumeWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a chain shall go on."""

    timeout_s: Annotated[float, msgspec.Meta(gt=0)] | None = None
    """How long its remaining steps may take; None: as long as the task's whole chain."""


def resume_call(control: Control, call_id: str, timeout_s: float | None = None) -> dict[str, Any]:
    """What the gateway answers, as to every caller of the task.

    Raises:
        NotFound: no call's id begins so, or nothing is served here.
        InvalidRequest: there is nothing to go on with.
        RoadworthyError: it failed again, as the gateway told it.
    """
    resume = control.resume
    return resume(read_resumption(control.source, call_id), timeout_s)


def read_resumption(source: CallSource, call_id: str) -> Resumption:
    """
    Raises:
        NotFound: no call's id begins so.
        InvalidRequest: there is nothing to go on with.
    """
    stored = source.find_call(call_id)

    def tree_of(call_id: str) -> Tree:
        tree = source.call_tree(call_id, limit=MAX_STEPS)
        below = [source.find_call(row.id).call for row in tree.below]
        return source.find_call(call_id).call, below

    return resumption_of(stored, tree_of(stored.call.id)[1], tree_of)
