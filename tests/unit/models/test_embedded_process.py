"""The embedded model's child process, played by a script that only says where it listens."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from models_loopback import run

from roadworthy.core.errors import LocalModelMissing, UpstreamUnavailable
from roadworthy.models.embedded import LocalModel, process

SERVING = (
    "print('{\"address\": \"http://x/' + str(os.getpid()) + '\"}', flush=True); os.read(fd, 1)"
)
FAILING = 'print(\'{"error": "no such file"}\', flush=True)'
DYING = "sys.stderr.write('boom'); sys.exit(3)"
SILENT = "os.read(fd, 1)"


@asynccontextmanager
async def child_that(
    does: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[LocalModel]:
    def command(model: Path, parent_fd: int) -> Sequence[str]:
        code = f"import os, sys; fd = int(sys.argv[1]); {does}"
        return (sys.executable, "-I", "-S", "-c", code, str(parent_fd))

    monkeypatch.setattr(process, "locate_model", lambda environ: Path("model.gguf"))
    local = LocalModel(log_path=tmp_path / "logs" / "model.log", command=command)
    try:
        yield local
    finally:
        await local.close()


async def pid_of(local: LocalModel) -> int:
    """The child's, once the start has been given its turn."""
    for _ in range(3):
        await asyncio.sleep(0)
    assert local.pid is not None
    return local.pid


def test_all_who_come_first_share_one_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with child_that(SERVING, tmp_path, monkeypatch) as local:
            assert local.pid is None
            addresses = await asyncio.gather(*(local.address() for _ in range(5)))
            assert set(addresses) == {f"http://x/{local.pid}"}
            assert await local.address() == addresses[0]

    run(scenario())


def test_a_child_that_died_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with child_that(SERVING, tmp_path, monkeypatch) as local:
            first = await local.address()
            pid = await pid_of(local)
            os.kill(pid, 9)
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # noqa: ASYNC222 - it is dead by now
            assert await local.address() != first

    run(scenario())


def test_closing_ends_the_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with child_that(SERVING, tmp_path, monkeypatch) as local:
            await local.address()
            pid = await pid_of(local)
        assert not psutil.pid_exists(pid)
        assert local.pid is None

    run(scenario())


def test_closing_ends_a_start_under_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with child_that(SILENT, tmp_path, monkeypatch) as local:
            waiting = asyncio.create_task(local.address())
            pid = await pid_of(local)
            await local.close()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        assert not psutil.pid_exists(pid)

    run(scenario())


def test_a_caller_that_goes_away_does_not_end_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with child_that(SERVING, tmp_path, monkeypatch) as local:
            hasty, patient = (asyncio.create_task(local.address()) for _ in range(2))
            await pid_of(local)
            hasty.cancel()
            assert await patient == f"http://x/{local.pid}"

    run(scenario())


@pytest.mark.parametrize(("does", "reason"), [(FAILING, "no such file"), (DYING, "without a word")])
def test_a_start_that_fails_says_why_and_where_the_log_is(
    does: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with child_that(does, tmp_path, monkeypatch) as local:
            with pytest.raises(LocalModelMissing, match=reason) as caught:
                await local.address()
        assert str(tmp_path / "logs" / "model.log") in caught.value.message

    run(scenario())


def test_what_the_child_prints_is_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "logs" / "model.log"

    async def scenario() -> None:
        async with child_that(DYING, tmp_path, monkeypatch) as local:
            for _ in range(2):
                with pytest.raises(LocalModelMissing):
                    await local.address()
            assert log.read_text() == "boomboom"
            monkeypatch.setattr(process, "LOG_BYTES", 5)
            with pytest.raises(LocalModelMissing):
                await local.address()
            assert log.read_text() == "boom"

    run(scenario())


def test_a_start_that_takes_too_long_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "START_TIMEOUT_S", 0.02)

    async def scenario() -> None:
        async with child_that(SILENT, tmp_path, monkeypatch) as local:
            with pytest.raises(LocalModelMissing, match="did not start within"):
                await local.address()
            assert local.pid is None

    run(scenario())


def test_a_model_that_dies_again_and_again_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "MAX_STARTS", 2)

    async def scenario() -> None:
        async with child_that(DYING, tmp_path, monkeypatch) as local:
            for _ in range(2):
                with pytest.raises(LocalModelMissing):
                    await local.address()
            with pytest.raises(UpstreamUnavailable, match="died 2 times") as caught:
                await local.address()
        assert caught.value.retry_after_s is not None
        assert 0 < caught.value.retry_after_s <= 60

    run(scenario())


def test_a_model_that_is_not_installed_is_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        local = LocalModel(
            log_path=tmp_path / "log", environ={"ROADWORTHY_LOCAL_MODEL": str(tmp_path / "no.gguf")}
        )
        with pytest.raises(LocalModelMissing):
            await local.address()
        await local.close()
        assert not (tmp_path / "log").exists()

    run(scenario())
