from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from roadworthy.control.keeper_jobs import listen_to_supervisor
from roadworthy.core.errors import StoreError


class Told:
    """A supervisor that says these things and is gone."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self._left = [*messages, None]

    async def receive(self) -> dict[str, Any] | None:
        return self._left.pop(0)


def test_a_keeper_whose_disk_is_full_still_stops_with_its_supervisor() -> None:
    def learn(_: list[str]) -> None:
        raise StoreError("the snapshot cannot be written: No space left on device")

    noted: list[Any] = []
    server = SimpleNamespace(should_exit=False)
    told = Told({"type": "gateways", "gateways": [{"status": {"unpriced": ["openai/m"]}}]})
    source = SimpleNamespace(note_gateways=noted.append)
    publisher = SimpleNamespace(learn=learn)
    asyncio.run(listen_to_supervisor(told, source, publisher, server))  # type: ignore[arg-type]
    assert len(noted) == 1
    assert server.should_exit
