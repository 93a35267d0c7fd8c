"""Logging in and out, and who one is."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from roadworthy.access import Role
from roadworthy.access.sessions import SESSION_US
from roadworthy.control.answers import answers, json_answer
from roadworthy.control.bodies import form_of
from roadworthy.control.context import Control, control_of
from roadworthy.control.entry.cookies import cookie_names, expired_cookie, written_cookie
from roadworthy.control.entry.door import client_address
from roadworthy.control.entry.visitor import Recognised, acting, visitor

__all__ = ["Me", "api_router", "local_path", "router"]

router = APIRouter(include_in_schema=False, default_response_class=Response)
api_router = APIRouter()

MAX_NEXT: Final = 2_000
_PLAIN: Final = re.compile(r"/(?![/\\])[^\s\\\x00-\x1f\x7f]*")


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who the control plane takes a request to be from."""

    name: str
    role: Role
    by: Recognised
    """``key``; ``session``: a cookie; ``token``: that of the installation's own user; ``open``:
    nothing, as no key was ever made here."""


@api_router.get("/api/me", responses=answers("Me"), operation_id="who_am_i")
def me() -> Response:
    """Who the request is from, and what they may do."""
    actor, here = acting(), visitor()
    by: Recognised = here.how if here is not None else "not"
    return json_answer(Me(name=actor.name, role=actor.role, by=by))


@router.get("/login")
def show_login(request: Request) -> Response:
    control, target = control_of(request), local_path(request.query_params.get("next"))
    here = visitor()
    if here is not None and here.actor is not None:
        return _onward(target)
    return _page(control, target)


@router.post("/login")
async def log_in(request: Request) -> Response:
    """Begins a session: always a new one, whatever cookies the browser brought along."""
    control, form = control_of(request), form_of(request)
    access, address = control.access, client_address(request.scope)
    target, now_us = local_path(form.get("next")), control.clock.now_us()
    key = access.find_key(form.get("key", "").strip())
    if key is None:
        await access.slow_down(address, now_us=now_us)
        return _page(control, target, wrong=True)
    access.slowdown.succeeded(address)
    session = access.signer.begin(key.id, now_us=now_us)
    written = written_cookie(
        cookie_names(access.signer.suffix).session,
        access.signer.seal(session),
        scope=request.scope,
        headers=request.headers,
        max_age_s=SESSION_US // 1_000_000,
    )
    response = _onward(target)
    response.headers.append("set-cookie", written)
    return response


@router.post("/logout")
def log_out(request: Request) -> Response:
    """Ends the session everywhere, not only in this browser."""
    control, here = control_of(request), visitor()
    access = control.access
    if here is not None and here.session is not None:
        access.ended.add(here.session, now_us=control.clock.now_us())
    response = _onward("/login")
    name = cookie_names(access.signer.suffix).session
    forgotten = expired_cookie(name, scope=request.scope, headers=request.headers)
    response.headers.append("set-cookie", forgotten)
    return response


def local_path(given: str | None) -> str:
    """Where to go on to after logging in: an address of our own, or the first page.

    Browsers read a backslash as a slash and drop line ends, so neither may occur.
    """
    if given is None or len(given) > MAX_NEXT or not _PLAIN.fullmatch(given):
        return "/"
    try:
        parts = urlsplit(given)
    except ValueError:
        return "/"
    ours = not parts.scheme and not parts.netloc and parts.path not in ("/login", "/logout")
    return given if ours else "/"


def _onward(target: str) -> Response:
    return RedirectResponse(target, 303, {"cache-control": "no-store"})


def _page(control: Control, target: str, *, wrong: bool = False) -> Response:
    keys = control.access.keys
    return control.page(
        "login.html",
        status=401 if wrong else 200,
        here="",
        health=None,
        target=target,
        wrong=wrong,
        any_key=keys is not None and keys.required,
    )
