"""Reads and writes the registry's tables: rows in, values out. Decisions stand elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, RowMapping, Select, and_, func, select

from roadworthy.core.errors import RegistryConflict
from roadworthy.registry.content import Content, pack, unpack
from roadworthy.registry.moves import Move, Pointer
from roadworthy.registry.results import CaseResult
from roadworthy.registry.semantic import parse
from roadworthy.registry.version import Version, VersionRow
from roadworthy.storage.portable import portable
from roadworthy.storage.schema import (
    channels,
    moves,
    results,
    version_blocks,
    version_contents,
    versions,
)
from roadworthy.storage.upsert import upsert
from roadworthy.tasks import TaskDefinition, content_digest

__all__ = [
    "add_move",
    "add_version",
    "move_ids",
    "moved_us",
    "newest_row",
    "read_moves",
    "read_pinned",
    "read_pointers",
    "read_results",
    "read_row",
    "read_rows",
    "read_version",
    "read_versions",
    "revision_of",
    "set_pointer",
    "task_names",
    "version_digests",
    "version_row",
    "write_results",
]

_NUMBER = (versions.c.major.desc(), versions.c.minor.desc(), versions.c.patch.desc())


def version_row(row: Row[Any]) -> VersionRow:
    """A line of table `versions`."""
    return VersionRow(
        task=row.task,
        version=row.version,
        digest=row.digest,
        definition_digest=row.definition_digest,
        level=row.level,
        message=row.message,
        author=row.author,
        commit=row.git_commit,
        published_us=row.published_us,
    )


def read_rows(connection: Connection, task: str | None, *, limit: int | None) -> list[VersionRow]:
    """Versions, newest first: one task's by number, all tasks' by time."""
    query = select(versions)
    if task is None:
        query = query.order_by(versions.c.published_us.desc(), versions.c.seq.desc())
    else:
        query = query.where(versions.c.task == task).order_by(*_NUMBER)
    return [version_row(row) for row in connection.execute(query.limit(_most(limit)))]


def newest_row(connection: Connection, task: str) -> VersionRow | None:
    """The task's highest version."""
    return next(iter(read_rows(connection, task, limit=1)), None)


def read_row(connection: Connection, task: str, version: str) -> VersionRow | None:
    """The row of one version."""
    query = select(versions).where(versions.c.task == task, versions.c.version == version)
    row = connection.execute(query).first()
    return None if row is None else version_row(row)


def read_pinned(connection: Connection, task: str, digest: str) -> TaskDefinition | None:
    """The definition of the task's newest version with this digest of the definition."""
    query = select(versions).where(versions.c.task == task, versions.c.definition_digest == digest)
    row = connection.execute(query.order_by(*_NUMBER).limit(1)).first()
    return None if row is None else read_version(connection, version_row(row)).definition


def read_version(connection: Connection, row: VersionRow) -> Version:
    """The version of a row, whole.

    Raises:
        StoreError: its content is damaged.
    """
    query = select(version_contents.c.content).where(
        version_contents.c.task == row.task, version_contents.c.version == row.version
    )
    data = connection.scalar(query) or b""
    return _whole(row, data)


def _whole(row: VersionRow, data: bytes) -> Version:
    content = unpack(data, Content, what=f"version {row.version} of {row.task}")
    return Version(
        row=row, definition=content.definition, suite=content.suite, changes=content.changes
    )


def read_versions(connection: Connection, tasks: Collection[str] = ()) -> Iterator[Version]:
    """The versions of these tasks, or of all, whole; by task and number, in one query.

    Raises:
        StoreError: the content of one is damaged.
    """
    query = select(versions, version_contents.c.content).join(
        version_contents,
        and_(
            version_contents.c.task == versions.c.task,
            version_contents.c.version == versions.c.version,
        ),
    )
    if tasks:
        query = query.where(versions.c.task.in_(tasks))
    order = versions.c.task, versions.c.major, versions.c.minor, versions.c.patch
    for row in connection.execute(query.order_by(*order)):
        yield _whole(version_row(row), row.content)


def add_version(connection: Connection, version: Version) -> None:
    """Add a version. Raises IntegrityError where its number is taken."""
    row = version.row
    number = parse(row.version)
    fields = msgspec.structs.asdict(row)
    fields["git_commit"] = fields.pop("commit")
    numbers = {"major": number.major, "minor": number.minor, "patch": number.patch}
    connection.execute(versions.insert().values(**fields, **numbers))
    content = Content(definition=version.definition, suite=version.suite, changes=version.changes)
    connection.execute(
        version_contents.insert().values(task=row.task, version=row.version, content=pack(content))
    )
    held = [
        {
            "task": row.task,
            "version": row.version,
            "block": name,
            "text_digest": content_digest(text),
        }
        for name, text in version.definition.blocks.items()
    ]
    if held:
        connection.execute(version_blocks.insert(), held)


