"""The registry that a command works with: the project's own, its keeper's, or another
installation's.

Whoever holds the keeper's lock may write the database. A command takes the lock for as long as it
works if nobody has it, and else asks the keeper that does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic, sleep
from typing import TYPE_CHECKING, Final

from roadworthy.cli.git import author
from roadworthy.cli.place import state_of
from roadworthy.core.errors import ProjectError, RegistryUnreachable, StoreError
from roadworthy.registry import Actor
from roadworthy.storage import StateFolder
from roadworthy.storage.locks import keeper_lock

if TYPE_CHECKING:
    from roadworthy.registry import Registry
    from roadworthy.registry.remote import ControlApi
    from roadworthy.tasks import Project

__all__ = ["actor_of", "environment_api", "keeper_or_lock", "open_environment", "open_registry"]

KEEPER_FILE: Final = "keeper.json"
"""In the state folder: where the keeper at work is reached, and the token of this machine."""
_PATIENCE_S: Final = 15.0
"""How long another command, or a keeper that starts or stops, is waited for."""
_LOOK_EVERY_S: Final = 0.1


@contextmanager
def open_registry(project: Project) -> Iterator[Registry]:
    """The project's registry until the block ends: the keeper's if one works, else direct.

    Raises:
        StoreError: the state folder cannot be used, or another process works on it for long.
    """
    from roadworthy.registry.remote import RemoteRegistry

    with ExitStack() as held:
        folder = StateFolder(state_of(project))
        api = keeper_or_lock(folder, held)
        if api is None:
            yield held.enter_context(_direct(project, folder))
        else:
            yield RemoteRegistry(api.url, api.token)


@contextmanager
def open_environment(project: Project, name: str | None) -> Iterator[Registry]:
    """The registry of another installation, by its name in `roadworthy.toml`; None: this one's."""
    from roadworthy.registry.remote import RemoteRegistry

    if name is None:
        with open_registry(project) as registry:
            yield registry
    else:
        api = environment_api(project, name)
        yield RemoteRegistry(api.url, api.token)


def environment_api(project: Project, name: str) -> ControlApi:
    """The control plane of ``[environments.NAME]``.

    Raises:
        ProjectError: there is no such table.
        MissingCredential: its key is not where the table says.
    """
    from roadworthy.core import Secret
    from roadworthy.core.documents import did_you_mean
    from roadworthy.models.credentials import Credentials
    from roadworthy.registry.remote import ControlApi

    found = project.settings.environments.get(name)
    if found is None:
        hint = did_you_mean(name, project.settings.environments)
        missing = f'no environment "{name}"{hint}'.removesuffix("?")
        raise ProjectError([f"roadworthy.toml: {missing}. Declare it as [environments.{name}]"])
    secret = found.api_key
    if secret is None:
        return ControlApi(found.url, None)
    if secret.file is not None:
        secret = Secret(file=str(project.root / secret.file))
    return ControlApi(found.url, Credentials(os.environ).look_up(secret, provider=name))


def actor_of(project: Project) -> Actor:
    """Who sits here: the name that git knows them by, else their account's. Whoever can use this
    machine's files is an owner."""
    return Actor(name=author(project.root), role="owner")


def keeper_or_lock(folder: StateFolder, held: ExitStack) -> ControlApi | None:
    """The control plane of the keeper at work; None: the lock is now `held` by this command.

    Raises:
        StoreError: the state folder cannot be used, or its holder does not answer for long.
    """
    folder.create()
    give_up = monotonic() + _PATIENCE_S
    while True:
        try:
            held.enter_context(keeper_lock(folder))
        except StoreError as error:
            api = _keeper_of(folder)
            if api is not None:
                return api
            if monotonic() > give_up:
                raise StoreError(
                    f"the state folder stayed in use for {_PATIENCE_S:.0f} s: {error.message}"
                ) from error
            # Another command is at it, or a keeper that is starting or stopping.
            sleep(_LOOK_EVERY_S)
        else:
            return None


def _keeper_of(folder: StateFolder) -> ControlApi | None:
    """None: no keeper says where it is, or the one that did is gone."""
    import msgspec

    from roadworthy.registry.remote import ControlApi

    class Address(msgspec.Struct):
        url: str
        token: str

    try:
        address = msgspec.json.decode((folder.path / KEEPER_FILE).read_bytes(), type=Address)
        api = ControlApi(address.url, address.token)
        api.ask("GET", "/healthz", timeout_s=5)
    except (OSError, msgspec.MsgspecError, RegistryUnreachable):
        return None
    return api


@contextmanager
def _direct(project: Project, folder: StateFolder) -> Iterator[Registry]:
    from roadworthy.core import SystemClock
    from roadworthy.registry.store import StoredRegistry
    from roadworthy.storage.database import open_database

    engine = open_database(folder)
    try:
        yield StoredRegistry(
            engine,
            folder,
            clock=SystemClock(),
            protected=project.settings.channels.protected,
            models=lambda: project.models,
            environment=project.environment,
            root=project.root,
        )
    finally:
        engine.dispose()
