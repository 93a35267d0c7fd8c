"""Counts how often each rule of a task takes effect, by span of time; pure.

Widths and spans are those of `roadworthy.storage.rollups`. What a task's rules are called stands in
its files, so that no span can be flooded with names.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec

from roadworthy.core import UNCOUNTED, Call
from roadworthy.storage.rollups import WIDTHS_S
from roadworthy.storage.rows import column_text

__all__ = ["RuleCell", "RuleCount", "RuleSums", "rule_cells"]


class RuleCell(NamedTuple):
    """What rules are counted by."""

    width_s: int
    start_us: int
    task: str
    version: str
    rule: str
    effect: str


class RuleCount(msgspec.Struct):
    """In how many calls a rule took effect, and in which one last."""

    calls: int
    call_id: str


class RuleSums:
    """What some calls add, in every width."""

    def __init__(self, fired: Iterable[tuple[str, Iterable[RuleCell]]]) -> None:
        """``fired`` are calls' ids, each with its `rule_cells`."""
        self.counts: dict[RuleCell, RuleCount] = {}
        for call_id, cells in fired:
            for cell in cells:
                self._count(cell, RuleCount(1, call_id))
        for narrow, wide in pairwise(WIDTHS_S):
            for cell, count in list(self.counts.items()):
                if cell.width_s == narrow:
                    self._count(_widened(cell, wide), count)

    def rows(self) -> list[dict[str, Any]]:
        """Of the table of counts."""
        return [
            {**cell._asdict(), **msgspec.structs.asdict(count)}
            for cell, count in self.counts.items()
        ]

    def _count(self, cell: RuleCell, count: RuleCount) -> None:
        known = self.counts.get(cell)
        if known is None:
            self.counts[cell] = RuleCount(count.calls, count.call_id)
        else:
            known.calls += count.calls
            known.call_id = max(known.call_id, count.call_id)  # ids are in the order of time


def rule_cells(call: Call) -> tuple[RuleCell, ...]:
    """What this call adds to the narrowest spans: each of its rules once."""
    if not call.rules or call.surface in UNCOUNTED:
        return ()
    width_us = WIDTHS_S[0] * 1_000_000
    cells = (
        RuleCell(
            width_s=WIDTHS_S[0],
            start_us=call.started_us // width_us * width_us,
            task=column_text(call.task),
            version=column_text(call.version),
            rule=column_text(fired.name),
            effect=fired.effect,
        )
        for fired in call.rules
    )
    return tuple(dict.fromkeys(cells))


def _widened(cell: RuleCell, width_s: int) -> RuleCell:
    width_us = width_s * 1_000_000
    return cell._replace(width_s=width_s, start_us=cell.start_us // width_us * width_us)
