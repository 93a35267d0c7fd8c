from __future__ import annotations

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import pytest

from roadworthy.control.keeping import keeper_jobs
from roadworthy.control.keeping.keeper_jobs import listen_to_supervisor
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


class Following:
    """A publisher whose registry is away for a while; told off after the last look."""

    def __init__(self, *looks: bool | Exception) -> None:
        self.left = list(looks)
        self.snapshot = SimpleNamespace(revision="abcdefabcdef99")

    def refresh(self) -> bool:
        if not self.left:
            raise asyncio.CancelledError
        look = self.left.pop(0)
        if isinstance(look, Exception):
            raise look
        return look


def test_a_registry_that_is_away_is_told_once_and_followed_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper_jobs, "FOLLOW_EVERY_S", 0)
    away = StoreError("the registry cannot be read")
    publisher = Following(away, away, ValueError("a bug"), True, away)
    with caplog.at_level(logging.WARNING), pytest.raises(asyncio.CancelledError):
        asyncio.run(keeper_jobs.follow_registry_for_ever(publisher))  # type: ignore[arg-type]
    assert [record.getMessage() for record in caplog.records] == [
        "the registry cannot be read",
        "the registry cannot be followed",
        "serving revision abcdefabcdef",
        "the registry cannot be read",
    ]
