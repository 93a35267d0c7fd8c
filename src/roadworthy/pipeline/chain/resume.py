"""What a chain that failed need not do again. Pure; called by whoever resumes a call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from roadworthy.core import ANSWERED, Call

__all__ = ["recorded_steps"]


def recorded_steps(root: Call, below: Iterable[Call]) -> dict[str, Any]:
    """What the steps of this call have answered, as `CallRequest.recorded` takes it.

    ``below`` are the calls within it, in any order. A step that answered is not run again, nor is
    anything within it; of one that failed, those within it that answered are not. A step whose
    answer was not recorded is run again.
    """
    calls = list(below)
    return dict(_within(root.id, "", calls))


def _within(parent: str, prefix: str, calls: list[Call]) -> Iterable[tuple[str, Any]]:
    for call in calls:
        if call.parent_id != parent:
            continue
        name = prefix + (call.step if call.item is None else f"{call.step}[{call.item}]")
        if call.outcome in ANSWERED and call.value is not None:
            yield name, call.value
        else:
            yield from _within(call.id, name + "/", calls)
