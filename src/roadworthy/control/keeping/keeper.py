"""The keeper process: the only writer of the database, the maker of snapshots, the dashboard.

Started as ``python -m roadworthy.control.keeping.keeper``. The snapshot comes first and the
database second, so that gateways serve while the database is away; the supervisor starts the
keeper again until it is back.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import socket
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import uvloop
from sqlalchemy import Engine

from roadworthy.control.app import create_app
from roadworthy.control.context import Workbench
from roadworthy.control.entry.access import stored_access
from roadworthy.control.keeping.keeper_address import announced
from roadworthy.control.keeping.keeper_jobs import (
    follow_registry_for_ever,
    forget_for_ever,
    listen_to_supervisor,
    load_for_ever,
    publish_for_ever,
    restore_files_for_ever,
)
from roadworthy.control.keeping.operator_call import call_as_operator, resume_as_operator
from roadworthy.control.keeping.publisher import BoundModels, Publisher
from roadworthy.control.keeping.stored import StoredSource
from roadworthy.core import SystemClock
from roadworthy.core.channel import Channel
from roadworthy.core.errors import RoadworthyError, StoreError
from roadworthy.core.http_server import http_server
from roadworthy.registry.served import ServedVersions
from roadworthy.registry.store import StoredRegistry
from roadworthy.storage import StateFolder, keeper_lock
from roadworthy.storage.database import open_database
from roadworthy.storage.loader import Loader

__all__ = ["main"]

LOCK_PATIENCE_S = 5.0
"""A command that writes holds the folder for a moment; the keeper before this one, until it has
loaded the last calls."""
GRACE_S = 5
"""How long pages under way may take after the keeper was asked to stop."""

_log = logging.getLogger(__name__)


async def keep(arguments: argparse.Namespace) -> None:
    """Work until the supervisor asks to stop or is gone.

    Raises:
        RoadworthyError: the project has faults, or the state folder cannot be used.
    """
    folder = StateFolder(arguments.state)
    channel = await Channel.over(socket.socket(fileno=arguments.channel_fd))
    publisher = Publisher(
        root=arguments.project,
        folder=folder,
        environment=arguments.environment,
        dev=arguments.dev,
    )
    with ExitStack() as held:
        try:
            held.enter_context(keeper_lock(folder, patience_s=LOCK_PATIENCE_S))
            engine = await asyncio.to_thread(_start, publisher, folder, again=arguments.again)
        except RoadworthyError as error:
            channel.send({"type": "failed", "message": error.message})
            raise
        channel.send({"type": "ready", "revision": publisher.snapshot.revision})
        if engine is None:  # gateways serve; the supervisor starts the keeper until it is back
            engine = await asyncio.to_thread(open_database, folder)
            publisher.start(ServedVersions(engine, folder), again=True)
        await _work(arguments, held, _Kept(folder, channel, publisher, engine))


@dataclass(frozen=True)
class _Kept:
    """What the keeper holds while it works."""

    folder: StateFolder
    channel: Channel
    publisher: Publisher
    engine: Engine


async def _work(arguments: argparse.Namespace, held: ExitStack, kept: _Kept) -> None:
    folder, publisher, engine = kept.folder, kept.publisher, kept.engine
    clock = SystemClock()
    sock = socket.socket(fileno=arguments.socket_fd)
    token = held.enter_context(announced(folder, sock))
    loader = Loader(folder, engine, clock)
    source = StoredSource(engine=engine, folder=folder, publisher=publisher)
    settings = publisher.snapshot.settings
    registry = StoredRegistry(
        engine,
        folder,
        clock=clock,
        protected=settings.channels.protected,
        models=lambda: BoundModels(publisher),
        environment=arguments.environment or settings.defaults.environment,
        root=arguments.project,
    )
    app = create_app(
        source,
        workbench=Workbench(
            registry=registry,
            on_change=publisher.follow,
            root=arguments.project,
            play=partial(call_as_operator, arguments.gateway_url, publisher.operator_token),
            resume=partial(resume_as_operator, arguments.gateway_url, publisher.operator_token),
        ),
        access=stored_access(engine, folder, clock=clock, owner_token=token),
        hosts=settings.server.allowed_hosts,
        gateway_url=arguments.gateway_url,
    )
    server = http_server(app, grace_s=GRACE_S)
    jobs = [
        asyncio.create_task(listen_to_supervisor(kept.channel, source, publisher, server)),
        asyncio.create_task(load_for_ever(loader, source, clock)),
        asyncio.create_task(forget_for_ever(publisher, folder, engine, clock)),
        asyncio.create_task(follow_registry_for_ever(publisher)),
        asyncio.create_task(restore_files_for_ever(publisher)),
    ]
    if arguments.dev:
        jobs.append(asyncio.create_task(publish_for_ever(publisher)))
    await server.serve(sockets=[sock])
    for job in jobs:
        job.cancel()
    await asyncio.gather(*jobs, return_exceptions=True)
    # The gateways have stopped by now: what they wrote last is loaded before the keeper goes.
    await asyncio.to_thread(loader.load_once)
    loader.close()
    engine.dispose()


def _start(publisher: Publisher, folder: StateFolder, *, again: bool) -> Engine | None:
    """Let the first snapshot be written; None: the database is away, and what was served last is
    served on without it."""
    try:
        engine = open_database(folder)
    except StoreError as away:
        try:
            publisher.start(None, again=again)
        except StoreError as error:
            raise StoreError(f"{away.message}\n{error.message}") from error
        _log.error("%s", away.message)
        return None
    publisher.start(ServedVersions(engine, folder), again=again)
    return engine


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--socket-fd", type=int, required=True)
    parser.add_argument("--channel-fd", type=int, required=True)
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--gateway-url", required=True)
    parser.add_argument("--environment", default=None)
    parser.add_argument("--dev", action="store_true")
    parser.add_argument("--again", action="store_true", help="the keeper before this one died")
    return parser.parse_args(arguments)


def main() -> None:
    arguments = parse_arguments()
    logging.basicConfig(level=logging.WARNING, format="keeper: %(message)s")
    # Until the server handles it, too: what is held by then, such as the address, is put away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        uvloop.run(keep(arguments))
    except RoadworthyError as error:
        _log.error("%s", error.message)
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
