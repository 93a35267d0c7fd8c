"""Answers from the database: lists of calls, one call, the overview.

Called by the control plane and the command line, from threads; every function may block.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Engine, Row, Select, and_, func, or_, select

from roadworthy.core import UNCOUNTED, time_of_id_us
from roadworthy.core.errors import NotFound
from roadworthy.storage.bulk import join
from roadworthy.storage.folder import StateFolder
from roadworthy.storage.overview import overview
from roadworthy.storage.rows import call_of, column_text
from roadworthy.storage.schema import calls, losses, rollups
from roadworthy.storage.texts import day_of, read_texts
from roadworthy.storage.views import MAX_TREE, CallFilter, CallPage, CallRow, CallTree, StoredCall

__all__ = [
    "call_tree",
    "find_call",
    "latest_call",
    "list_calls",
    "lost_calls",
    "new_calls",
    "overview",
    "task_names",
]

MAX_COUNTED = 1_000
MAX_RESUMED = 20
_ROW_COLUMNS = [calls.c[name] for name in CallRow.__struct_fields__]


def list_calls(
    engine: Engine, where: CallFilter, *, limit: int = 50, before: str | None = None
) -> CallPage:
    """Calls that match, the latest started first.

    ``before`` is a page's `next_before`; a call that has expired since will do.

    Raises:
        NotFound: ``before`` is no call's id.
    """
    # Ties are broken by arrival: that is the order in which SQLite's indexes hold them.
    query = (
        _matching(where).order_by(calls.c.started_us.desc(), calls.c.seq.desc()).limit(limit + 1)
    )
    if before is not None:
        query = query.where(_older_than(engine, before))
    with engine.connect() as connection:
        rows = [_view(row) for row in connection.execute(query)]
    more = len(rows) > limit
    return CallPage(rows=rows[:limit], next_before=rows[limit - 1].id if more else None)


def new_calls(
    engine: Engine, where: CallFilter, *, after: str | None, limit: int = 500
) -> list[CallRow]:
    """Calls that match and arrived after this one, in the order of arrival.

    To follow, give the last one's id again; begin with `latest_call`. None, or an id that is
    not there, begins with the oldest.
    """
    seq = select(calls.c.seq).where(calls.c.id == column_text(after or "")).scalar_subquery()
    query = _matching(where).where(calls.c.seq > func.coalesce(seq, 0))
    with engine.connect() as connection:
        return [_view(row) for row in connection.execute(query.order_by(calls.c.seq).limit(limit))]


def latest_call(engine: Engine) -> str | None:
    """The id of the call that arrived last; None: there is none."""
    with engine.connect() as connection:
        found: str | None = connection.scalar(
            select(calls.c.id).order_by(calls.c.seq.desc()).limit(1)
        )
    return found


def find_call(engine: Engine, folder: StateFolder, id_or_prefix: str) -> StoredCall:
    """One call by its id, or by a beginning that no other id has, with its texts if kept.

    Raises:
        NotFound: no call's id begins so, or more than one does.
        StoreError: its texts cannot be read.
    """
    prefix = column_text(id_or_prefix.strip().lower())
    # The character behind every one that an id may hold.
    of_prefix = and_(calls.c.id >= prefix, calls.c.id < prefix + "\U0010ffff")
    query = select(calls.c.id, calls.c.rest).where(of_prefix).order_by(calls.c.id).limit(2)
    with engine.connect() as connection:
        found = connection.execute(query).all()
        if len(found) > 1 and found[0].id != prefix:
            counted = select(calls.c.id).where(of_prefix).limit(MAX_COUNTED + 1).subquery()
            number = connection.scalar(select(func.count()).select_from(counted)) or 0
            raise NotFound(_ambiguous(id_or_prefix, number))
    if not found or not prefix:
        raise NotFound(
            f"no call's id begins with {id_or_prefix[:40]!r}. `roadworthy calls` lists those that"
            " are kept; older ones may have expired."
        )
    rest = call_of(found[0].rest)
    bulk = read_texts(folder, found[0].id, day_of(rest.started_us))
    return StoredCall(call=rest if bulk is None else join(rest, bulk), texts_kept=bulk is not None)


def call_tree(engine: Engine, root_id: str, *, limit: int = MAX_TREE) -> CallTree:
    """The call of this id with those below it, as far as they are recorded: steps are written down
    before the call that they belong to."""
    where = calls.c.root_id == column_text(root_id)
    below = select(*_ROW_COLUMNS).where(where).order_by(calls.c.started_us, calls.c.seq)
    root = select(*_ROW_COLUMNS).where(calls.c.id == column_text(root_id))
    resumed = select(calls.c.id).where(calls.c.resumes == column_text(root_id))
    with engine.connect() as connection:
        rows = [_view(row) for row in connection.execute(below.limit(limit))]
        number = len(rows)
        if number == limit:
            counted = select(func.count()).select_from(calls).where(where)
            number = connection.scalar(counted) or 0
        found = connection.execute(root).first()
        resumed_by = tuple(connection.scalars(resumed.order_by(calls.c.seq).limit(MAX_RESUMED)))
    return CallTree(
        root=None if found is None else _view(found),
        below=rows,
        more=number - len(rows),
        resumed_by=resumed_by,
    )


def task_names(engine: Engine) -> list[str]:
    """Names of all tasks that ever had a call, implicit ones included; sorted."""
    # Of the widest rollups, of which there are the fewest.
    widest = select(func.max(rollups.c.width_s)).scalar_subquery()
    query = select(rollups.c.task).where(rollups.c.width_s == widest).distinct()
    with engine.connect() as connection:
        return sorted(connection.scalars(query))


def lost_calls(engine: Engine, *, since_us: int = 0) -> int:
    """Calls that are known to be lost: not written by their gateway, or not loadable.

    Damaged bytes of a journal, which may have held any number of calls, are not among them.
    """
    query = select(func.coalesce(func.sum(losses.c.calls), 0)).where(losses.c.at_us >= since_us)
    with engine.connect() as connection:
        return int(connection.scalar(query) or 0)


def _matching(where: CallFilter) -> Select[Any]:
    equal = {
        calls.c.surface: where.surface,
        calls.c.task: where.task,
        calls.c.outcome: where.outcome,
        calls.c.model: where.model,
        calls.c.version: where.version,
        calls.c.mode: where.mode,
        calls.c.schema_digest: where.schema_digest,
        calls.c.conversation_id: where.conversation_id,
        calls.c.error_code: where.error_code,
        calls.c.root_id: where.root_id,
        calls.c.resumes: where.resumes,
    }
    query = select(*_ROW_COLUMNS)
    for column, value in equal.items():
        if value is not None:
            query = query.where(column == column_text(value))
    if where.surface is None:
        query = query.where(calls.c.surface.not_in(UNCOUNTED))
    if not where.with_steps:
        query = query.where(calls.c.parent_id.is_(None))
    if where.since_us is not None:
        query = query.where(calls.c.started_us >= where.since_us)
    if where.until_us is not None:
        query = query.where(calls.c.started_us < where.until_us)
    return query


def _older_than(engine: Engine, call_id: str) -> ColumnElement[bool]:
    """Whether a call comes behind this one in a list."""
    query = select(calls.c.started_us, calls.c.seq).where(calls.c.id == column_text(call_id))
    with engine.connect() as connection:
        row = connection.execute(query).first()
    if row is not None:
        started_us, seq = row
        tie = and_(calls.c.started_us == started_us, calls.c.seq < seq)
        # The first condition alone would do; it lets the index be entered at the right place.
        return and_(calls.c.started_us <= started_us, or_(calls.c.started_us < started_us, tie))
    try:
        return calls.c.started_us < time_of_id_us(call_id)
    except ValueError as error:
        raise NotFound(
            f"no call has the id {call_id[:40]!r}. Begin again with the first page."
        ) from error


def _view(row: Row[Any]) -> CallRow:
    return CallRow(**row._mapping)  # noqa: SLF001  # SQLAlchemy's public name for it


def _ambiguous(prefix: str, number: int) -> str:
    many = f"more than {MAX_COUNTED:,}" if number > MAX_COUNTED else f"{number:,}"
    return f"{many} calls have an id that begins with {prefix[:40]!r}. Give more of it."
