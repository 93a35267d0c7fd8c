"""The outermost layer of the control plane: who may address it, and what every response bears.

A web page that an operator visits must not reach the control plane on their machine, neither by
a name that it rebinds to loopback (Host) nor by a plain cross-site request (Origin). Routes
decide nothing by path here, so a spoofed path gains nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from roadworthy.core import Clock, new_id
from roadworthy.core.errors import HostNotAllowed, RoadworthyError
from roadworthy.core.http_names import LOOPBACK_HOSTS, host_of, usable_request_id

__all__ = ["CONTENT_SECURITY_POLICY", "Guard", "Refuse"]

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS: Final = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_SAFE: Final = frozenset({"GET", "HEAD"})

Refuse: TypeAlias = Callable[[Scope, RoadworthyError], ASGIApp]


class Guard:
    """Wraps an application; `refuse` says how a refusal looks."""

    def __init__(
        self, app: ASGIApp, *, hosts: Collection[str], clock: Clock, refuse: Refuse
    ) -> None:
        self._app = app
        self._hosts = LOOPBACK_HOSTS | {host.lower() for host in hosts}
        self._clock = clock
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = self._request_id(headers)
        state = {**scope.get("state", {}), "request_id": request_id}
        scope = {**scope, "state": state}
        send = _dressed(send, request_id, empty=scope["method"] == "HEAD")
        if refusal := self._refusal(scope["method"], headers):
            await self._refuse(scope, refusal)(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            scope["method"] = "GET"
        await self._app(scope, receive, send)

    def _request_id(self, headers: Headers) -> str:
        given = usable_request_id(headers.get("x-request-id", ""))
        return given or new_id(self._clock.now_us())

    def _refusal(self, method: str, headers: Headers) -> RoadworthyError | None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or host_of(hosts[0]) not in self._hosts:
            given = repr(hosts[0][:80]) if hosts else "no name at all"
            return HostNotAllowed(
                f"The control plane is not served under {given}. Add the name to allowed_hosts "
                "under [server] in roadworthy.toml."
            )
        if method not in _SAFE and not _same_origin(headers, hosts[0]):
            return HostNotAllowed(
                "A page of another origin may not change anything here. Use the control plane's "
                "own pages, or its API without an Origin header."
            )
        return None


def _same_origin(headers: Headers, host: str) -> bool:
    """Whether no other site's page sent this; a client that is no browser sends no Origin."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origins = headers.getlist("origin")
    return all(_authority(origin) == host.lower() for origin in origins)


def _authority(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:  # brackets that hold no IPv6 address
        return None


def _dressed(send: Send, request_id: str, *, empty: bool) -> Callable[[Message], Awaitable[None]]:
    """A `send` that adds the headers every response bears, and drops the body if `empty`."""

    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _with_id(request_id):
                headers.setdefault(name, value)
        elif empty and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return dressed


def _with_id(request_id: str) -> Iterable[tuple[str, str]]:
    yield "x-request-id", request_id
    yield from _HEADERS.items()
