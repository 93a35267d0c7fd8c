"""Hands what was measured to the registry while a test runs, so that nothing is lost with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from roadworthy.core.errors import RoadworthyError
from roadworthy.registry import CaseResult

__all__ = ["Keep", "Keeping"]

Keep: TypeAlias = Callable[[Sequence[CaseResult]], None]
"""Writes rows into the registry. Blocks."""

_EVERY_S: Final = 5.0
_AT_MOST: Final = 200


@dataclass(kw_only=True)
class Keeping:
    """Rows on their way into the registry. Within one event loop."""

    keep: Keep | None
    """None: nothing is kept."""
    failure: str | None = None
    """Why rows could not be written the last time; they wait for the next."""
    _waiting: list[CaseResult] = field(default_factory=list)
    _last_s: float | None = None
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def add(self, result: CaseResult) -> None:
        """Keep this row within seconds."""
        if self.keep is None:
            return
        now_s = asyncio.get_running_loop().time()
        if self._last_s is None:
            self._last_s = now_s
        self._waiting.append(result)
        full = len(self._waiting) >= _AT_MOST and self.failure is None
        if now_s - self._last_s >= _EVERY_S or full:
            self._last_s = now_s
            await self.flush()

    async def flush(self) -> None:
        """Write what is waiting; whoever gives this up gives up waiting, not the writing."""
        if self._waiting and self.keep is not None:
            await asyncio.shield(asyncio.create_task(self._write(self.keep)))

    async def _write(self, keep: Keep) -> None:
        async with self._writing:
            batch, self._waiting = self._waiting, []
            if not batch:
                return
            try:
                await asyncio.to_thread(keep, batch)
                self.failure = None
            except RoadworthyError as error:
                # What was paid for is at least reported.
                self.failure, self._waiting = error.message, batch + self._waiting
