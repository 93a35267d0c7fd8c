"""Reads and writes the registry's tables: rows in, values out. Decisions stand elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, RowMapping, Select, func, select

from roadworthy.registry.content import Content, pack, unpack
from roadworthy.registry.moves import Move, Pointer
from roadworthy.registry.results import CaseResult
from roadworthy.registry.semantic import parse
from roadworthy.registry.version import Version, VersionRow
from roadworthy.storage.schema import (
    channels,
    moves,
    results,
    version_contents,
    versions,
)
from roadworthy.storage.upsert import upsert

__all__ = [
    "add_move",
    "add_version",
    "newest_row",
    "read_moves",
    "read_pointers",
    "read_results",
    "read_row",
    "read_rows",
    "read_version",
    "revision_of",
    "set_pointer",
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
    return [version_row(row) for row in connection.execute(query.limit(limit))]


def newest_row(connection: Connection, task: str) -> VersionRow | None:
    """The task's highest version."""
    return next(iter(read_rows(connection, task, limit=1)), None)


def read_row(connection: Connection, task: str, version: str) -> VersionRow | None:
    """The row of one version."""
    query = select(versions).where(versions.c.task == task, versions.c.version == version)
    row = connection.execute(query).first()
    return None if row is None else version_row(row)


def read_version(connection: Connection, row: VersionRow) -> Version:
    """The version of a row, whole.

    Raises:
        StoreError: its content is damaged.
    """
    query = select(version_contents.c.content).where(
        version_contents.c.task == row.task, version_contents.c.version == row.version
    )
    data = connection.scalar(query) or b""
    content = unpack(data, Content, what=f"version {row.version} of {row.task}")
    return Version(
        row=row, definition=content.definition, suite=content.suite, changes=content.changes
    )


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


def set_pointer(connection: Connection, move: Move) -> None:
    """Point a channel where a move says."""
    row = {
        "task": move.task,
        "channel": move.channel,
        "version": move.to_version,
        "since_us": move.at_us,
    }
    upsert(connection, channels, [row], replace=("version", "since_us"))


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
    query = _where(query, task, channel).limit(limit)
    return [_move(row, as_made=as_made) for row in connection.execute(query).mappings()]


def _move(row: RowMapping, *, as_made: bool) -> Move:
    move = msgspec.json.decode(row["move"], type=Move)
    same = as_made or move.kind == row["kind"]
    return move if same else msgspec.structs.replace(move, kind=row["kind"])


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
    rows = [{**msgspec.structs.asdict(result.key), "result": pack(result)} for result in given]
    upsert(connection, results, rows, replace=("result",))


def revision_of(connection: Connection) -> str:
    """A text that changes with every version and every move. Two look-ups."""
    last = connection.scalar(select(func.max(versions.c.seq)))
    moved = connection.scalar(select(func.max(moves.c.seq)))
    return f"{last or 0}.{moved or 0}"
