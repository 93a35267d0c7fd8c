"""Requests made of rubbish: none is let in, and none makes the control plane fail."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from keyed import TOKEN, Installation

REQUESTS = 1_200
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "QUERY"]
PATHS = [
    *("/", "/login", "/logout", "/keys", "/calls", "/healthz", "/static/app.css", "/tasks/x"),
    *("/tasks/x/channels", "/tasks/x/playground", "/api/me", "/api/keys", "/api/versions"),
    *("/api/tasks/x/versions", "/api/tasks/x/channels/production", "/api/registry/import"),
    *("/api/results", "/api/tasks/x/play", "/api/tasks/x/cases", "/api/openapi.json"),
]
PUBLIC = ("/login", "/healthz", "/static")
NAMES = ["content-type", "cookie", "authorization", "x-csrf-token", "origin", "content-length"]
NAMES += ["x-roadworthy-actor", "x-request-id", "accept"]
BODIES = [b"", b"{}", b'{"name":"x","role":"owner"}', b"csrf=x&key=y&name=z", b"[" * 5_000]
RUBBISH = b"/\\.%00:?#&=;,\"'<>{}[]\xff\xc3\xa9 \tazAZ09~^@"


class Rubbish:
    """Requests, the same ones each time."""

    def __init__(self, cookie: str) -> None:
        self._random = random.Random(20_261_121)
        self._cookie = cookie.encode()

    def some(self, most: int) -> bytes:
        return bytes(self._random.choices(RUBBISH, k=self._random.randrange(most)))

    def scope(self, secret: str | None) -> dict[str, Any]:
        path = self._random.choice(PATHS)
        if self._random.random() < 0.5:
            path += self.some(12).decode("latin-1")
        names = [name for name in NAMES if self._random.random() < 0.3]
        headers = [(b"host", b"localhost")]
        headers += [(name.encode(), self._value()) for name in names if name != "authorization"]
        if secret is not None or "authorization" in names:
            shown = secret.encode() if secret is not None else self.some(40)
            headers.append((b"authorization", b"Bearer " + shown))
        return {
            "type": "http",
            "method": self._random.choice(METHODS),
            "path": path,
            "query_string": self.some(40),
            "headers": headers,
            "client": ("203.0.113.9", 1),
        }

    def body(self) -> bytes:
        return self._random.choice([*BODIES, self.some(80)])

    def _value(self) -> bytes:
        usual = [b"application/json", b"application/x-www-form-urlencoded", b"9" * 20]
        return self._random.choice([*usual, self.some(40), self._cookie + b"=" + self.some(60)])


async def answer(app: Any, scope: dict[str, Any], body: bytes) -> int | None:
    """The status; None: the connection was closed without one."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[Any] = []

    async def receive() -> Any:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"] if sent else None


@pytest.mark.parametrize("who", ["stranger", "viewer", "owner"])
def test_rubbish_is_turned_away_and_breaks_nothing(
    tmp_path_factory: pytest.TempPathFactory, who: str
) -> None:
    house = Installation(tmp_path_factory.mktemp("house"))
    house.key("Ada")
    viewer = house.key("Grace", "viewer").secret
    secret = {"stranger": None, "viewer": viewer, "owner": TOKEN}[who]
    rubbish = Rubbish(f"roadworthy_session_{house.access.signer.suffix}")

    async def ask() -> None:
        for _ in range(REQUESTS):
            scope, body = rubbish.scope(secret), rubbish.body()
            asked = (scope["method"], scope["path"], scope["query_string"])
            status = await answer(house.app, dict(scope), body)
            assert status is None or status < 500, asked
            if who == "stranger" and not scope["path"].startswith(PUBLIC):
                assert status in (None, 303, 400, 401, 403, 413), asked

    asyncio.run(ask())
    if who != "owner":
        assert {key.name for key in house.keys.listed()} == {"Grace", "Ada"}
