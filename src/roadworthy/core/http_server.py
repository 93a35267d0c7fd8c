"""How both planes serve HTTP: one set of choices, so that neither drifts from the other."""

from __future__ import annotations

import signal
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from starlette.types import ASGIApp

__all__ = ["http_server"]


def http_server(app: ASGIApp, *, grace_s: int, keep_alive_s: int = 5) -> uvicorn.Server:
    """A server for sockets that somebody else holds open.

    Once asked to stop, it lets requests under way go on for `grace_s`; it keeps an idle
    connection for `keep_alive_s`. It logs nothing of requests and names itself to nobody.
    """
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nothing here reads a caller's address
        timeout_keep_alive=keep_alive_s,
        timeout_graceful_shutdown=grace_s,
    )
    return _Server(config)


class _Server(uvicorn.Server):
    """Uvicorn's own sends itself the signal again that stopped it, once it has stopped, which ends
    the process before what it holds is put away: what was served last, files, locks."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
