"""A tree of calls in the order in which people read it, and its critical path; pure.

The path is read from the times of what ran: from the end of a call back to its beginning, each time
to the step that ended last before the one behind it began. It needs no definition, and so can tell
of any call, whatever became of its task since.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from roadworthy.storage.views import CallRow, CallTree

__all__ = ["TreeRow", "below_of", "critical_path", "laid_out", "step_label"]

SLACK_US: Final = 1_000
"""Beginnings are read from the clock on the wall and durations are not: what overlaps by less may
still be one behind the other."""


class TreeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a tree, where it stands."""

    call: CallRow
    depth: int
    """0: the outermost."""
    start_us: int
    """From the beginning of the tree."""
    critical: bool
    """Whether the tree would have ended earlier, had this call been quicker."""


def below_of(tree: CallTree, call_id: str) -> CallTree:
    """The part of a tree that one of its calls is the root of; nothing below it if it is none."""
    if tree.root is not None and tree.root.id == call_id:
        return tree
    children = _by_parent(tree.below)
    root = next((row for row in tree.below if row.id == call_id), None)
    found: list[CallRow] = []
    open_ = list(children[call_id])
    while open_:
        row = open_.pop()
        found.append(row)
        open_ += children.pop(row.id, [])
    found.sort(key=lambda row: row.started_us)
    return replace(tree, root=root, below=found, more=0, resumed_by=())


def laid_out(root: CallRow | None, below: Iterable[CallRow]) -> list[TreeRow]:
    """The tree from its root down, siblings in the order in which they started. Calls whose parent
    is not among them stand at its top: they are recorded before it."""
    rows = sorted(below, key=lambda row: (row.started_us, row.item or 0))
    if root is None and not rows:
        return []
    children = _by_parent([*([] if root is None else [root]), *rows])
    began_us = min(row.started_us for row in (*rows, *([] if root is None else [root])))
    critical = critical_path(root, rows)
    found: list[TreeRow] = []
    stack = [(row, 0) for row in reversed(children[None])]
    while stack:
        row, depth = stack.pop()
        found.append(
            TreeRow(
                call=row,
                depth=depth,
                start_us=row.started_us - began_us,
                critical=row.id in critical,
            )
        )
        stack += [(child, depth + 1) for child in reversed(children[row.id])]
    return found


def critical_path(root: CallRow | None, below: Sequence[CallRow]) -> frozenset[str]:
    """Ids of the calls on it, the root's own left out."""
    children = _by_parent([*([] if root is None else [root]), *below])
    found: set[str] = set()
    open_ = [root.id if root is not None else None]
    while open_:
        path = _path_among(children[open_.pop()])
        found.update(row.id for row in path)
        open_ += [row.id for row in path]
    return frozenset(found)


def step_label(row: CallRow) -> str:
    """``copy``, ``copy[2]`` for an item; the task's name for what is nobody's step."""
    if row.parent_id is None:
        return row.task
    return row.step or row.task if row.item is None else f"{row.step}[{row.item}]"


def _path_among(siblings: Sequence[CallRow]) -> list[CallRow]:
    """The last to end, before it the last to end before it began, and so on."""
    left = sorted(siblings, key=_end_us)
    path: list[CallRow] = []
    while left:
        row = left.pop()
        if not path or _is_behind(path[-1], row):
            path.append(row)
    return path


def _is_behind(later: CallRow, row: CallRow) -> bool:
    ended = _end_us(row) <= later.started_us + SLACK_US
    return ended and row.started_us < later.started_us


def _by_parent(rows: Sequence[CallRow]) -> defaultdict[str | None, list[CallRow]]:
    """Under None: those whose parent is not among them."""
    known = {row.id for row in rows}
    children: defaultdict[str | None, list[CallRow]] = defaultdict(list)
    for row in rows:
        children[row.parent_id if row.parent_id in known else None].append(row)
    return children


def _end_us(row: CallRow) -> int:
    return row.started_us + row.duration_us
