"""``keeper.json`` in the state folder: where the keeper is, and how its own user's commands prove
that they are: whoever can read this file is the installation's owner."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import msgspec

from roadworthy.core.errors import StoreError
from roadworthy.core.whole_files import write_whole
from roadworthy.storage import StateFolder

__all__ = ["KEEPER_FILE", "announced"]

KEEPER_FILE: Final = "keeper.json"


class _Address(msgspec.Struct):
    url: str
    token: str


@contextmanager
def announced(folder: StateFolder, sock: socket.socket) -> Iterator[str]:
    """An owner's token, made anew, that stands with the socket's address in the state folder for as
    long as the keeper works.

    Raises:
        StoreError: it cannot be written there.
    """
    path = folder.path / KEEPER_FILE
    token = secrets.token_urlsafe(32)
    try:
        # A new file, so that nobody holds it open who may not read it, and never half of one.
        write_whole(path, msgspec.json.encode(_Address(_url_of(sock), token)))
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror}; make its folder writable"
        ) from error
    try:
        yield token
    finally:
        path.unlink(missing_ok=True)


def _url_of(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
