"""The embedded model as a gateway sees it: one for all gateways, kept by the supervisor."""

from __future__ import annotations

import asyncio
from typing import Any

from roadworthy.core.channel import Channel
from roadworthy.core.errors import LocalModelMissing

__all__ = ["SharedLocalModel"]


class SharedLocalModel:
    """Asks the supervisor where the embedded model listens, which starts it on first use."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._waiting: list[asyncio.Future[str]] = []

    async def address(self) -> str:
        """``http://127.0.0.1:PORT``. Asked for each request: the supervisor answers from
        memory unless the model has died, and then starts it again first.

        Raises:
            LocalModelMissing: it is not installed, or does not start.
        """
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        if len(self._waiting) == 1:
            self._channel.send({"type": "local_model"})
        return await future

    async def close(self) -> None:
        """The supervisor ends the model, not its users."""

    def answer(self, message: dict[str, Any]) -> None:
        """Take the supervisor's answer."""
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if future.done():
                continue
            if "address" in message:
                future.set_result(message["address"])
            else:
                future.set_exception(LocalModelMissing(message["error"]))
