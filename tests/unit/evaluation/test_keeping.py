from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from roadworthy.core.errors import StoreError
from roadworthy.evaluation.keeping import Keeping
from roadworthy.registry import CaseResult, ResultKey


def row(run: int) -> CaseResult:
    key = ResultKey(task="t", definition="d", binding="b", question="q", run=run)
    return CaseResult(
        key=key, expected="", case_id="c", outcome="first_pass", latency_ms=1, at_us=0
    )


def test_rows_are_written_in_batches_and_the_rest_at_the_end() -> None:
    batches: list[int] = []

    async def keep_many() -> None:
        keeping = Keeping(keep=lambda rows: batches.append(len(rows)))
        for run in range(450):
            await keeping.add(row(run))
        await keeping.flush()
        await keeping.flush()

    asyncio.run(keep_many())
    assert batches == [200, 200, 50]


def test_giving_up_the_wait_gives_up_no_row() -> None:
    written: list[CaseResult] = []
    begun, may_end = threading.Event(), threading.Event()

    def slow(rows: Sequence[CaseResult]) -> None:
        begun.set()
        may_end.wait(5)
        written.extend(rows)

    async def interrupted() -> None:
        keeping = Keeping(keep=slow)
        await keeping.add(row(0))
        flushing = asyncio.create_task(keeping.flush())
        await asyncio.to_thread(begun.wait, 5)
        flushing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await flushing
        may_end.set()

    asyncio.run(interrupted())  # which ends when its threads have
    assert len(written) == 1


def test_without_a_registry_nothing_is_kept() -> None:
    async def keep_none() -> None:
        keeping = Keeping(keep=None)
        await keeping.add(row(0))
        await keeping.flush()

    asyncio.run(keep_none())


def test_rows_that_cannot_be_written_wait_for_the_next_time() -> None:
    written: list[int] = []
    away = True

    def keep(rows: Sequence[CaseResult]) -> None:
        if away:
            raise StoreError("the disk is full")
        written.append(len(rows))

    async def keep_later() -> tuple[str | None, str | None]:
        nonlocal away
        keeping = Keeping(keep=keep)
        await keeping.add(row(0))
        await keeping.flush()
        first, away = keeping.failure, False
        await keeping.add(row(1))
        await keeping.flush()
        return first, keeping.failure

    assert asyncio.run(keep_later()) == ("the disk is full", None)
    assert written == [2]
