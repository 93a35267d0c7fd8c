"""Who may ask now: a model that answers one question at a time is asked one at a time, so that the
time a run takes is the answer's own and holds no waiting for other runs."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Final

from roadworthy.models import Model

__all__ = ["Turns"]

_ONE_AT_A_TIME: Final = frozenset({"embedded"})
"""Providers."""


class Turns:
    """Locks by provider. Within one event loop."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}

    def of(self, model: Model) -> AbstractAsyncContextManager[None]:
        """Entered when the model may be asked; to be left when it has answered."""
        if model.provider not in _ONE_AT_A_TIME:
            return nullcontext()
        return self._locks.setdefault(model.provider, asyncio.Lock())
