"""The keys of an installation: made, found, revoked. Hashes lie in the database, keys nowhere.

Whoever holds the keeper's lock is the only one who writes them, so what is read once is known for
good: a request costs a look into a dictionary, and a revocation holds from the next request on.

Keys are required as soon as one was ever made, revoked ones included: an installation that lost
its last key must not open up. The first key must be an owner's, and the last owner's key cannot be
revoked before another is made, so that somebody can always make and revoke others. Nobody is
locked out by that: the command line of the installation's own user is an owner without a key.
"""

from __future__ import annotations

import hmac
from threading import Lock
from typing import Any, Final

import msgspec
from sqlalchemy import Engine, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from roadworthy.access.secrets import Role, hash_of, id_of, make_secret
from roadworthy.core import Clock
from roadworthy.core.errors import Forbidden, InvalidRequest, NotFound, StoreError
from roadworthy.storage.database import writing
from roadworthy.storage.schema import keys as table

__all__ = ["MAX_NAME", "Key", "KeyStore", "NewKey"]

MAX_NAME: Final = 100
USE_WRITTEN_EVERY_US: Final = 60_000_000


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A key, without the secret."""

    id: str
    name: str
    """Whose it is, or what for: it stands in the history beside what was done with it."""
    role: Role
    prefix: str
    """How the key begins; not secret."""
    created_us: int
    last_used_us: int | None = None
    """To the minute. None: never."""
    revoked_us: int | None = None
    """None: it is good."""


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was just made: the only time that anybody sees the secret."""

    key: Key
    secret: str


class _Held(msgspec.Struct):
    key: Key
    hash: str
    written_us: int
    """When its last use was last written down."""


_ROWS: Final = select(table.c.hash, *(table.c[name] for name in Key.__struct_fields__))


class KeyStore:
    """The keys in this database. Safe to use from several threads."""

    def __init__(self, engine: Engine, *, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._lock = Lock()
        self._held: dict[str, _Held] | None = None

    def create(self, name: str, role: Role) -> NewKey:
        """A new key.

        Raises:
            InvalidRequest: the name is empty, too long, or that of another good key; or it is the
                first key, and not an owner's.
        """
        name = name.strip()
        if not name or len(name) > MAX_NAME or not name.isprintable():
            raise InvalidRequest(
                f"A key's name is 1 to {MAX_NAME} printable characters: whose it is, or what for.",
                param="name",
            )
        with self._lock:
            held = self._all()
            if not held and role != "owner":
                raise InvalidRequest(
                    "The first key must be an owner's: from then on nobody is let in without a key,"
                    " and a viewer could make no other. Create your own with `--role owner` first.",
                    param="role",
                )
            if any(h.key.name == name and h.key.revoked_us is None for h in held.values()):
                raise InvalidRequest(
                    f"There is a key named {name!r}. Revoke it first, or take another name.",
                    param="name",
                )
            made = make_secret(role)
            key = Key(
                id=made.id,
                name=name,
                role=role,
                prefix=made.prefix,
                created_us=self._clock.now_us(),
            )
            hash_ = hash_of(made.secret)
            self._write(insert(table).values(**msgspec.structs.asdict(key), hash=hash_))
            # Another dictionary: requests may be reading this one.
            self._held = {**held, key.id: _Held(key=key, hash=hash_, written_us=0)}
        return NewKey(key=key, secret=made.secret)

    def find(self, secret: str) -> Key | None:
        """The key that this is, if it is good."""
        key_id = id_of(secret)
        held = self._known().get(key_id) if key_id is not None else None
        # Compared even where no such key is known, so that the time tells nothing of ids.
        expected = held.hash if held is not None else "0" * 64
        same = hmac.compare_digest(hash_of(secret), expected)
        return held.key if held is not None and same and held.key.revoked_us is None else None

    def good(self, key_id: str) -> Key | None:
        """The key with this id; None: there is none, or it was revoked."""
        held = self._known().get(key_id)
        return held.key if held is not None and held.key.revoked_us is None else None

    def listed(self) -> list[Key]:
        """All keys, revoked ones included, the newest first."""
        keys = [held.key for held in self._known().values()]
        return sorted(keys, key=lambda key: (key.created_us, key.id), reverse=True)

    @property
    def required(self) -> bool:
        """Whether a key was ever made: from then on, nobody is let in without one."""
        return bool(self._known())

    def revoke(self, key_id: str) -> Key:
        """The key, revoked; one that was revoked before stays as it is.

        Raises:
            NotFound: there is none.
            Forbidden: it is the last good key of an owner.
        """
        with self._lock:
            held = self._all().get(key_id)
            if held is None:
                raise NotFound(f"There is no key {key_id[:20]!r}. List them for their ids.")
            if held.key.revoked_us is not None:
                return held.key
            if held.key.role == "owner" and self._owners() == [held.key.id]:
                raise Forbidden(
                    f"{held.key.name!r} is the last owner's key. Create another one first, with"
                    " `roadworthy keys create --name NAME --role owner`."
                )
            now_us = self._clock.now_us()
            self._write(update(table).where(table.c.id == key_id).values(revoked_us=now_us))
            held.key = msgspec.structs.replace(held.key, revoked_us=now_us)
            return held.key

    def note_use(self, key_id: str) -> bool:
        """Remember that the key was used just now; whether that should be written down.

        At most one call a key and minute is told so.
        """
        held = self._known().get(key_id)
        if held is None:
            return False
        now_us = self._clock.now_us()
        with self._lock:
            held.key = msgspec.structs.replace(
                held.key, last_used_us=max(now_us, held.key.last_used_us or 0)
            )
            due = abs(now_us - held.written_us) >= USE_WRITTEN_EVERY_US
            if due:
                held.written_us = now_us
        return due

    def write_use(self, key_id: str) -> None:
        """Write down when the key was last used. May block.

        Raises:
            StoreError: the database is away; the use is known until the keeper ends.
        """
        held = self._known().get(key_id)
        if held is not None:
            used_us = held.key.last_used_us
            self._write(update(table).where(table.c.id == key_id).values(last_used_us=used_us))

    def _known(self) -> dict[str, _Held]:
        if self._held is not None:
            return self._held
        with self._lock:
            return self._all()

    def _all(self) -> dict[str, _Held]:
        if self._held is None:
            with self._engine.connect() as connection:
                rows = connection.execute(_ROWS).all()
            self._held = {row.id: _held(*row) for row in rows}
        return self._held

    def _owners(self) -> list[str]:
        keys = [held.key for held in self._all().values()]
        return [key.id for key in keys if key.role == "owner" and key.revoked_us is None]

    def _write(self, statement: Any) -> None:
        try:
            with writing(self._engine) as connection:
                connection.execute(statement)
        except SQLAlchemyError as error:
            reason = getattr(error, "orig", None) or type(error).__name__
            raise StoreError(
                f"The keys cannot be written: {reason}. Nothing was changed; see that the disk has"
                " room and the database is there, and try again."
            ) from error


def _held(hash_: str, *fields: Any) -> _Held:
    key = Key(**dict(zip(Key.__struct_fields__, fields, strict=True)))
    return _Held(key=key, hash=hash_, written_us=key.last_used_us or 0)
