"""The level of a new version: computed from what changed, field by field. Pure.

Major: a caller may break. Minor: answers may change, or the contract grows compatibly. Patch:
neither. What compares schemas stands in `roadworthy.registry.schema_changes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from roadworthy.registry.schema_changes import input_changes, output_changes
from roadworthy.registry.version import Change, Level
from roadworthy.tasks import TaskDefinition
from roadworthy.tasks.cases import Suite

__all__ = ["State", "changes_between", "level_of"]

State: TypeAlias = tuple[TaskDefinition, Suite]
_RANK: Final[dict[Level, int]] = {"patch": 0, "minor": 1, "major": 2}


def changes_between(old: State, new: State) -> tuple[Change, ...]:
    """Every difference between two states of a task, with what it means to callers."""
    (before, suite_before), (after, suite_after) = old, new
    changes = input_changes(before.input_schema, after.input_schema)
    changes += output_changes(before.output_schema, after.output_schema)
    for name in ("model", "parameters", "constraints", "mode", "repair", "max_reasks", "timeout_s"):
        if getattr(before, name) != getattr(after, name):
            changes.append(Change(level="minor", place=name, what="changed"))
    if before.stream != after.stream:
        what = f"{before.stream} became {after.stream}"
        changes.append(Change(level="major", place="stream", what=what, breaking=True))
    if [(t.role, t.source, t.literal) for t in before.templates] != [
        (t.role, t.source, t.literal) for t in after.templates
    ]:
        changes.append(Change(level="minor", place="prompt", what="changed"))
    for name in sorted(before.blocks.keys() | after.blocks.keys()):
        if before.blocks.get(name) != after.blocks.get(name):
            changes.append(Change(level="minor", place=f"blocks/{name}", what="changed"))
    if before.description != after.description:
        changes.append(Change(level="patch", place="description", what="changed"))
    for name in ("cases", "checks", "n", "gate", "sources"):
        if getattr(suite_before, name) != getattr(suite_after, name):
            changes.append(Change(level="patch", place=name, what="changed"))
    return tuple(changes)


def level_of(changes: Sequence[Change]) -> Level | None:
    """The highest level among the changes; None if there are none."""
    return max((change.level for change in changes), key=_RANK.__getitem__, default=None)
