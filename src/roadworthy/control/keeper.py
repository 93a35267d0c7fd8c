"""The keeper process: the only writer of the database, the maker of snapshots, the dashboard.

Started as ``python -m roadworthy.control.keeper``. The snapshot comes first and the database
second, so that gateways serve while the database is away; the supervisor starts the keeper
again until it is back.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import socket
from contextlib import ExitStack
from pathlib import Path

import uvloop

from roadworthy.control.app import create_app
from roadworthy.control.keeper_jobs import (
    forget_for_ever,
    listen_to_supervisor,
    load_for_ever,
    publish_for_ever,
)
from roadworthy.control.publisher import Publisher
from roadworthy.control.stored import StoredSource
from roadworthy.core import SystemClock
from roadworthy.core.channel import Channel
from roadworthy.core.errors import RoadworthyError
from roadworthy.core.http_server import http_server
from roadworthy.storage import StateFolder, keeper_lock
from roadworthy.storage.database import open_database
from roadworthy.storage.loader import Loader

__all__ = ["main"]

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
    publisher = Publisher(root=arguments.project, folder=folder, environment=arguments.environment)
    with ExitStack() as held:
        try:
            held.enter_context(keeper_lock(folder))
            if arguments.again and not arguments.dev and folder.snapshot.exists():
                publisher.adopt()  # a keeper that died must not put changed files into service
            else:
                publisher.publish_or_adopt()
        except RoadworthyError as error:
            channel.send({"type": "failed", "message": error.message})
            raise
        channel.send({"type": "ready", "revision": publisher.snapshot.revision})
        engine = await asyncio.to_thread(open_database, folder)
        clock = SystemClock()
        loader = Loader(folder, engine, clock)
        source = StoredSource(engine=engine, folder=folder, publisher=publisher)
        app = create_app(
            source,
            hosts=publisher.snapshot.settings.server.allowed_hosts,
            gateway_url=arguments.gateway_url,
        )
        server = http_server(app, grace_s=GRACE_S)
        jobs = [
            asyncio.create_task(listen_to_supervisor(channel, source, publisher, server)),
            asyncio.create_task(load_for_ever(loader, source, clock)),
            asyncio.create_task(forget_for_ever(publisher, folder, engine, clock)),
        ]
        if arguments.dev:
            jobs.append(asyncio.create_task(publish_for_ever(publisher)))
        await server.serve(sockets=[socket.socket(fileno=arguments.socket_fd)])
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        # The gateways have stopped by now: what they wrote last is loaded before the keeper goes.
        await asyncio.to_thread(loader.load_once)
        loader.close()
        engine.dispose()


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
    try:
        uvloop.run(keep(arguments))
    except RoadworthyError as error:
        _log.error("%s", error.message)
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
