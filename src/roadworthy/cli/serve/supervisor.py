"""`roadworthy serve`: starts gateways, the keeper and the embedded model, and keeps them alive.

The supervisor holds both listening sockets open, so that a gateway or keeper that dies costs
its callers a reset connection at most, never a refused one. It does nothing else: no calls, no
database, so there is little in it that can fail.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from roadworthy.cli.serve.children import Child
from roadworthy.core import ServerSettings
from roadworthy.core.errors import RoadworthyError, StoreError
from roadworthy.models.embedded import LocalModel
from roadworthy.storage import StateFolder

__all__ = ["ServeOptions", "Serving", "supervise"]

BACKLOG = 2048
START_TIMEOUT_S = 30.0
TELL_KEEPER_EVERY_S = 1.0
STOP_GRACE_S = 35.0
"""A little more than a gateway gives its calls under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    project: Path
    state: Path
    server: ServerSettings
    dev: bool = False
    environment: str | None = None


@dataclass(slots=True)
class Serving:
    """What runs, for those who start it: the CLI, the demo, tests."""

    gateway_url: str
    control_url: str
    gateways: list[Child]
    keeper: Child
    local: LocalModel
    tasks: list[asyncio.Task[Any]] = field(default_factory=list)


@asynccontextmanager
async def supervise(options: ServeOptions) -> AsyncIterator[Serving]:
    """Everything started and answering; stopped on leaving.

    Raises:
        StoreError: a port is taken, or the state folder cannot be written.
        RoadworthyError: the keeper could not start, with its reason.
    """
    state = StateFolder(options.state)
    state.create()
    server = options.server
    data_socket = listen(server.host, server.port, "port")
    control_socket = listen(server.host, server.control_port, "control_port")
    local = LocalModel(log_path=state.logs / "local-model.log")
    serving = Serving(
        gateway_url=url_of(data_socket),
        control_url=url_of(control_socket),
        gateways=[],
        keeper=None,  # type: ignore[arg-type]  # set below, before anyone can see it
        local=local,
    )
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving.keeper = keeper_child(options, serving, control_socket, ready)
    serving.gateways = [
        gateway_child(f"gateway-{number}", state, serving, data_socket)
        for number in range(1, server.gateways + 1)
    ]
    try:
        keeper_task = asyncio.create_task(serving.keeper.keep_running())
        serving.tasks.append(keeper_task)
        await wait_ready(ready, keeper_task)
        serving.tasks += [asyncio.create_task(g.keep_running()) for g in serving.gateways]
        serving.tasks.append(asyncio.create_task(tell_keeper(serving)))
        yield serving
    finally:
        # Gateways first: their last calls should still be loaded.
        await asyncio.gather(*(gateway.stop(grace_s=STOP_GRACE_S) for gateway in serving.gateways))
        await serving.keeper.stop(grace_s=STOP_GRACE_S)
        await local.close()
        for task in serving.tasks:
            task.cancel()
        await asyncio.gather(*serving.tasks, return_exceptions=True)
        data_socket.close()
        control_socket.close()


async def wait_ready(ready: asyncio.Future[str], keeper: asyncio.Task[int]) -> None:
    """Until the keeper has written a snapshot.

    Raises:
        RoadworthyError: it said why it cannot, or it did not say anything in time.
    """
    waited: set[asyncio.Future[Any]] = {ready, keeper}
    done, _ = await asyncio.wait(
        waited, timeout=START_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED
    )
    if ready in done:
        ready.result()
    elif keeper in done:
        raise StoreError(f"the keeper ended with status {keeper.result()}; see its messages above")
    else:
        raise StoreError(f"the keeper did not start within {START_TIMEOUT_S:g} s")


async def tell_keeper(serving: Serving) -> None:
    """Keep the dashboard informed of the gateways, which the keeper cannot see itself."""
    while True:
        if serving.keeper.channel is not None:
            gateways = [
                {"name": g.name, "pid": g.pid, "started_us": g.started_us, "status": g.last_status}
                for g in serving.gateways
            ]
            serving.keeper.channel.send({"type": "gateways", "gateways": gateways})
        await asyncio.sleep(TELL_KEEPER_EVERY_S)


def keeper_child(
    options: ServeOptions,
    serving: Serving,
    sock: socket.socket,
    ready: asyncio.Future[str],
) -> Child:
    def on_message(_child: Child, message: dict[str, Any]) -> None:
        if ready.done():
            return
        if message["type"] == "ready":
            ready.set_result(message["revision"])
        elif message["type"] == "failed":
            ready.set_exception(RoadworthyError(message["message"]))

    command = ["-m", "roadworthy.control.keeping.keeper"]
    command += ["--socket-fd", str(sock.fileno())]
    command += ["--project", str(options.project), "--state", str(options.state)]
    command += ["--gateway-url", serving.gateway_url]
    command += ["--dev"] if options.dev else []
    command += ["--environment", options.environment] if options.environment else []
    return Child("keeper", command, again=("--again",), sockets=(sock,), on_message=on_message)


def gateway_child(name: str, state: StateFolder, serving: Serving, sock: socket.socket) -> Child:
    answers: set[asyncio.Task[None]] = set()

    def on_message(child: Child, message: dict[str, Any]) -> None:
        if message["type"] == "local_model":
            answer = asyncio.create_task(answer_local_model(child, serving.local))
            answers.add(answer)
            answer.add_done_callback(answers.discard)
        elif message["type"] == "status":
            child.last_status = message["status"]

    command = ["-m", "roadworthy.serving.gateway"]
    command += ["--socket-fd", str(sock.fileno()), "--state", str(state.path), "--name", name]
    return Child(name, command, sockets=(sock,), on_message=on_message)


async def answer_local_model(child: Child, local: LocalModel) -> None:
    try:
        answer = {"type": "local_model", "address": await local.address()}
    except RoadworthyError as error:
        answer = {"type": "local_model", "error": error.message}
    if child.channel is not None:
        child.channel.send(answer)


def listen(host: str, port: int, setting: str) -> socket.socket:
    """A listening socket; port 0 takes any free one.

    Raises:
        StoreError: the address is taken, not ours, or one that other machines can reach.
    """
    require_loopback(host)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise StoreError(
            f"cannot listen on {host}:{port}: {error.strerror};"
            f" stop what listens there, or set another {setting} under [server] in roadworthy.toml"
        ) from error
    sock.listen(BACKLOG)
    sock.setblocking(False)
    return sock


def require_loopback(host: str) -> None:
    """Raises StoreError for an address that other machines could reach: callers have no keys
    yet, so whoever reaches a port may use it."""
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise StoreError(
            f"[server] host is {host!r}, which other machines may reach, and callers cannot be"
            " told apart yet. Set it to 127.0.0.1 and put a proxy that authenticates in front"
        )


def url_of(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
