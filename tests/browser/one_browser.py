"""One browser for the tests of a module."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeAlias

import pytest
from devtools import Browser, Tab, find_chromium

Use: TypeAlias = Callable[[Tab], Awaitable[Any]]


def one_browser() -> Iterator[Callable[[Use], Any]]:
    """The body of a fixture: what it yields runs a test's coroutine on a fresh tab of one browser
    that all tests of the module share."""
    command = find_chromium()
    if command is None:
        pytest.skip("no chromium found; install it, or name it in ROADWORTHY_CHROMIUM")
    with asyncio.Runner() as runner:
        browser = runner.run(Browser.launch(command))

        async def on_a_tab(use: Use) -> Any:
            async with browser.tab() as tab:
                return await use(tab)

        yield lambda use: runner.run(on_a_tab(use))
        runner.run(browser.close())
