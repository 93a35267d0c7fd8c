"""Who may come in: the keys, the sessions and the local owner's token of an installation.

`roadworthy.control.entry.door` asks here who a request is from; the pages of logging in and out
do, too.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from sqlalchemy import Engine

from roadworthy.access import EndedSessions, Session, SessionSigner, Slowdown, load_signing_secret
from roadworthy.access.keys import Key, KeyStore
from roadworthy.core import Clock
from roadworthy.core.errors import Overloaded
from roadworthy.storage import StateFolder

__all__ = ["Access", "Pause", "open_access", "stored_access"]

Pause: TypeAlias = Callable[[float], Awaitable[None]]
MOST_WAITING: Final = 64
"""Failures whose answers wait at the same time; each holds a connection."""


@dataclass(kw_only=True)
class Access:
    """What an installation knows of those who may come in."""

    signer: SessionSigner
    keys: KeyStore | None = None
    """None: there are none, and none can be made."""
    owner_token: str | None = None
    """Of `keeper.json`: whoever can read that file is the installation's own user."""
    without_keys: Literal["loopback", "anyone"] = "loopback"
    """Who is an owner as long as no key was ever made."""
    ended: EndedSessions = field(default_factory=EndedSessions)
    slowdown: Slowdown = field(default_factory=Slowdown)
    pause: Pause = asyncio.sleep
    waiting: int = 0

    @property
    def keys_required(self) -> bool:
        return self.keys is not None and self.keys.required

    def is_owner_token(self, given: str) -> bool:
        # Compared with something in any case, so that the time tells nothing.
        expected = self.owner_token or secrets.token_hex(32)
        return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())

    def find_key(self, secret: str) -> Key | None:
        """The good key that this is."""
        return self.keys.find(secret) if self.keys is not None else None

    def key_of(self, session: Session) -> Key | None:
        """The key that the session was begun with, as it is now; None: the session is over."""
        if self.keys is None or session in self.ended:
            return None
        return self.keys.good(session.key_id)

    async def slow_down(self, address: str, *, now_us: int) -> None:
        """Wait before telling this address that its key is wrong.

        Raises:
            Overloaded: too many wait already; those who show a right key never come here.
        """
        delay_s = self.slowdown.failed(address, now_us=now_us)
        if self.waiting >= MOST_WAITING:
            raise Overloaded("Too many wrong keys at once. Try again shortly.", retry_after_s=10)
        self.waiting += 1
        try:
            await self.pause(delay_s)
        finally:
            self.waiting -= 1


def open_access() -> Access:
    """Everybody who gets past the guard is an owner: for tests, and for looking at pages."""
    return Access(signer=SessionSigner(secrets.token_bytes(32)), without_keys="anyone")


def stored_access(
    engine: Engine, folder: StateFolder, *, clock: Clock, owner_token: str | None
) -> Access:
    """The access of a running installation.

    Raises:
        StoreError: the state folder cannot be used.
    """
    return Access(
        signer=SessionSigner(load_signing_secret(folder.path / "session.secret")),
        keys=KeyStore(engine, clock=clock),
        owner_token=owner_token,
        ended=EndedSessions(folder.path / "ended-sessions.json"),
    )
