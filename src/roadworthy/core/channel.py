"""Lines of JSON between a supervisor and its child, over a pair of sockets.

The channel is also each side's leash: the kernel closes it when the other process dies, however
it died, so `receive` returning None is how a child learns that its parent is gone.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import msgspec

__all__ = ["Channel"]

MAX_LINE_BYTES = 1_000_000


class Channel:
    """One end. Messages are objects with a ``type``."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, sock: socket.socket) -> Channel:
        reader, writer = await asyncio.open_connection(sock=sock, limit=MAX_LINE_BYTES)
        return cls(reader, writer)

    def send(self, message: dict[str, Any]) -> None:
        """Queue a message; a dead other side is noticed by `receive`, not here."""
        if not self._writer.is_closing():
            self._writer.write(msgspec.json.encode(message) + b"\n")

    async def receive(self) -> dict[str, Any] | None:
        """The next message; None once the other side is gone."""
        try:
            line = await self._reader.readline()
        except ConnectionError:
            return None
        if not line.endswith(b"\n"):
            return None
        return msgspec.json.decode(line, type=dict[str, Any])

    def close(self) -> None:
        self._writer.close()
