"""Cookies of the control plane: their names, how they are read, how they are written. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from starlette.datastructures import Headers
from starlette.types import Scope

__all__ = ["CookieNames", "cookie_names", "cookies_named", "expired_cookie", "written_cookie"]

MOST_TRIED: Final = 4


class CookieNames(NamedTuple):
    session: str
    form: str
    """The random half of the form tokens of somebody without a session."""


def cookie_names(suffix: str) -> CookieNames:
    """The names of one installation's cookies, see `SessionSigner.suffix`."""
    return CookieNames(f"roadworthy_session_{suffix}", f"roadworthy_form_{suffix}")


def cookies_named(headers: Headers, name: str) -> Iterator[str]:
    """The values of this cookie, few of them: another site of the same domain may have set one of
    the same name beside ours, and the browser does not say whose is whose."""
    found = 0
    for header in headers.getlist("cookie"):
        for pair in header.split(";"):
            key, _, value = pair.partition("=")
            if key.strip() == name and found < MOST_TRIED:
                found += 1
                yield value.strip()


def written_cookie(
    name: str, value: str, *, scope: Scope, headers: Headers, max_age_s: int | None = None
) -> str:
    """A ``Set-Cookie`` that scripts cannot read and other sites' forms do not bring along.

    ``Lax``, not ``Strict``: a link to a page that somebody was sent should find them logged in.
    ``max_age_s`` None: until the browser is closed.
    """
    parts = [f"{name}={value}", "HttpOnly", "SameSite=Lax", "Path=/"]
    parts += [f"Max-Age={max_age_s}"] if max_age_s is not None else []
    parts += ["Secure"] if _is_https(scope, headers) else []
    return "; ".join(parts)


def expired_cookie(name: str, *, scope: Scope, headers: Headers) -> str:
    """A ``Set-Cookie`` that makes the browser forget it."""
    return written_cookie(name, "", scope=scope, headers=headers, max_age_s=0)


def _is_https(scope: Scope, headers: Headers) -> bool:
    """Whether the browser came by https. A proxy before us ends TLS, but the browser's own
    ``Origin``, on what its forms send, says how it came; it can only fool its own user."""
    return scope.get("scheme") == "https" or headers.get("origin", "").startswith("https://")
