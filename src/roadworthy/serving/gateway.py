"""One gateway process: the data plane on a socket that its supervisor holds open.

Started as ``python -m roadworthy.serving.gateway``. It reads the snapshot from the state folder
and never the database; it writes its own journal file and nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import hashlib
import logging
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import uvicorn
import uvloop

from roadworthy.core import SystemClock
from roadworthy.core.channel import Channel
from roadworthy.core.errors import StoreError
from roadworthy.core.http_server import http_server
from roadworthy.models import HttpUpstream
from roadworthy.pipeline import Pipeline, ServingState, compile_state
from roadworthy.pipeline.pinned import PinnedVersions
from roadworthy.serving.app import GatewayStatus, create_app
from roadworthy.serving.local_model import SharedLocalModel
from roadworthy.storage import JournalWriter, StateFolder
from roadworthy.tasks import SnapshotWatcher

__all__ = ["main", "serve_gateway"]

KEEP_ALIVE_S = 75
"""Longer than proxies usually keep theirs: the side that closes first may meet a new request."""
SNAPSHOT_POLL_S = 0.25
STATUS_EVERY_S = 1.0
GRACE_S = 30
"""How long calls under way may go on after the gateway was asked to stop."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Current:
    """The one mutable thing in a gateway: which state it serves."""

    state: ServingState


async def serve_gateway(
    *, sock: socket.socket, channel_sock: socket.socket, folder: Path, name: str
) -> None:
    """Serve until asked to stop, or until the supervisor is gone."""
    clock = SystemClock()
    state_folder = StateFolder(folder)
    channel = await Channel.over(channel_sock)
    watcher = SnapshotWatcher(state_folder.snapshot)
    if not watcher.poll():  # the supervisor starts gateways once there is one
        raise StoreError(f"there is no snapshot in {folder}; start gateways by `roadworthy serve`")
    pins = PinnedVersions(state_folder.versions)
    current = Current(compile_state(watcher.current, os.environ, pins=pins))
    _tell_unservable(current.state, known={})
    local = SharedLocalModel(channel)
    # All gateways of an installation share its state folder.
    via = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    upstream = HttpUpstream(local=local, environ=os.environ, clock=clock, via=via)
    journal = JournalWriter(state_folder, name, clock)
    pipeline = Pipeline(
        state=lambda: current.state,
        upstream=upstream,
        journal=journal,
        clock=clock,
        gateway=name,
    )

    def status() -> GatewayStatus:
        return GatewayStatus(
            revision=current.state.snapshot.revision,
            under_way=pipeline.load.under_way,
            unrecorded=journal.lost,
        )

    app = create_app(
        pipeline,
        state=lambda: current.state,
        status=status,
        allowed_hosts=current.state.snapshot.settings.server.allowed_hosts,
        via=via,
    )
    server = http_server(app, grace_s=GRACE_S, keep_alive_s=KEEP_ALIVE_S)
    helpers = [
        asyncio.create_task(_obey(channel, local, server)),
        asyncio.create_task(_swap(watcher, current)),
        asyncio.create_task(_report(channel, status, current)),
    ]
    calm_garbage_collector()
    try:
        await server.serve(sockets=[sock])
    finally:
        for helper in helpers:
            helper.cancel()
        await upstream.close()
        journal.close()


def calm_garbage_collector() -> None:
    """What stands after the start stays: leave it out of every later collection. A call makes
    few cycles, and looking for them so often took 6 to 8 % of a gateway's CPU, measured."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(25_000, 20, 50)


async def _obey(channel: Channel, local: SharedLocalModel, server: uvicorn.Server) -> None:
    """Take the supervisor's messages; stop when it is gone."""
    while (message := await channel.receive()) is not None:
        if message["type"] == "local_model":
            local.answer(message)
    server.should_exit = True


async def _swap(watcher: SnapshotWatcher, current: Current) -> None:
    """Serve the newest snapshot, as far as it can be served; calls under way keep the state that
    they began with. In a thread, for calls go on while hundreds of tasks are read."""
    while True:
        await asyncio.sleep(SNAPSHOT_POLL_S)
        try:
            current.state = await asyncio.to_thread(_newest, watcher, current.state)
        except Exception:  # noqa: BLE001 - a boundary: the last state goes on serving
            _log.exception("the new snapshot cannot be served, the last one stays")


def _newest(watcher: SnapshotWatcher, served: ServingState) -> ServingState:
    if not watcher.poll():
        return served
    state = compile_state(watcher.current, os.environ, previous=served)
    _tell_unservable(state, known=served.unservable)
    return state


def _tell_unservable(state: ServingState, *, known: Mapping[str, str]) -> None:
    for name, reason in state.unservable.items():
        if known.get(name) != reason:
            _log.error("task %s is not served: %s", name, reason)


async def _report(channel: Channel, status: Callable[[], GatewayStatus], current: Current) -> None:
    """Tell the supervisor how it goes, and which models' prices the keeper should look up."""
    while True:
        told = msgspec.to_builtins(status()) | {"unpriced": current.state.unpriced()}
        channel.send({"type": "status", "status": told})
        await asyncio.sleep(STATUS_EVERY_S)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--socket-fd", type=int, required=True)
    parser.add_argument("--channel-fd", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--name", required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format=f"{arguments.name}: %(message)s")
    uvloop.run(
        serve_gateway(
            sock=socket.socket(fileno=arguments.socket_fd),
            channel_sock=socket.socket(fileno=arguments.channel_fd),
            folder=arguments.state,
            name=arguments.name,
        )
    )


if __name__ == "__main__":
    main()
