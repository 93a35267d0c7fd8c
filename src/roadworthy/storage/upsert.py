"""Inserts rows, or changes those that exist: the one place where dialects are told apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, case, func
from sqlalchemy.dialects import postgresql, sqlite

__all__ = ["upsert"]


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[dict[str, Any]],
    *,
    add: Sequence[str] = (),
    replace: Sequence[str] = (),
) -> None:
    """Insert rows by primary key; where one exists, add to some columns and replace others.

    Adding keeps None as *unknown*: it adds nothing, and stands only while nothing is known.
    """
    if not rows:
        return
    dialect = connection.dialect.name
    insert = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)
    new = insert.excluded
    changes: dict[str, ColumnElement[Any]] = {name: new[name] for name in replace}
    changes |= {name: _sum(table.c[name], new[name]) for name in add}
    statement = insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=changes)
    connection.execute(statement, rows)


def _sum(old: ColumnElement[Any], new: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((new.is_(None), old), else_=func.coalesce(old, 0) + new)
