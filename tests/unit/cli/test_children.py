from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from roadworthy.cli.serve import children
from roadworthy.cli.serve.children import Child


def child_that(source: str, told: asyncio.Queue[dict[str, Any]] | None = None) -> Child:
    def on_message(_: Child, message: dict[str, Any]) -> None:
        if told is not None:
            told.put_nowait(message)

    return Child("test", ["-c", source], again=("--again",), on_message=on_message)


class Starts(logging.Handler):
    """Sets an event once a child is about to be started again."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.set()


def test_a_child_that_waits_for_its_next_start_stops_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(children, "FIRST_BACKOFF_S", 3600)

    async def stop_while_it_waits() -> int:
        starts = Starts()
        logging.getLogger("roadworthy.cli.serve.children").addHandler(starts)
        child = child_that("raise SystemExit(3)")
        running = asyncio.create_task(child.keep_running())
        async with asyncio.timeout(60):
            await starts.seen.wait()
            await child.stop(grace_s=1)
            return await running

    assert asyncio.run(stop_while_it_waits()) == 3


def test_a_child_that_dies_is_started_again_and_told_so() -> None:
    tell = (
        "import json, socket, sys\n"
        "if '--again' not in sys.argv: raise SystemExit(3)\n"
        "line = socket.socket(fileno=int(sys.argv[-1]))\n"
        "line.sendall(json.dumps({'again': True}).encode() + b'\\n')\n"
        "line.recv(1)\n"
    )

    async def run_twice() -> dict[str, Any]:
        told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        child = child_that(tell, told)
        running = asyncio.create_task(child.keep_running())
        async with asyncio.timeout(60):
            message = await told.get()
            await child.stop(grace_s=5)
            await running
        return message

    assert asyncio.run(run_twice()) == {"again": True}
