"""The time of day and the passing of time, as something that can be handed in.

Decisions take times as values; edges take a `Clock`, so that tests need not wait.
"""

from __future__ import annotations

import time
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    def now_us(self) -> int:
        """Microseconds since 1970-01-01 UTC."""
        ...

    def elapsed_us(self) -> int:
        """Microseconds since an arbitrary moment; never goes back."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now_us(self) -> int:
        return time.time_ns() // 1000

    def elapsed_us(self) -> int:
        return time.perf_counter_ns() // 1000
