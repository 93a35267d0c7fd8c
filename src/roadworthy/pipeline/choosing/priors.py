"""What a model says of inputs without content, measured once and kept."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

from roadworthy.pipeline.choosing.distribution import Distribution

__all__ = ["Priors"]

KEEP: Final = 512


class Priors:
    """The priors of one task's fields, at most `KEEP` of them: the least recently used one goes
    first. Calls that want the same one at once share one measurement."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Distribution] = OrderedDict()
        self._under_way: dict[str, asyncio.Event] = {}

    def __len__(self) -> int:
        return len(self._known)

    async def of(
        self, key: str, measure: Callable[[], Awaitable[Distribution]], *, patience_s: float
    ) -> Distribution:
        """The prior, measured if it is not known.

        Whoever comes first measures, in a call of its own and with its own time; if that fails,
        the next one does.

        Raises:
            TimeoutError: another call has not measured it in the time for which this one waits.
        """
        until_s = asyncio.get_running_loop().time() + patience_s
        while key not in self._known:
            waiting = self._under_way.get(key)
            if waiting is not None:
                async with asyncio.timeout_at(until_s):
                    await waiting.wait()
                continue
            done = self._under_way[key] = asyncio.Event()
            try:
                self._known[key] = await measure()
            finally:
                del self._under_way[key]
                done.set()
        self._known.move_to_end(key)
        prior = self._known[key]
        while len(self._known) > KEEP:
            self._known.popitem(last=False)
        return prior
