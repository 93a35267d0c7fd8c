"""What calls of a task were given, and what they answered: the inputs that tests can ask again.

Called from threads; it blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Engine, or_, select

from roadworthy.core import UNCOUNTED, Call
from roadworthy.storage.bulk import join
from roadworthy.storage.database import open_database
from roadworthy.storage.folder import StateFolder
from roadworthy.storage.rows import call_of, column_text
from roadworthy.storage.schema import calls
from roadworthy.storage.texts import day_of, read_texts

__all__ = ["RecordedCalls", "recorded_calls", "recorded_tree"]

_BATCH = 200


class RecordedCalls(NamedTuple):
    """Which calls of one task."""

    task: str
    since_us: int | None = None
    """None: however old."""
    tests: bool = False
    """Those that tests made as well."""


def recorded_tree(folder: StateFolder, root: str) -> tuple[Call, list[Call]] | None:
    """A chain's call and all below it, with their texts; None: it is not recorded, or its texts
    are not kept."""
    if not folder.database.exists():
        return None
    engine = open_database(folder)
    query = select(calls.c.id, calls.c.rest).where(
        or_(calls.c.id == column_text(root), calls.c.root_id == column_text(root))
    )
    try:
        with engine.connect() as connection:
            found = {row.id: call_of(row.rest) for row in connection.execute(query)}
    finally:
        engine.dispose()
    if root not in found:
        return None
    whole = {}
    for identifier, rest in found.items():
        bulk = read_texts(folder, identifier, day_of(rest.started_us))
        if bulk is None:
            return None
        whole[identifier] = join(rest, bulk)
    return whole.pop(root), list(whole.values())


def recorded_calls(engine: Engine, folder: StateFolder, where: RecordedCalls) -> Iterator[Call]:
    """The calls with their texts, the latest started first. Steps of chains are calls of their
    own. Calls whose texts were not kept come without them.

    Raises:
        StoreError: a day's texts cannot be read.
    """
    query = (
        select(calls.c.rest)
        .where(calls.c.task == column_text(where.task))
        .order_by(calls.c.started_us.desc(), calls.c.seq.desc())
    )
    if where.since_us is not None:
        query = query.where(calls.c.started_us >= where.since_us)
    if not where.tests:
        query = query.where(calls.c.surface.not_in(UNCOUNTED))
    with engine.connect() as connection:
        rows = connection.execution_options(yield_per=_BATCH).execute(query)
        for row in rows:
            rest = call_of(row.rest)
            bulk = read_texts(folder, rest.id, day_of(rest.started_us))
            yield rest if bulk is None else join(rest, bulk)
