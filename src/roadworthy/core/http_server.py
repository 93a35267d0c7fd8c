"""How both planes serve HTTP: one set of choices, so that neither drifts from the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

__all__ = ["http_server"]


def http_server(app: ASGIApp, *, grace_s: int, keep_alive_s: int = 5) -> uvicorn.Server:
    """A server for sockets that somebody else holds open.

    Once asked to stop, it lets requests under way go on for `grace_s`; it keeps an idle
    connection for `keep_alive_s`. It logs nothing of requests and names itself to nobody.
    """
    import uvicorn

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
    return uvicorn.Server(config)
