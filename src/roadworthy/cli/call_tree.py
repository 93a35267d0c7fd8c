"""A chain's call with its steps as text: the tree, and each step in short. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from roadworthy.cli.columns import columns, took
from roadworthy.core import Call, format_usd
from roadworthy.core.visible import visible
from roadworthy.storage import CallTree, StoredCall
from roadworthy.storage.trees import TreeRow, laid_out, step_label

__all__ = ["place_of", "step_sections", "tree_section"]

_BAR: Final = 30
_CRITICAL: Final = "●"


def tree_section(tree: CallTree) -> str:
    """Every call of the tree on a line of its own; empty where nothing is below."""
    rows = laid_out(tree.root, tree.below)
    if not tree.below:
        return ""
    whole_us = max(1, *(row.start_us + row.call.duration_us for row in rows))
    lines = columns([_line(row, whole_us) for row in rows], indent=2)
    head = f"Steps ({_CRITICAL} on the critical path: a quicker one ends the call earlier)"
    more = f"\n  … and {tree.more:,} more, which are not shown" if tree.more else ""
    resumed = f"\nResumed by {', '.join(tree.resumed_by)}" if tree.resumed_by else ""
    return f"{head}\n{lines}{more}{resumed}"


def step_sections(steps: Sequence[StoredCall]) -> list[str]:
    """One section for each step: what it was given, sent and answered."""
    return [_step(stored) for stored in steps]


def place_of(call: Call) -> str | None:
    """Where a step stands; None: it is nobody's step."""
    if call.parent_id is None:
        return None
    name = call.step if call.item is None else f"{call.step}[{call.item}]"
    return f"{name} of call {call.parent_id}"


def _line(row: TreeRow, whole_us: int) -> tuple[str, ...]:
    call = row.call
    start = min(_BAR - 1, row.start_us * _BAR // whole_us)
    width = max(1, min(_BAR - start, round(call.duration_us * _BAR / whole_us)))
    return (
        _CRITICAL if row.critical else " ",
        "  " * row.depth + step_label(call),
        call.outcome,
        took(call.duration_us),
        format_usd(call.cost_nusd),
        (" " * start + "█" * width).ljust(_BAR),
        call.id,
        call.error_code or "",
    )


def _step(stored: StoredCall) -> str:
    call = stored.call
    name = call.step if call.item is None else f"{call.step}[{call.item}]"
    spent = f"{took(call.duration_us)}, {format_usd(call.cost_nusd)}"
    lines = [f"Step {visible(name)} · {call.task} · {call.outcome}, {spent}, call {call.id}"]
    if call.error is not None:
        lines.append(f"  {call.error.code}: {visible(call.error.message)}")
    if not stored.texts_kept:
        return "\n".join([*lines, "  texts are not kept"])
    for message in call.messages:
        content = message.get("content")
        text = content if isinstance(content, str) else _json(content)
        lines += [f"  [{message.get('role')}]", *(f"    {line}" for line in text.splitlines())]
    if not call.messages and call.input is not None:
        lines.append(f"  given {_json(call.input)}")
    if call.value is not None:
        told = call.value if isinstance(call.value, str) else _json(call.value)
        lines.append(f"  answered {told}")
    return "\n".join(lines)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
