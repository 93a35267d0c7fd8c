"""A promotion while calls are under way: each goes on with what it began with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pipelines import GOOD
from published import INDEX, at, publish_files, snapshot_of
from roadworthy.core import SystemClock
from roadworthy.pipeline import CallRequest, Pipeline, compile_state
from roadworthy.pipeline.pinned import PinnedVersions
from roadworthy.tasks import Snapshot, StreamMode
from roadworthy.testing import MemoryJournal, ScriptedUpstream

BAD = '{"sentiment":"positive","confidence":5}'


class Moving:
    """A gateway whose production moves from 1.1.0 to 2.0.0."""

    def __init__(self, *answers: str, stream: StreamMode = "buffered") -> None:
        self.hold = asyncio.Event()
        self.upstream = ScriptedUpstream(answers, hold=self.hold)
        self.journal = MemoryJournal()
        self.stream = stream
        self.state = compile_state(self.snapshot("1.1.0"), {})
        self.pipeline = Pipeline(
            state=lambda: self.state,
            upstream=self.upstream,
            journal=self.journal,
            clock=SystemClock(),
        )

    def snapshot(self, version: str) -> Snapshot:
        index = msgspec.structs.replace(INDEX, channels={"production": version})
        snapshot = snapshot_of(index)
        task = msgspec.structs.replace(snapshot.tasks["triage"], stream=self.stream, digest="")
        return msgspec.structs.replace(snapshot, tasks={"triage": task})

    def promote(self) -> None:
        self.state = compile_state(self.snapshot("2.0.0"), {}, previous=self.state)

    def asked(self) -> list[str]:
        """Which version's prompt each question was made by, further questions included."""
        texts = [str(ask.messages) for _, ask in self.upstream.asked]
        return ["1.1.0" if "1.1.0: Hi." in text else "2.0.0" for text in texts]


async def moved_while(moving: Moving, work: Awaitable[Any]) -> Any:
    call = asyncio.ensure_future(work)
    while not moving.upstream.asked:  # noqa: ASYNC110 - the published fake tells nobody
        await asyncio.sleep(0)
    moving.promote()
    moving.hold.set()
    return await call


async def streamed(pipeline: Pipeline, request: CallRequest) -> str:
    stream = await pipeline.stream(request)
    text = ""
    async for batch in stream.deltas:
        text += "".join(delta.text for delta in batch)
    return text


def test_a_call_under_way_ends_with_the_version_that_it_began_with() -> None:
    async def run() -> Moving:
        moving = Moving(GOOD)
        finished = await moved_while(moving, moving.pipeline.run(at("")))
        assert finished.call.version == "1.1.0"
        assert (await moving.pipeline.run(at(""))).call.version == "2.0.0"
        return moving

    moving = asyncio.run(run())
    assert moving.asked() == ["1.1.0", "2.0.0"]
    assert [call.outcome for call in moving.journal.calls] == ["first_pass"] * 2


def test_what_a_call_asks_again_is_asked_by_the_version_that_it_began_with() -> None:
    async def run() -> Moving:
        moving = Moving(BAD, GOOD)
        finished = await moved_while(moving, moving.pipeline.run(at("")))
        assert (finished.call.version, finished.call.outcome) == ("1.1.0", "reasked")
        return moving

    assert asyncio.run(run()).asked() == ["1.1.0", "1.1.0"]


@pytest.mark.parametrize("mode", ["fields", "buffered", "raw"])
def test_a_stream_under_way_ends_with_the_version_that_it_began_with(mode: StreamMode) -> None:
    async def run() -> Moving:
        moving = Moving(GOOD, stream=mode)
        text = await moved_while(moving, streamed(moving.pipeline, at("")))
        assert msgspec.json.decode(text) == msgspec.json.decode(GOOD)
        return moving

    moving = asyncio.run(run())
    assert [call.version for call in moving.journal.calls] == ["1.1.0"]
    assert moving.asked() == ["1.1.0"]


def test_a_pin_stays_where_production_was(tmp_path: Path) -> None:
    publish_files(tmp_path)

    async def run() -> list[str]:
        moving = Moving(GOOD)
        moving.hold.set()
        moving.state = replace(moving.state, pins=PinnedVersions(tmp_path))
        before = await moving.pipeline.run(at("@^1"))
        moving.promote()
        pinned = await moving.pipeline.run(at(f"@{before.call.version}"))
        return [before.call.version, pinned.call.version, *moving.asked()]

    assert asyncio.run(run()) == ["1.1.0"] * 4
