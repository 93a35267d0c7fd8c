"""What of the registry gateways serve: an index of versions, and what is in production.

Read by the keeper, which asks several times a second whether anything moved; so the question is
cheap, and definitions that were read once are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import msgspec
from sqlalchemy import Connection, Engine, and_, func, select
from sqlalchemy.exc import SQLAlchemyError

from roadworthy.core.errors import StoreError
from roadworthy.registry.content import unpack
from roadworthy.registry.rows import revision_of
from roadworthy.storage import StateFolder
from roadworthy.storage.schema import channels, moves, version_contents, versions
from roadworthy.tasks import TaskDefinition, VersionIndex
from roadworthy.tasks.version_files import missing_version_files, write_version_file

__all__ = ["Served", "ServedVersions"]

_PRODUCTION: Final = "production"
_BATCH: Final = 500
"""Tasks in a query."""


class Served(msgspec.Struct, frozen=True):
    """The registry as gateways need it."""

    versions: dict[str, VersionIndex] = {}
    """By task."""
    production: dict[str, TaskDefinition] = {}
    """What channel ``production`` points to, by task."""
    unreadable: dict[str, str] = {}
    """Why that cannot be read, by task."""


class _Definition(msgspec.Struct):
    """A version's content without its suite, which may be far larger and is not served."""

    definition: TaskDefinition


class ServedVersions:
    """Reads what is served. One at a time may use it."""

    def __init__(self, engine: Engine, folder: StateFolder) -> None:
        self._engine = engine
        self._folder = folder
        self._revision = ""
        self._digests: dict[str, dict[str, str]] = {}
        self._counted = 0
        self._last = 0
        self._definitions: dict[tuple[str, str], TaskDefinition] = {}

    def read_if_moved(self) -> Served | None:
        """What is served now; None: the same as when it was read last.

        Raises:
            StoreError: the database cannot be read.
        """
        with self._reading() as connection:
            revision = revision_of(connection)
            if revision == self._revision:
                return None
            served = self._read(connection)
        self._revision = revision
        return served

    def restore_files(self) -> int:
        """Write the files of versions that have none, as in a state folder whose database alone
        was kept; how many there were.

        Raises:
            StoreError: the database cannot be read, or a file not be written.
        """
        with self._reading() as connection:
            rows = connection.execute(
                select(versions.c.digest, versions.c.task, versions.c.version)
            )
            known = {digest: (task, version) for digest, task, version in rows}
            missing = missing_version_files(self._folder.versions, known.keys())
            for digest in sorted(missing):
                key = known[digest]
                definition = _definition(*key, _content(connection, *key))
                write_version_file(self._folder.versions, digest, definition)
        return len(missing)

    def _read(self, connection: Connection) -> Served:
        digests = self._read_new(connection)
        pointers = _pointers(connection)
        released = _released(connection)
        index = {
            task: VersionIndex(
                digests=of_task,
                channels=pointers.get(task, {}),
                released=tuple(v for v in released.get(task, ()) if v in of_task),
            )
            for task, of_task in digests.items()
        }
        wanted = {
            task: pointing[_PRODUCTION]
            for task, pointing in pointers.items()
            if _PRODUCTION in pointing
        }
        unread = sorted(task for task, _ in wanted.items() - self._definitions.keys())
        fresh = _contents(connection, unread)
        definitions, unreadable = {}, {}
        for key in wanted.items():
            try:
                known = self._definitions.get(key)
                definitions[key] = known or _definition(*key, fresh.get(key, b""))
            except StoreError as error:  # the other tasks go on
                unreadable[key[0]] = error.message
        self._definitions = definitions
        production = {task: definition for (task, _), definition in definitions.items()}
        return Served(index, production, unreadable)

    def _read_new(self, connection: Connection) -> dict[str, dict[str, str]]:
        """By task, the newest first: version → digest. Versions never change and never go, so only
        those are read that came since; all of them if their number says that some were passed
        over, as by a transaction that took its number early and was committed late."""
        count = connection.scalar(select(func.count()).select_from(versions)) or 0
        fresh = _digests(connection, after=self._last)
        if self._counted + len(fresh) != count:
            self._digests, fresh = {}, _digests(connection, after=0)
        changed: dict[str, dict[str, str]] = {}
        for seq, task, version, digest in fresh:
            changed.setdefault(task, {})[version] = digest
            self._last = max(self._last, seq)
        for task, of_task in changed.items():
            of_task |= self._digests.get(task, {})
            newest_first = sorted(of_task, key=_number, reverse=True)
            changed[task] = {version: of_task[version] for version in newest_first}
        # Another one: what was handed out stays as it is.
        self._digests, self._counted = self._digests | changed, count
        return self._digests

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            reason = getattr(error, "orig", None) or error
            raise StoreError(
                f"the registry in {self._folder.database} cannot be read: {reason}. What was served"
                " last is served on; mend the database, or put a copy in its place"
            ) from error


def _digests(connection: Connection, *, after: int) -> list[tuple[int, str, str, str]]:
    """Number, task, version and digest of the rows with a later number."""
    query = select(versions.c.seq, versions.c.task, versions.c.version, versions.c.digest)
    return [tuple(row) for row in connection.execute(query.where(versions.c.seq > after)).all()]


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _pointers(connection: Connection) -> dict[str, dict[str, str]]:
    query = select(channels.c.task, channels.c.channel, channels.c.version)
    found: dict[str, dict[str, str]] = {}
    for task, channel, version in connection.execute(
        query.order_by(channels.c.task, channels.c.channel)
    ):
        found.setdefault(task, {})[channel] = version
    return found


def _released(connection: Connection) -> dict[str, list[str]]:
    """By task, the versions that production has pointed to, without those it was rolled back from
    and did not come back to. As `released_versions`, for all tasks, by columns alone: what moves
    relied on would have to be read otherwise."""
    query = select(moves.c.task, moves.c.kind, moves.c.from_version, moves.c.to_version)
    query = query.where(moves.c.channel == _PRODUCTION, moves.c.kind != "import")
    found: dict[str, dict[str, None]] = {}
    for task, kind, from_version, to_version in connection.execute(query.order_by(moves.c.seq)):
        of_task = found.setdefault(task, {})
        if kind == "rollback":
            of_task.pop(from_version, None)
        of_task[to_version] = None
    return {task: list(of_task) for task, of_task in found.items()}


def _contents(connection: Connection, tasks: Sequence[str]) -> dict[tuple[str, str], bytes]:
    """By task and version, the contents of what these tasks have in production."""
    found: dict[tuple[str, str], bytes] = {}
    # By way of the pointers: SQLite looks no pairs of task and version up in an index.
    here = and_(
        version_contents.c.task == channels.c.task, version_contents.c.version == channels.c.version
    )
    query = select(channels.c.task, channels.c.version, version_contents.c.content)
    query = query.join(version_contents, here).where(channels.c.channel == _PRODUCTION)
    for start in range(0, len(tasks), _BATCH):
        some = channels.c.task.in_(tasks[start : start + _BATCH])
        for task, version, content in connection.execute(query.where(some)):
            found[task, version] = content
    return found


def _content(connection: Connection, task: str, version: str) -> bytes:
    query = select(version_contents.c.content).where(
        version_contents.c.task == task, version_contents.c.version == version
    )
    return connection.scalar(query) or b""


def _definition(task: str, version: str, data: bytes) -> TaskDefinition:
    definition = unpack(data, _Definition, what=f"version {version} of {task}").definition
    return msgspec.structs.replace(definition, name=task, version=version)
