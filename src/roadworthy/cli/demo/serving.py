"""Starts what `roadworthy serve` starts, for as long as the demo needs it."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

__all__ = ["Addresses", "ServeExample", "serve_example"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the running server answers, without a trailing slash."""

    gateway_url: str
    dashboard_url: str


ServeExample: TypeAlias = Callable[[Path], AbstractAsyncContextManager[Addresses]]
"""Serves the project in this folder; on entering, it answers, and on leaving it is gone."""


@asynccontextmanager
async def serve_example(project: Path) -> AsyncIterator[Addresses]:
    """The project's working copies, on the usual ports where they are free.

    Raises:
        RoadworthyError: the server could not start, with its reason.
    """
    from roadworthy.cli.place import open_project, state_of
    from roadworthy.cli.serve.supervisor import ServeOptions, supervise
    from roadworthy.core import ServerSettings

    loaded = open_project(project)
    given = loaded.settings.server
    options = ServeOptions(
        project=loaded.root,
        state=state_of(loaded),
        server=ServerSettings(
            host=given.host,
            port=free_port(given.host, given.port),
            control_port=free_port(given.host, given.control_port),
        ),
        dev=True,
    )
    async with supervise(options) as serving:
        yield Addresses(gateway_url=serving.gateway_url, dashboard_url=serving.control_url)


def free_port(host: str, port: int) -> int:
    """This port, or 0 (any) where something listens on it already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return 0
    return port
