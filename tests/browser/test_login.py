"""Logging in and out in a real browser, by keyboard, with and without scripts."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from devtools import Browser, Tab, find_chromium

from roadworthy.access import SessionSigner
from roadworthy.access.keys import KeyStore
from roadworthy.control import create_app
from roadworthy.control.entry.access import Access
from roadworthy.control.samples.memory import MemorySource
from roadworthy.core import SystemClock
from roadworthy.storage import StateFolder
from roadworthy.storage.database import open_database

pytestmark = pytest.mark.browser


class Board:
    """A control plane with one owner's and one viewer's key."""

    def __init__(self, folder: Path) -> None:
        self._engine = open_database(StateFolder(folder))
        keys = KeyStore(self._engine, clock=SystemClock())
        keys.create("Ada", "owner")
        self.secret = keys.create("Grace Hopper of the nightly report", "viewer").secret
        app = create_app(
            MemorySource(), access=Access(signer=SessionSigner(b"s" * 32), keys=keys, pause=_no)
        )
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]})
        self._thread.start()
        deadline = time.monotonic() + 10
        while not self._server.started and time.monotonic() < deadline:
            time.sleep(0.01)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._engine.dispose()


async def _no(_seconds: float) -> None:
    """Wait for nothing."""


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    board = Board(tmp_path_factory.mktemp("state"))
    yield board
    board.stop()


async def fits(tab: Tab) -> bool:
    found = await tab.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )
    return bool(found)


async def type_key(tab: Tab, key: str) -> None:
    """Into the field that has the focus by itself, once it does."""
    async with asyncio.timeout(10):
        while await tab.evaluate("document.activeElement.id") != "key":  # noqa: ASYNC110 - a page sets no event
            await asyncio.sleep(0.02)
    await tab.type(key)


@pytest.mark.parametrize("width", [1280, 360])
def test_a_key_typed_blindly_leads_where_one_wanted_to_go_and_out_again(
    board: Board, width: int
) -> None:
    command = find_chromium()
    if command is None:
        pytest.skip("no chromium found; install it, or name it in ROADWORTHY_CHROMIUM")

    async def use() -> None:
        browser = await Browser.launch(command)
        try:
            async with browser.tab() as tab:
                await tab.size(width, 800)
                await tab.scripts(enabled=False)
                await tab.open(f"{board.url}/calls?since=7d")
                await type_key(tab, "rw_o_wrong")
                await tab.press("Enter", expect_load=True)
                await type_key(tab, board.secret)
                await tab.press("Enter", expect_load=True)
                await tab.scripts(enabled=True)
                assert await tab.evaluate("location.href") == f"{board.url}/calls?since=7d"
                assert await tab.evaluate("document.cookie") == ""
                assert await fits(tab)
                blocked = [p for p in tab.problems if "401" not in p]
                assert blocked == []
                await tab.evaluate("document.querySelector('.who button').focus()")
                await tab.press("Enter", expect_load=True)
                await tab.open(f"{board.url}/")
                assert await tab.evaluate("location.href") == f"{board.url}/login"
                assert await fits(tab)
        finally:
            await browser.close()

    asyncio.run(use())
