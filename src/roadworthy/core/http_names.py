"""Names in HTTP requests that both planes read alike: hosts, origins, request ids. Pure."""

from __future__ import annotations

from typing import Final

__all__ = [
    "LOOPBACK_HOSTS",
    "MODEL_HEADER",
    "OPERATOR_HEADER",
    "VERSION_HEADER",
    "VIA_HEADER",
    "host_of",
    "usable_request_id",
]

VERSION_HEADER: Final = "x-roadworthy-version"
"""Names, on answers, the version of the task that served."""
MODEL_HEADER: Final = "x-roadworthy-model"
"""Names, on a task's requests, a model in place of the version's own; an operator's only."""
OPERATOR_HEADER: Final = "x-roadworthy-operator"
"""Holds the token by which the keeper shows that an operator asks."""
VIA_HEADER: Final = "x-roadworthy-via"
"""Names, on requests to providers, the installation that sends them: one that meets its own
name would call itself for ever."""
LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_MAX_REQUEST_ID: Final = 128


def host_of(authority: str) -> str:
    """The host of ``host:port``, lower case, without the brackets of an IPv6 address."""
    if authority.startswith("["):
        return authority[1:].partition("]")[0].lower()
    return authority.partition(":")[0].lower()


def usable_request_id(given: str) -> str | None:
    """A caller's own request id if it may be repeated in a header and a log; else None."""
    if 0 < len(given) <= _MAX_REQUEST_ID and given.isascii() and given.isprintable():
        return given
    return None
