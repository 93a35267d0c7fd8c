"""What tests of access share: an installation with keys on a clock that is set by hand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from roadworthy.access import SessionSigner
from roadworthy.access.keys import KeyStore, NewKey
from roadworthy.control import create_app
from roadworthy.control.context import Play, Resume, Workbench
from roadworthy.control.entry.access import Access
from roadworthy.control.samples.memory import MemorySource
from roadworthy.models import Model
from roadworthy.registry.store import StoredRegistry
from roadworthy.storage import StateFolder
from roadworthy.storage.database import open_database

NOW_US = 1_795_232_467_000_000
TOKEN = "the local owner's token"
HOST = "http://localhost:8701"


class HandClock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.us = NOW_US

    def now_us(self) -> int:
        return self.us

    def elapsed_us(self) -> int:
        return self.us


class Installation:
    """A control plane with a database of its own; nothing waits for `pause`, it is counted."""

    def __init__(
        self,
        folder: Path,
        *,
        root: Path | None = None,
        play: Play | None = None,
        resume: Resume | None = None,
        source: MemorySource | None = None,
    ) -> None:
        self.clock = HandClock()
        state = StateFolder(folder / "state")
        self.engine = open_database(state)
        self.registry = StoredRegistry(
            self.engine,
            state,
            clock=self.clock,
            protected=("production",),
            models=lambda: {
                name: Model(name=name, provider="openai", upstream="u") for name in ("m", "local")
            },
            environment="test",
        )
        self.keys = KeyStore(self.engine, clock=self.clock)
        self.paused: list[float] = []
        self.changes = 0
        self.access = Access(
            signer=SessionSigner(b"s" * 32), keys=self.keys, owner_token=TOKEN, pause=self._pause
        )
        self.app = create_app(
            source or MemorySource(),
            workbench=Workbench(
                registry=self.registry,
                on_change=self._changed,
                root=root,
                play=play,
                resume=resume,
            ),
            access=self.access,
            hosts=("board.test",),
            clock=self.clock,
        )

    async def _pause(self, seconds: float) -> None:
        self.paused.append(seconds)

    def _changed(self) -> None:
        self.changes += 1

    def key(self, name: str, role: Any = "owner") -> NewKey:
        return self.keys.create(name, role)

    def browser(self, *, address: str = "127.0.0.1", base: str = HOST) -> TestClient:
        """A client that keeps cookies, and follows no redirect by itself."""
        return TestClient(
            self.app,
            base_url=base,
            client=(address, 50_000),
            follow_redirects=False,
            raise_server_exceptions=False,
        )

    def program(self, secret: str) -> TestClient:
        """A client that shows a key."""
        client = self.browser(address="203.0.113.9")
        client.headers["authorization"] = f"Bearer {secret}"
        return client

    def logged_in(self, secret: str) -> TestClient:
        """A browser after the login page."""
        browser = self.browser(address="203.0.113.9")
        answer = log_in(browser, secret)
        assert answer.status_code == 303, answer.text
        return browser


def form_token(browser: TestClient, path: str = "/login") -> str:
    """The token in the first form of a page."""
    page = browser.get(path)
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found is not None, page.text[:500]
    return found[1]


def log_in(browser: TestClient, secret: str, **fields: str) -> Any:
    """What the login page answers to this key."""
    data = {"csrf": form_token(browser), "key": secret, **fields}
    return browser.post("/login", data=data)
