"""A child process that is started again when it dies, and its channel."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

from roadworthy.core.channel import Channel

__all__ = ["Child"]

FIRST_BACKOFF_S = 0.1
LONGEST_BACKOFF_S = 10.0
LONG_LIFE_S = 10.0
"""A child that lived this long did not die of its start, so the next start need not wait."""

_log = logging.getLogger(__name__)


class Child:
    """One supervised process: ``python -m MODULE … --channel-fd N``, with the options `again`
    added from its second start on."""

    def __init__(
        self,
        name: str,
        command: list[str],
        *,
        again: tuple[str, ...] = (),
        sockets: tuple[socket.socket, ...] = (),
        on_message: Callable[[Child, dict[str, Any]], None],
    ) -> None:
        self.name = name
        self.channel: Channel | None = None
        self.last_status: dict[str, Any] = {}
        self.started_us = 0
        self._command = command
        self._again = again
        self._sockets = sockets
        self._on_message = on_message
        self._process: asyncio.subprocess.Process | None = None
        self._stop_asked = asyncio.Event()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.returncode is None else None

    async def keep_running(self) -> int:
        """Run until `stop`, starting again after every other end; returns the last exit status."""
        backoff_s = FIRST_BACKOFF_S
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            status = await self._run_once()
            if self._stop_asked.is_set():
                return status
            if loop.time() - began > LONG_LIFE_S:
                backoff_s = FIRST_BACKOFF_S
            _log.warning("%s ended (%s); starting it again", self.name, describe_exit(status))
            if await self._stopped_within(backoff_s):
                return status
            backoff_s = min(backoff_s * 2, LONGEST_BACKOFF_S)

    async def _stopped_within(self, seconds: float) -> bool:
        """Wait so long before the next start, or until there is to be none."""
        try:
            await asyncio.wait_for(self._stop_asked.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _run_once(self) -> int:
        ours, theirs = socket.socketpair()
        fds = [theirs.fileno(), *(sock.fileno() for sock in self._sockets)]
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *self._command,
            *(self._again if self.started_us else ()),
            "--channel-fd",
            str(theirs.fileno()),
            pass_fds=fds,
            # Ctrl-C in a terminal reaches the whole group; children stop when told to.
            start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL,
        )
        theirs.close()
        self.started_us = time.time_ns() // 1000
        self.channel = await Channel.over(ours)
        listener = asyncio.create_task(self._listen(self.channel))
        try:
            return await self._process.wait()
        finally:
            await listener
            self.channel.close()

    async def _listen(self, channel: Channel) -> None:
        while (message := await channel.receive()) is not None:
            self._on_message(self, message)

    async def stop(self, *, grace_s: float) -> None:
        """Ask it to end; end it if it does not within `grace_s`."""
        self._stop_asked.set()
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), grace_s)
        except TimeoutError:
            _log.warning("%s did not stop within %s s; killing it", self.name, grace_s)
            process.kill()


def describe_exit(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    return f"signal {signal.Signals(-status).name}"
