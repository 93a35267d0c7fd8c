"""Sessions of people who logged in, as signed cookies, and the tokens that their forms bear.

A session says which key it was begun with and until when; the signature says that this
installation wrote it. Nothing is stored for it: a session ends when it expires, when its key is
revoked, or when its holder logs out (see `EndedSessions`).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from threading import Lock
from typing import Final

import msgspec

from roadworthy.core.errors import StoreError

__all__ = ["SESSION_US", "EndedSessions", "Session", "SessionSigner", "load_signing_secret"]

SESSION_US: Final = 7 * 86_400 * 1_000_000
"""A week: a stolen cookie is good for no longer, and people log in once a week."""
CLOCK_SLIP_US: Final = 600 * 1_000_000
"""A clock that is set right by so much does not log everybody out."""
SECRET_BYTES: Final = 32
MAX_COOKIE: Final = 500
MAX_ENDED: Final = 10_000


class Session(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a session's cookie says."""

    id: str
    """Random, and made anew at each login: nobody can know it, or choose it, beforehand."""
    key_id: str
    expires_us: int


class SessionSigner:
    """Writes and reads cookies with a secret that only this installation knows."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < SECRET_BYTES:
            raise ValueError(f"a signing secret has at least {SECRET_BYTES} bytes")
        self._secret = secret
        # Cookies do not tell ports apart: two installations on one machine would overwrite each
        # other's sessions under one name.
        self.suffix = self._mac("name", "")[:8].hex()

    def begin(self, key_id: str, *, now_us: int) -> Session:
        """A new session of whoever holds this key."""
        return Session(id=secrets.token_urlsafe(18), key_id=key_id, expires_us=now_us + SESSION_US)

    def seal(self, session: Session) -> str:
        """The session as a cookie's value."""
        content = _encoded(msgspec.json.encode(session))
        return f"{content}.{_encoded(self._mac('session', content))}"

    def open(self, cookie: str, *, now_us: int) -> Session | None:
        """The session in the cookie; None: not one of ours, changed, or expired.

        One that expires much later than any that could have been written by now was written when
        the clock stood wrong, and is not accepted either.
        """
        content, _, signature = cookie.partition(".")
        if len(cookie) > MAX_COOKIE or not self._signed("session", content, signature):
            return None
        try:
            session = msgspec.json.decode(_decoded(content), type=Session)
        except (msgspec.MsgspecError, ValueError):
            return None
        left_us = session.expires_us - now_us
        return session if 0 < left_us <= SESSION_US + CLOCK_SLIP_US else None

    def form_token(self, binding: str) -> str:
        """What forms bear, so that another site's page cannot send them: only who knows the
        secret can make it, and it is good with this session or cookie alone."""
        return _encoded(self._mac("form", binding))

    def is_form_token(self, given: str, binding: str) -> bool:
        return self._signed("form", binding, given)

    def _mac(self, purpose: str, text: str) -> bytes:
        # The purpose goes before a byte that it cannot hold: no cookie is ever a form's token.
        message = f"{purpose}\0{text}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._secret, message, hashlib.sha256)

    def _signed(self, purpose: str, text: str, signature: str) -> bool:
        expected = _encoded(self._mac(purpose, text))
        return hmac.compare_digest(
            signature.encode("utf-8", "surrogatepass"), expected.encode("ascii")
        )


class EndedSessions:
    """Sessions whose holders logged out before they expired: a copy of the cookie is worthless.

    Kept in a file, for a keeper that is started again. At most `MAX_ENDED` are remembered; beyond
    that, those that would expire first are forgotten.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._lock = Lock()
        self._ended: dict[str, int] = _read(file)

    def __contains__(self, session: Session) -> bool:
        return session.id in self._ended

    def add(self, session: Session, *, now_us: int) -> None:
        """End it.

        Raises:
            StoreError: the file cannot be written; until the keeper ends, it holds all the same.
        """
        with self._lock:
            left = {id_: until for id_, until in self._ended.items() if until > now_us}
            left[session.id] = session.expires_us
            latest = sorted(left.items(), key=lambda item: item[1], reverse=True)[:MAX_ENDED]
            self._ended = dict(latest)
            if self._file is not None:
                _replace(self._file, msgspec.json.encode(self._ended))


def load_signing_secret(file: Path) -> bytes:
    """The secret in this file, made at the first time; nobody but this user may read it.

    Removing the file ends all sessions.

    Raises:
        StoreError: it cannot be read or written, or holds something else.
    """
    try:
        try:
            fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            _replace(file, secrets.token_bytes(SECRET_BYTES))
            fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            os.fchmod(fd, 0o600)
            secret = os.read(fd, SECRET_BYTES + 1)
        finally:
            os.close(fd)
    except OSError as error:
        raise StoreError(
            f"{file}, which signs sessions, cannot be used: {error.strerror}. Give this user the"
            " right to read and write it."
        ) from error
    if len(secret) != SECRET_BYTES:
        raise StoreError(
            f"{file}, which signs sessions, holds something else. Remove it: a new one is made,"
            " and people log in once more."
        )
    return secret


def _read(file: Path | None) -> dict[str, int]:
    if file is None or not file.exists():
        return {}
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, int])
    except (OSError, msgspec.MsgspecError):
        # Unreadable, it is as if nobody had logged out: better than an installation that is away.
        return {}


def _replace(file: Path, content: bytes) -> None:
    """The whole content or the old one, and never readable by others."""
    beside = file.with_name(f".{file.name}.{secrets.token_hex(6)}")
    try:
        fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as out:
            out.write(content)
        beside.replace(file)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise StoreError(
            f"{file} cannot be written: {error.strerror}. See that the disk has room, and that this"
            " user may write there."
        ) from error


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
