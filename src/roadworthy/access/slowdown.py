"""Slows those who guess keys, and nobody else. Pure.

The delay follows the *wrong* key: a right one is never slowed, so that somebody who floods an
installation with guesses locks nobody out.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

__all__ = ["Slowdown"]

FIRST_DELAY_S: Final = 0.25
LONGEST_DELAY_S: Final = 8.0
FORGOTTEN_AFTER_US: Final = 300 * 1_000_000


class Slowdown:
    """Counts failures by address; bounded: the address that failed longest ago is forgotten."""

    def __init__(self, *, addresses: int = 1_000) -> None:
        self._most = addresses
        self._failures: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._failures)

    def failed(self, address: str, *, now_us: int) -> float:
        """How many seconds this failure's answer should wait; twice as long as the one before,
        within bounds, and from the beginning after five minutes without one."""
        count, last_us = self._failures.pop(address, (0, now_us))
        if now_us - last_us >= FORGOTTEN_AFTER_US:
            count = 0
        self._failures[address] = (count + 1, now_us)
        while len(self._failures) > self._most:
            self._failures.popitem(last=False)
        return min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(count, 20))

    def succeeded(self, address: str) -> None:
        """Forget the failures of whoever knew the key after all."""
        self._failures.pop(address, None)
