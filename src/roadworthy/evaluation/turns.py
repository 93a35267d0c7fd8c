"""Who may ask now: a model that answers one question at a time is asked one at a time.

So the time that a run takes is the answer's own, without waiting for other runs, and without the
start of the model.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from roadworthy.core.errors import RoadworthyError
from roadworthy.models import Ask, Model, Upstream

__all__ = ["Turns"]

_ONE_AT_A_TIME: Final = frozenset({"embedded"})
"""Providers, whose models are also started by the first question."""
_WAKING: Final = Ask(
    messages=[{"role": "user", "content": "Hello"}], parameters={"max_tokens": 1, "temperature": 0}
)


class Turns:
    """Locks by provider. Within one event loop."""

    def __init__(self, upstream: Upstream | None = None) -> None:
        """``upstream`` is asked to wake a model; None: models need no waking."""
        self._upstream = upstream
        self._locks: dict[str, asyncio.Lock] = {}
        self._awake: set[str] = set()

    @asynccontextmanager
    async def of(self, *models: Model) -> AsyncIterator[None]:
        """Entered when these may be asked; to be left when they have answered."""
        model = next((model for model in models if model.provider in _ONE_AT_A_TIME), None)
        if model is None:
            yield
            return
        async with self._locks.setdefault(model.provider, asyncio.Lock()):
            if self._upstream is not None and model.provider not in self._awake:
                self._awake.add(model.provider)
                with suppress(RoadworthyError):  # whoever asks next will say so
                    await self._upstream.send(model, _WAKING)
            yield
