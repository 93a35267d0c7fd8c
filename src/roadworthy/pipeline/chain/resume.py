"""What a chain that failed need not do again. Pure; called by whoever resumes a call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from roadworthy.core import ANSWERED, Call
from roadworthy.core.errors import NotFound

__all__ = ["Tree", "recorded_before", "recorded_steps"]

Tree: TypeAlias = tuple[Call, Iterable[Call]]
"""A call, and all calls within it."""


def recorded_steps(root: Call, below: Iterable[Call]) -> dict[str, Any]:
    """What the steps of this call have answered, as `CallRequest.recorded` takes it.

    ``below`` are the calls within it, in any order. A step that answered is not run again, nor is
    anything within it; of one that failed, those within it that answered are not. A step whose
    answer was not recorded is run again.
    """
    calls = list(below)
    return dict(_within(root.id, "", calls))


def recorded_before(call: Call, tree_of: Callable[[str], Tree]) -> dict[str, Any]:
    """What steps had answered when this call began: those of the call that it went on from, and
    of the one before that. ``tree_of`` a call's id raises NotFound where it is not kept any more.
    """
    recorded: dict[str, Any] = {}
    while call.resumes is not None:
        try:
            call, below = tree_of(call.resumes)
        except NotFound:
            break
        recorded = recorded_steps(call, below) | recorded
    return recorded


def _within(parent: str, prefix: str, calls: list[Call]) -> Iterable[tuple[str, Any]]:
    for call in calls:
        if call.parent_id != parent:
            continue
        name = prefix + (call.step if call.item is None else f"{call.step}[{call.item}]")
        if call.outcome in ANSWERED and call.value is not None:
            yield name, call.value
        else:
            yield from _within(call.id, name + "/", calls)
