"""A registry behind a real control plane on a loopback port, asked as the command line asks it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from registry_samples import stored_registry
from roadworthy.access import SessionSigner
from roadworthy.control import create_app
from roadworthy.control.context import Workbench
from roadworthy.control.entry.access import Access
from roadworthy.control.samples.memory import MemorySource
from roadworthy.registry.remote import RemoteRegistry

TOKEN = "of-this-machine"


@contextmanager
def served_registry(folder: Path) -> Iterator[RemoteRegistry]:
    """A registry in this folder, at the other end of a connection."""
    with stored_registry(folder) as registry, socket.create_server(("127.0.0.1", 0)) as sock:
        app = create_app(
            MemorySource(),
            workbench=Workbench(registry=registry, on_change=lambda: None),
            access=Access(signer=SessionSigner(b"s" * 32), owner_token=TOKEN),
        )
        config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[sock])))
        thread.start()
        try:
            yield RemoteRegistry(f"http://127.0.0.1:{sock.getsockname()[1]}", TOKEN)
        finally:
            server.should_exit = True
            thread.join()
