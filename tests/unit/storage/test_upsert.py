from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, create_engine, select
from sqlalchemy.dialects.postgresql import psycopg

from roadworthy.storage.schema import ledger, ledger_reasons, rollups
from roadworthy.storage.upsert import _statement, upsert

COUNTS = Table(
    "counts",
    MetaData(),
    Column("name", Text, primary_key=True),
    Column("number", Integer),
    Column("last", Text),
)


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        COUNTS.create(connection)
        yield connection
    engine.dispose()


def put(connection: Connection, *rows: dict[str, Any]) -> list[tuple[Any, ...]]:
    upsert(connection, COUNTS, rows, add=["number"], replace=["last"])
    return [tuple(row) for row in connection.execute(select(COUNTS).order_by(COUNTS.c.name))]


def test_what_is_there_is_added_to_and_the_rest_inserted(connection: Connection) -> None:
    put(connection, {"name": "a", "number": 1, "last": "x"})
    found = put(
        connection,
        {"name": "a", "number": 2, "last": "y"},
        {"name": "b", "number": 7, "last": "z; DROP TABLE counts --"},
    )
    assert found == [("a", 3, "y"), ("b", 7, "z; DROP TABLE counts --")]


@pytest.mark.parametrize(
    ("old", "new", "sum_of_both"), [(None, None, None), (None, 2, 2), (2, None, 2), (0, None, 0)]
)
def test_unknown_adds_nothing(
    connection: Connection, old: int | None, new: int | None, sum_of_both: int | None
) -> None:
    put(connection, {"name": "a", "number": old, "last": ""})
    ((_, number, _),) = put(connection, {"name": "a", "number": new, "last": ""})
    assert number == sum_of_both


def test_nothing_is_done_of_nothing(connection: Connection) -> None:
    assert put(connection) == []


@pytest.mark.parametrize("table", [rollups, ledger, ledger_reasons], ids=str)
def test_postgresql_is_given_every_column_by_its_name(table: Table) -> None:
    statement = _statement(psycopg.dialect(), table, ("calls",), ())  # type: ignore[no-untyped-call]  # SQLAlchemy's
    assert statement.positiontup is None
    assert set(statement.params) == set(table.columns.keys())
    assert "ON CONFLICT (width_s, start_us, task" in statement.string
