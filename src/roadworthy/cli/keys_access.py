"""The keys that a command works with: the keeper's if one works, else the database's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

import msgspec

from roadworthy.access.keys import Key, KeyStore, NewKey
from roadworthy.cli.place import state_of
from roadworthy.cli.registry_access import keeper_or_lock
from roadworthy.core import SystemClock
from roadworthy.storage import StateFolder
from roadworthy.storage.database import open_database

if TYPE_CHECKING:
    from roadworthy.access import Role
    from roadworthy.registry.remote import ControlApi
    from roadworthy.tasks import Project

__all__ = ["Keys", "open_keys"]


class Keys(Protocol):
    """What the verbs ask for; see `roadworthy.access.keys.KeyStore`."""

    def create(self, name: str, role: Role) -> NewKey: ...
    def listed(self) -> list[Key]: ...
    def revoke(self, key_id: str) -> Key: ...


class _KeyList(msgspec.Struct):
    keys: list[Key]


class _KeeperKeys:
    """A keeper holds its keys in memory, so that it alone may change them while it works."""

    def __init__(self, api: ControlApi) -> None:
        self._api = api

    def create(self, name: str, role: Role) -> NewKey:
        return self._api.post("/api/keys", {"name": name, "role": role}, NewKey)

    def listed(self) -> list[Key]:
        return self._api.get("/api/keys", _KeyList).keys

    def revoke(self, key_id: str) -> Key:
        return self._api.delete(f"/api/keys/{quote(key_id, safe='')}", Key)


@contextmanager
def open_keys(project: Project) -> Iterator[Keys]:
    """The project's keys until the block ends."""
    with ExitStack() as held:
        folder = StateFolder(state_of(project))
        api = keeper_or_lock(folder, held)
        if api is not None:
            yield _KeeperKeys(api)
        else:
            engine = open_database(folder)
            held.callback(engine.dispose)
            yield KeyStore(engine, clock=SystemClock())