def read_pointers(
    connection: Connection, task: str | None, *, protected: Iterable[str]
) -> list[Pointer]:
    """Where channels point, by task and name."""
    query = select(channels).order_by(channels.c.task, channels.c.channel)
    if task is not None:
        query = query.where(channels.c.task == task)
    held = frozenset(protected)
    return [
        Pointer(
            task=row.task,
            channel=row.channel,
            version=row.version,
            since_us=row.since_us,
            protected=row.channel in held,
        )
        for row in connection.execute(query)
    ]


def moved_us(connection: Connection, task: str, channel: str) -> int:
    """When the channel moved last; 0: never."""
    query = select(channels.c.since_us).where(
        channels.c.task == task, channels.c.channel == channel
    )
    return connection.scalar(query) or 0


def task_names(connection: Connection) -> list[str]:
    """The tasks that have versions, by name."""
    return sorted(connection.scalars(select(versions.c.task).distinct()))


def version_digests(connection: Connection) -> dict[tuple[str, str], str]:
    """By task and version, the digests of all."""
    query = select(versions.c.task, versions.c.version, versions.c.digest)
    return {(task, version): digest for task, version, digest in connection.execute(query)}


def move_ids(connection: Connection) -> set[str]:
    """The ids of all moves."""
    return set(connection.scalars(select(moves.c.id)))


def set_pointer(connection: Connection, move: Move) -> None:
    """Point a channel where a move says, if it still points to where the move comes from.

    Raises:
        IntegrityError: the channel is to be new, and is there.
        RegistryConflict: it points elsewhere.
    """
    values = {"version": move.to_version, "since_us": move.at_us}
    if move.from_version is None:
        new = {"task": move.task, "channel": move.channel, **values}
        connection.execute(channels.insert().values(new))
        return
    here = channels.c.task == move.task, channels.c.channel == move.channel
    still = channels.c.version == move.from_version
    moved = connection.execute(channels.update().where(*here, still).values(values)).rowcount
    if moved != 1:
        raise RegistryConflict(
            f"{move.channel} of {move.task} does not point to {move.from_version} any more, because"
            " somebody moved it at the same time; look at it and try again"
        )


def add_move(connection: Connection, move: Move, *, imported: bool = False) -> None:
    """Write a move down, as it was made. Raises IntegrityError where its id is taken."""
    connection.execute(
        moves.insert().values(
            id=move.id,
            task=move.task,
            channel=move.channel,
            environment=move.environment,
            kind="import" if imported else move.kind,
            from_version=move.from_version,
            to_version=move.to_version,
            at_us=move.at_us,
            move=msgspec.json.encode(move).decode(),
        )
    )


def read_moves(
    connection: Connection,
    task: str | None = None,
    *,
    channel: str | None = None,
    limit: int | None = None,
    as_made: bool = False,
) -> list[Move]:
    """Moves, newest first. Those taken from other installations are of kind ``import``, for they
    moved nothing here; or, `as_made`, what they were there."""
    query = select(moves.c.move, moves.c.kind).order_by(moves.c.at_us.desc(), moves.c.seq.desc())
    query = _where(query, task, channel).limit(_most(limit))
    return [_move(row, as_made=as_made) for row in connection.execute(query).mappings()]


def _move(row: RowMapping, *, as_made: bool) -> Move:
    move = msgspec.json.decode(row["move"], type=Move)
    same = as_made or move.kind == row["kind"]
    return move if same else msgspec.structs.replace(move, kind=row["kind"])


def _most(limit: int | None) -> int | None:
    return None if limit is None else max(0, limit)  # below nought, SQLite gives everything


def _where(query: Select[Any], task: str | None, channel: str | None) -> Select[Any]:
    if task is not None:
        query = query.where(moves.c.task == task)
    if channel is not None:
        query = query.where(moves.c.channel == channel)
    return query


def read_results(
    connection: Connection, task: str, *, definition: str, binding: str | None
) -> list[CaseResult]:
    """What was measured of a definition."""
    query = select(results.c.result).where(
        results.c.task == task, results.c.definition == definition
    )
    if binding is not None:
        query = query.where(results.c.binding == binding)
    query = query.order_by(results.c.binding, results.c.question, results.c.run)
    what = f"a test result of {task}"
    return [unpack(data, CaseResult, what=what) for data in connection.scalars(query)]


def write_results(connection: Connection, given: Sequence[CaseResult]) -> None:
    """Keep results; a run that is there is replaced."""
    rows = [
        {
            **msgspec.structs.asdict(one.key),
            "case_id": portable(one.case_id),
            "passed": None if one.passed is None else int(one.passed),
            "at_us": one.at_us,
            "result": _packed(one),
        }
        for one in given
    ]
    upsert(connection, results, rows, replace=("case_id", "passed", "at_us", "result"))


def _packed(result: CaseResult) -> bytes:
    try:
        return pack(result)
    except UnicodeEncodeError:  # a model may write half of a surrogate pair
        return pack(msgspec.convert(portable(result), CaseResult))


def revision_of(connection: Connection) -> str:
    """A text that changes with every version and every move. Two look-ups."""
    last = connection.scalar(select(func.max(versions.c.seq)))
    moved = connection.scalar(select(func.max(moves.c.seq)))
    return f"{last or 0}.{moved or 0}"
