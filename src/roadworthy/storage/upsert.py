"""Inserts rows, or changes those that exist: the one place where dialects are told apart."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Dialect, Table, case, func, literal_column
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.compiler import SQLCompiler

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
    statement = _statement(connection.dialect, table, tuple(add), tuple(replace))
    # Compiled once and given to the driver as it is: for many short rows, SQLAlchemy's own
    # handling of parameters costs more than the database's work.
    names = statement.positiontup
    given = list(rows if names is None else map(itemgetter(*names), rows))
    connection.exec_driver_sql(statement.string, given)


@lru_cache(maxsize=64)
def _statement(
    dialect: Dialect, table: Table, add: tuple[str, ...], replace: tuple[str, ...]
) -> SQLCompiler:
    insert = (postgresql.insert if dialect.name == "postgresql" else sqlite.insert)(table)
    new = insert.excluded
    changes: dict[str, ColumnElement[Any]] = {name: new[name] for name in replace}
    changes |= {name: _sum(table.c[name], new[name]) for name in add}
    statement = insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=changes)
    compiled = statement.compile(dialect=dialect, column_keys=table.columns.keys())
    assert isinstance(compiled, SQLCompiler)
    return compiled


def _sum(old: ColumnElement[Any], new: ColumnElement[Any]) -> ColumnElement[Any]:
    # A literal nought: as a parameter it would have to be in every row.
    return case((new.is_(None), old), else_=func.coalesce(old, literal_column("0")) + new)
