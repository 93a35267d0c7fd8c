"""The client for code that is not asynchronous: `AsyncClient` on a loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Self, TypeVar

from roadworthy.client.answer import Answer
from roadworthy.client.asynchronous import AsyncClient

__all__ = ["Client"]

T = TypeVar("T")


class Client:
    """Runs tasks on a gateway; may be shared by threads. Arguments as for `AsyncClient`.

    >>> Client().run("classify-feedback", comment="Arrived broken.")
    {'sentiment': 'negative', 'confidence': 0.9, 'themes': ['damage']}
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        timeout_s: float = 120.0,
        fallback: str | Path | None = None,
    ) -> None:
        self._client = AsyncClient(base_url, timeout_s=timeout_s, fallback=fallback)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()

    def run(self, task: str, /, **fields: Any) -> Any:
        """As `AsyncClient.run`."""
        return self._wait(self._client.run(task, **fields))

    def answer(
        self,
        task: str,
        fields: dict[str, Any],
        *,
        conversation_id: str | None = None,
        unit: str | None = None,
    ) -> Answer:
        """As `AsyncClient.answer`."""
        return self._wait(
            self._client.answer(task, fields, conversation_id=conversation_id, unit=unit)
        )

    def close(self) -> None:
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None:
            asyncio.run_coroutine_threadsafe(self._client.close(), loop).result()
            loop.call_soon_threadsafe(loop.stop)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        with self._lock:
            if self._loop is None:
                self._loop = _start_loop()
            loop = self._loop
        return asyncio.run_coroutine_threadsafe(work, loop).result()


def _start_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()

    def run() -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
        finally:
            loop.close()

    threading.Thread(target=run, name="roadworthy-client", daemon=True).start()
    return loop
