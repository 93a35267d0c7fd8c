"""Lets requests in: who is it, may they do this, and was it they who meant to?

It stands between the guard and the application and lets nothing through that it does not know to
be allowed, so that a route that forgets to ask has lost nothing:

- what is public: the login page, static files, and whether the installation works;
- everything else takes somebody who is known;
- every method but GET takes an owner, but for logging out and for questions that need a body;
- a request that a browser's own cookie lets in, or the address that it came from, must bear the
  token of our own forms, unless no other site's page could have sent it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import parse_qs, quote, unquote

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from roadworthy.control.bodies import FORM, again, fields_of, read_body
from roadworthy.control.entry.access import Access
from roadworthy.control.entry.cookies import cookie_names, cookies_named, written_cookie
from roadworthy.control.entry.guard import Refuse
from roadworthy.control.entry.visitor import Recognised, Visitor, visiting
from roadworthy.core import Clock
from roadworthy.core.errors import Forbidden, LoginRequired, RoadworthyError
from roadworthy.core.http_names import LOOPBACK_HOSTS, host_of
from roadworthy.registry import Actor, Role

__all__ = ["ACTOR_HEADER", "FORM_TOKEN_FIELD", "FORM_TOKEN_HEADER", "Door", "client_address"]

ACTOR_HEADER: Final = "x-roadworthy-actor"
"""For whom the local owner's token acts, percent-encoded; with anything else it says nothing."""
FORM_TOKEN_HEADER: Final = "x-csrf-token"  # noqa: S105 - a name
FORM_TOKEN_FIELD: Final = "csrf"  # noqa: S105 - a name
MAX_FORM_BYTES: Final = 2_000_000
MAX_ACTOR: Final = 100

_SAFE: Final = frozenset({"GET", "HEAD"})
_ADDED_BY_PROXIES: Final = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
# What another site's page may send without asking first; JSON is not among it.
_SENT_BY_ANY_PAGE: Final = frozenset({FORM, "multipart/form-data", "text/plain"})
_TASK: Final = r"/api/tasks/[^/]+"
# Questions with a body. Their routes ask for an owner where the query does not say so.
_QUESTIONS: Final = (
    (re.compile(rf"{_TASK}/versions"), "preview"),
    (re.compile(rf"{_TASK}/channels/[^/]+"), "weigh"),
)

_log = logging.getLogger(__name__)


