"""What the page of a call says of the tree that it stands in: steps, times, critical path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from markupsafe import Markup

from roadworthy.control.call_page import CallView, call_view
from roadworthy.control.drawing.formats import share, short
from roadworthy.control.drawing.waterfall import span_bar
from roadworthy.control.outcomes import OutcomeStyle, style_of
from roadworthy.storage.trees import TreeRow, below_of, laid_out, step_label
from roadworthy.storage.views import CallRow, CallTree, StoredCall

__all__ = ["StepView", "TreeLine", "TreeView", "tree_view"]

MAX_TOLD: Final = 40
"""Steps whose texts one page shows; the others are a click away."""
MAX_DEPTH_DRAWN: Final = 6


class TreeLine(msgspec.Struct, frozen=True, kw_only=True):
    """One call of the tree."""

    call: CallRow
    label: str
    style: OutcomeStyle
    depth: int
    start_us: int
    critical: bool
    here: bool
    """Whether the page is this call's."""
    bar: Markup


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """One call below the page's, with its texts."""

    label: str
    view: CallView


class TreeView(msgspec.Struct, frozen=True, kw_only=True):
    """The tree that a call stands in."""

    lines: list[TreeLine]
    whole_us: int
    root: CallRow | None
    path: str
    """The critical path of the page's own steps, as a sentence; empty: it has none."""
    steps: list[StepView]
    untold: int
    """Further calls below the page's, whose texts it does not show."""
    more: int
    """Calls of the tree that are not on the page at all."""
    resumed_by: tuple[str, ...]


def tree_view(call_id: str, tree: CallTree, find: Callable[[str], StoredCall]) -> TreeView | None:
    """The tree around the page's call, the texts of what is below it read by ``find``; None: it
    stands in none."""
    if not tree.below and not tree.resumed_by:
        return None
    rows = laid_out(tree.root, tree.below)
    whole_us = max([1, *(row.start_us + row.call.duration_us for row in rows)])
    below = below_of(tree, call_id)
    own = [row for row in laid_out(below.root, below.below) if row.call.id != call_id]
    told = own[:MAX_TOLD]
    return TreeView(
        lines=[_line(row, call_id, whole_us) for row in rows] if tree.below else [],
        whole_us=whole_us,
        root=tree.root,
        path=_path(below.root, own),
        steps=[
            StepView(label=step_label(row.call), view=call_view(find(row.call.id))) for row in told
        ],
        untold=len(own) - len(told),
        more=tree.more,
        resumed_by=tree.resumed_by,
    )


def _line(row: TreeRow, call_id: str, whole_us: int) -> TreeLine:
    call = row.call
    key = "critical" if row.critical else "whole" if row.depth == 0 else "attempt"
    return TreeLine(
        call=call,
        label=step_label(call),
        style=style_of(call.outcome),
        depth=min(row.depth, MAX_DEPTH_DRAWN),
        start_us=row.start_us,
        critical=row.critical,
        here=call.id == call_id,
        bar=span_bar(row.start_us, call.duration_us, whole_us=whole_us, key=key),
    )


def _path(root: CallRow | None, rows: list[TreeRow]) -> str:
    """Of the steps directly below: what to make quicker, so that the whole is."""
    if root is None or not rows:
        return ""
    path = [row for row in rows if row.critical and row.call.parent_id == root.id]
    names = " → ".join(short(step_label(row.call), 40) for row in path)
    took_us = sum(row.call.duration_us for row in path)
    longest = max(path, key=lambda row: row.call.duration_us)
    part = share(longest.call.duration_us, max(1, root.duration_us))
    return (
        f"Critical path: {names}, {share(took_us, max(took_us, root.duration_us))} of the call's"
        f" time; {short(step_label(longest.call), 40)} alone takes {part}."
    )
