"""A journal that keeps calls in memory."""

from __future__ import annotations

from roadworthy.core import Call
from roadworthy.core.errors import JournalUnavailable

__all__ = ["MemoryJournal"]


class MemoryJournal:
    """``calls`` holds what was written, in order. With ``full`` set, nothing can be."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.full = False
        self.lost = 0

    def append(self, call: Call) -> None:
        if self.full:
            self.lost += 1
            raise JournalUnavailable
        self.calls.append(call)