class Door:
    """Wraps an application; `refuse` says how a refusal looks."""

    def __init__(self, app: ASGIApp, *, access: Access, clock: Clock, refuse: Refuse) -> None:
        self._app = app
        self._access = access
        self._clock = clock
        self._refuse = refuse
        self._noting: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        app: ASGIApp
        here = Visitor(None, "not")
        try:
            here = await self._recognise(scope, headers)
            visiting.set(here)
            app = self._redirected(scope, here) or self._app
            if app is self._app and scope["method"] not in _SAFE:
                receive = await self._check_intent(scope, headers, receive, here)
                _check_role(scope, here)
        except ClientDisconnect:
            return
        except RoadworthyError as error:
            visiting.set(here)
            app = self._refuse(scope, error)
        await app(scope, receive, self._remembering(scope, headers, send, here))

    # Who is it?

    async def _recognise(self, scope: Scope, headers: Headers) -> Visitor:
        """
        Raises:
            LoginRequired: they show a key that is not good.
        """
        bearer = _bearer(headers)
        if bearer is not None and (actor := self._by_token(bearer, headers)) is not None:
            return Visitor(actor, "token")
        if bearer is not None and (actor := self._by_key(bearer)) is not None:
            return Visitor(actor, "key")
        if bearer is not None and self._access.keys_required:
            await self._access.slow_down(client_address(scope), now_us=self._clock.now_us())
            raise LoginRequired("This key is not known here, or was revoked. Ask an owner for one.")
        return self._by_session(headers) or self._without_key(scope, headers)

    def _by_token(self, bearer: str, headers: Headers) -> Actor | None:
        if not self._access.is_owner_token(bearer):
            return None
        return Actor(name=_named(headers) or "local", role="owner")

    def _by_key(self, bearer: str) -> Actor | None:
        key = self._access.find_key(bearer)
        if key is None:
            return None
        self._note_use(key.id)
        return Actor(name=key.name, role=key.role)

    def _by_session(self, headers: Headers) -> Visitor | None:
        signer, now_us = self._access.signer, self._clock.now_us()
        for value in cookies_named(headers, cookie_names(signer.suffix).session):
            session = signer.open(value, now_us=now_us)
            key = self._access.key_of(session) if session is not None else None
            if session is not None and key is not None:
                self._note_use(key.id)
                return Visitor(
                    Actor(name=key.name, role=key.role),
                    "session",
                    form_token=signer.form_token(f"session:{session.id}"),
                    session=session,
                )
        return None

    def _without_key(self, scope: Scope, headers: Headers) -> Visitor:
        """Somebody whom nothing tells from others: an owner while no keys are needed, or a viewer,
        if a proxy on this machine may stand between us and whoever it lets through."""
        known = next(cookies_named(headers, cookie_names(self._access.signer.suffix).form), "")
        half = known if re.fullmatch(r"[\w-]{24}", known) else secrets.token_urlsafe(18)
        let_in = not self._access.keys_required and (
            self._access.without_keys == "anyone" or _is_loopback(scope)
        )
        anyone = self._access.without_keys == "anyone"
        role: Role = "owner" if anyone or _is_direct(headers) else "viewer"
        actor = Actor(name="local", role=role) if let_in else None
        how: Recognised = "open" if let_in else "not"
        token = self._access.signer.form_token(f"visitor:{half}")
        return Visitor(actor, how, form_token=token, half=half)

    def _note_use(self, key_id: str) -> None:
        """Write down that the key was used, at most once a minute, without waiting for it."""
        keys = self._access.keys
        if keys is None or not keys.note_use(key_id):
            return

        async def write() -> None:
            try:
                await asyncio.to_thread(keys.write_use, key_id)
            except RoadworthyError as error:
                _log.error("when key %s was used is not written down: %s", key_id, error.message)

        task = asyncio.create_task(write())
        self._noting.add(task)
        task.add_done_callback(self._noting.discard)

    # May they?

    def _redirected(self, scope: Scope, here: Visitor) -> ASGIApp | None:
        """To the login page, for a person who is not known.

        Raises:
            LoginRequired: for a program.
        """
        if here.actor is not None or _is_public(scope["path"]):
            return None
        if scope["path"].startswith("/api/"):
            raise LoginRequired
        if scope["method"] not in _SAFE:
            return RedirectResponse("/login", 303, {"cache-control": "no-store"})
        query = scope["query_string"].decode("latin-1")
        wanted = quote(scope["path"], safe="/:") + (f"?{query}" if query else "")
        address = "/login" if wanted == "/" else f"/login?next={quote(wanted, safe='')}"
        return RedirectResponse(address, 303, {"cache-control": "no-store"})

    # Did they mean to?

    async def _check_intent(
        self, scope: Scope, headers: Headers, receive: Receive, here: Visitor
    ) -> Receive:
        """What to read the body from, once it is clear that no other site's page sent it.

        Raises:
            Forbidden: it may have.
        """
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        fields: dict[str, str] = {}
        if kind == FORM:
            body = await read_body(receive, headers, most_bytes=MAX_FORM_BYTES)
            scope["state"]["form"] = fields = fields_of(body)
            receive = again(body, receive)
        if here.how in ("token", "key"):
            return receive  # no browser adds these by itself
        if here.how == "open" and kind not in _SENT_BY_ANY_PAGE:
            return receive  # the guard has looked at where it comes from
        given = headers.get(FORM_TOKEN_HEADER) or fields.get(FORM_TOKEN_FIELD, "")
        binding = (
            f"session:{here.session.id}" if here.session is not None else f"visitor:{here.half}"
        )
        if not self._access.signer.is_form_token(given, binding):
            raise Forbidden(
                "This form was not sent from a page of ours, or the page is older than your"
                " login. Load the page again and send it once more."
            )
        return receive

    def _remembering(
        self, scope: Scope, headers: Headers, send: Send, here: Visitor
    ) -> Callable[[Message], Awaitable[None]]:
        """A `send` that gives the browser its half of a form's token, if a page had a form."""

        async def remembering(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                if here.half and here.form_token_used:
                    name = cookie_names(self._access.signer.suffix).form
                    written = written_cookie(name, here.half, scope=scope, headers=headers)
                    answer.append("set-cookie", written)
                if message["status"] == 401:
                    answer.setdefault("www-authenticate", "Bearer")
            await send(message)

        return remembering


def client_address(scope: Scope) -> str:
    """Where the request comes from, as far as this machine can tell."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def _is_loopback(scope: Scope) -> bool:
    try:
        return ipaddress.ip_address(client_address(scope)).is_loopback
    except ValueError:
        return False


def _is_direct(headers: Headers) -> bool:
    """Whether nothing says that a proxy passes this on for somebody on another machine."""
    named = host_of(headers.get("host", "")) in LOOPBACK_HOSTS
    return named and not any(name in headers for name in _ADDED_BY_PROXIES)


def _is_public(path: str) -> bool:
    # The router goes by this same path; a Host header changes neither.
    return path in ("/login", "/healthz") or path.startswith("/static/")


def _bearer(headers: Headers) -> str | None:
    """The key that a request shows; other ways to authenticate are a proxy's before us."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else None


def _named(headers: Headers) -> str:
    name = unquote(headers.get(ACTOR_HEADER, ""), errors="replace")
    return "".join(c for c in name if c.isprintable()).strip()[:MAX_ACTOR]


def _check_role(scope: Scope, here: Visitor) -> None:
    """Raises Forbidden for a viewer who writes."""
    if here.may_write or scope["path"] in ("/login", "/logout") or _is_question(scope):
        return
    raise here.refusal()


def _is_question(scope: Scope) -> bool:
    """Whether the request only asks what something would do."""
    asked = parse_qs(scope["query_string"].decode("latin-1"))
    return scope["method"] == "POST" and any(
        pattern.fullmatch(scope["path"]) and asked.get(flag) == ["true"]
        for pattern, flag in _QUESTIONS
    )
