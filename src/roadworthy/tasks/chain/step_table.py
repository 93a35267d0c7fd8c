"""A ``[[step]]`` of `task.toml`, as it is written."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

__all__ = ["StepTable"]


class StepTable(msgspec.Struct, frozen=True, kw_only=True):
    """One ``[[step]]``: a task that the chain runs."""

    task: str
    """Which task of the project; a chain may be a step, too."""
    name: str | None = None
    """How paths and conditions call it; left out: the task's name."""
    input: str | dict[str, Any] | None = None
    """By input field, a path (``"input.sku"``, ``"copy.text"``, ``"item.name"``) or a constant
    (``{ value = 3 }``); a path alone wires the whole input. Left out: the fields of the same name
    from the chain's input."""
    needs: list[str] = []
    """Steps to wait for although nothing of theirs is read."""
    when: str | None = None
    """CEL over ``input``, ``item`` and the steps before, by name (``-`` becomes ``_``); where it
    does not come out true, the step is skipped. Left out: it always runs."""
    on_error: str = "fail"
    """What follows if it fails: ``fail`` (the chain does), ``skip`` (it has no output, as if `when`
    had not held), ``default`` or ``task:NAME`` (another task answers, given the same input)."""
    default: Any = msgspec.UNSET
    """What stands for its output where it is skipped, or fails under ``on_error = "default"``. Left
    out: steps that need an output that is not there are skipped as well."""
    for_each: str | None = None
    """A path to a list: the step runs for each ``item`` of it, and its output is the list of
    theirs, in order; items that are skipped have no place in it."""
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=100)] = 4
    """With `for_each`: how many items run at once."""
