"""Wraps every endpoint of the data plane: who may call it, what its errors look like.

One choke point, no middleware: Starlette's own error middleware would cost as much per call as
the whole pipeline does, and middleware that looks at paths can be fooled by a Host header.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeAlias, TypeVar
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from roadworthy.core import SystemClock, new_id
from roadworthy.core.errors import HostNotAllowed, LoopDetected, MethodNotAllowed, RoadworthyError
from roadworthy.core.http_names import LOOPBACK_HOSTS, VIA_HEADER, host_of, usable_request_id
from roadworthy.serving.errors import error_response

__all__ = ["CLIENT_GONE", "Endpoint", "Guard", "Guarded", "run_unless_gone"]

Endpoint: TypeAlias = Callable[[Request, str], Awaitable[Response]]
"""Takes the request and its id."""

T = TypeVar("T")
CLIENT_GONE = 499
"""What is logged for a caller who went away; nobody is there to read it. (nginx's number.)"""

_log = logging.getLogger(__name__)
_clock = SystemClock()


class Guard:
    """Checks method, Host and Origin, gives the request an id, and turns errors into answers."""

    def __init__(self, allowed_hosts: tuple[str, ...] = (), *, via: str | None = None) -> None:
        """``via`` is this installation's own name, see `VIA_HEADER`."""
        self._hosts = LOOPBACK_HOSTS | {host.lower() for host in allowed_hosts}
        self._via = via

    def __call__(self, method: str, endpoint: Endpoint) -> Guarded:
        """The endpoint as an ASGI application; ``*`` takes every method."""
        return Guarded(self, method, endpoint)

    def check_origin(self, request: Request) -> None:
        """A web page that a developer visits must not reach a gateway on their machine, neither
        by a name that it rebinds to loopback nor by a plain cross-site request."""
        headers = request.headers
        if self._via is not None and headers.get(VIA_HEADER) == self._via:
            raise LoopDetected
        host = headers.get("host", "")
        if host_of(host) not in self._hosts:
            raise HostNotAllowed(
                f"this gateway is not served under the name {host[:80]!r};"
                " add it to allowed_hosts under [server] in roadworthy.toml"
            )
        origin = headers.get("origin")
        if origin is not None and host_of(_authority(origin)) not in self._hosts:
            raise HostNotAllowed(
                f"pages of {origin[:80]!r} may not call this gateway;"
                " add the host to allowed_hosts under [server] in roadworthy.toml"
            )


class Guarded:
    """One endpoint with its guard. A class, because Starlette wraps functions once more."""

    def __init__(self, guard: Guard, method: str, endpoint: Endpoint) -> None:
        self._guard = guard
        self._method = method
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response = await self._answer(request, _request_id(request))
        await response(scope, receive, send)

    async def _answer(self, request: Request, request_id: str) -> Response:
        try:
            if self._method not in ("*", request.method):
                raise MethodNotAllowed(
                    f"{request.scope['path'][:80]} takes {self._method}, not {request.method}"
                )
            self._guard.check_origin(request)
            return await self._endpoint(request, request_id)
        except RoadworthyError as error:
            return error_response(error, request_id)
        except Exception:  # noqa: BLE001 - the boundary: a bug is logged, the caller told so
            _log.exception("request %s failed inside the gateway", request_id)
            return error_response(
                RoadworthyError(
                    "the gateway failed on this request; its log names the cause under"
                    f" {request_id}"
                ),
                request_id,
            )


async def run_unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T | None:
    """What `work` returns; None if the caller went away meanwhile, and then it was cancelled.

    The body must have been read: the server's next message can only be the disconnect.
    """
    task = asyncio.current_task()
    assert task is not None
    gone = False

    def cancel(watcher: asyncio.Future[Any]) -> None:
        nonlocal gone
        if not watcher.cancelled():
            gone = True
            task.cancel()

    watcher = asyncio.ensure_future(request.receive())
    watcher.add_done_callback(cancel)
    try:
        return await work
    except asyncio.CancelledError:
        if gone and not task.uncancel():
            return None
        raise
    finally:
        watcher.remove_done_callback(cancel)
        watcher.cancel()


def _authority(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # brackets that hold no IPv6 address
        return ""


def _request_id(request: Request) -> str:
    given = usable_request_id(request.headers.get("x-request-id", ""))
    return given or new_id(_clock.now_us())
