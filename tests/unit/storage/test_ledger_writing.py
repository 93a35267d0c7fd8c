"""The ledger in the database: by the loader, and in bounded room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Table, func, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable
from storage_samples import NOW_US, StillClock, a_call

from roadworthy.core import Attempt, Reason
from roadworthy.core.errors import StoreError
from roadworthy.storage import JournalWriter, StateFolder
from roadworthy.storage.database import open_database, writing
from roadworthy.storage.ledger import OTHER, entry_of
from roadworthy.storage.ledger_room import MAX_CAUSES, MAX_CELLS, MAX_SCHEMAS
from roadworthy.storage.ledger_writing import LedgerWriter
from roadworthy.storage.loader import Loader
from roadworthy.storage.retention import expire_ledger
from roadworthy.storage.rollups import WIDTHS_S
from roadworthy.storage.schema import ledger, ledger_reasons, metadata

REASON = Reason(kind="repair", name="enum", path="/mood")


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "state")


@pytest.fixture
def engine(folder: StateFolder) -> Iterator[Engine]:
    engine = open_database(folder)
    yield engine
    engine.dispose()


@pytest.fixture
def loader(folder: StateFolder, engine: Engine) -> Iterator[Loader]:
    loader = Loader(folder, engine, StillClock())
    yield loader
    loader.close()


@pytest.fixture
def writer(folder: StateFolder) -> Iterator[JournalWriter]:
    with JournalWriter(folder, "g1", StillClock()) as writer:
        yield writer


def counted(engine: Engine, table: Table) -> set[int]:
    """How many calls the table counts; one number if all widths agree."""
    query = select(func.sum(table.c.calls)).group_by(table.c.width_s)
    with engine.connect() as connection:
        return set(connection.scalars(query))


def rows(engine: Engine, table: Table) -> list[dict[str, Any]]:
    query = select(table).where(table.c.width_s == WIDTHS_S[0])
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def test_the_loader_counts_each_call_once(
    engine: Engine, loader: Loader, writer: JournalWriter
) -> None:
    call = a_call(reasons=(REASON,))
    for one in (call, call, a_call(reasons=(REASON,)), a_call(schema_digest=None)):
        writer.append(one)
        loader.load_once()
        loader.load_once()
    assert counted(engine, ledger) == counted(engine, ledger_reasons) == {2}
    (row,) = rows(engine, ledger)
    assert (row["repaired"], row["provider"], row["model"]) == (2, "embedded", "local")
    assert row["reask_cost_nusd"] is None


def test_a_reason_names_its_latest_call(
    engine: Engine, loader: Loader, writer: JournalWriter
) -> None:
    calls = [a_call(reasons=(REASON,)) for _ in range(3)]
    for call in calls:
        writer.append(call)
        loader.load_once()
    (row,) = rows(engine, ledger_reasons)
    assert (row["calls"], row["call_id"]) == (3, calls[-1].id)
    assert (row["kind"], row["name"], row["path"]) == ("repair", "enum", "/mood")


def test_a_failed_transaction_is_forgotten_in_the_ledger_too(
    engine: Engine, loader: Loader, writer: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise OSError("killed here")

    for _ in range(3):
        writer.append(a_call(reasons=(REASON,)))
    with monkeypatch.context() as patch:
        patch.setattr("roadworthy.storage.loader._mark", fail)
        with pytest.raises(StoreError, match="killed here"):
            loader.load_once()
    assert rows(engine, ledger) == rows(engine, ledger_reasons) == []
    loader.load_once()
    assert counted(engine, ledger) == counted(engine, ledger_reasons) == {3}


def test_a_writer_that_forgets_other_windows_reads_them_again(engine: Engine) -> None:
    writer = LedgerWriter()
    schemas = [f"s{n}" for n in range(2 * MAX_SCHEMAS)]
    for n, schema in enumerate(schemas):
        few = [a_call(schema_digest=schema), *(a_call(task=f"t{n}-{k}") for k in range(90))]
        with writing(engine) as connection:
            writer.add(connection, [entry for entry in map(entry_of, few) if entry])
    told = [row for row in rows(engine, ledger) if row["task"] == "classify-feedback"]
    assert {row["schema_digest"] for row in told} == {*schemas[:MAX_SCHEMAS], OTHER}


def test_room_is_bounded_over_many_transactions(engine: Engine) -> None:
    for batch in range(4):
        with writing(engine) as connection:
            flood = [
                entry_of(
                    a_call(
                        schema_digest=f"s{batch}-{n}",
                        attempts=[Attempt(model=f"m{batch}-{n}", provider="p")],
                        reasons=(Reason(kind="repair", name=f"k{n}", path=f"/{batch}/{n}"),),
                    )
                )
                for n in range(100)
            ]
            LedgerWriter().add(connection, [entry for entry in flood if entry])
    assert counted(engine, ledger) == counted(engine, ledger_reasons) == {400}
    cells = rows(engine, ledger)
    assert len(cells) == MAX_CELLS + 1
    assert len({cell["schema_digest"] for cell in cells}) == MAX_SCHEMAS + 1
    assert sum(cell["calls"] for cell in cells if cell["model"] == OTHER) == 400 - MAX_CELLS
    causes = {(row["kind"], row["name"], row["path"]) for row in rows(engine, ledger_reasons)}
    assert len(causes) <= 2 * MAX_CAUSES + 1


@pytest.mark.parametrize(
    ("days_ago", "narrowest_s"), [(0, 60), (1, 60), (3, 600), (13, 600), (15, 3_600), (900, 3_600)]
)
def test_narrow_spans_go_first_and_every_call_stays_counted(
    engine: Engine, days_ago: int, narrowest_s: int
) -> None:
    entry = entry_of(a_call(NOW_US - days_ago * 86_400_000_000, reasons=(REASON,)))
    assert entry is not None
    with writing(engine) as connection:
        LedgerWriter().add(connection, [entry])
    expire_ledger(engine, now_us=NOW_US)
    for table in (ledger, ledger_reasons):
        with engine.connect() as connection:
            widths = set(connection.scalars(select(table.c.width_s)))
        assert widths == {width_s for width_s in WIDTHS_S if width_s >= narrowest_s}


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=str)
def test_every_table_can_be_said_to_postgresql(table: Table) -> None:
    told = str(CreateTable(table).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]  # SQLAlchemy's
    assert f"CREATE TABLE {table.name}" in told
    assert "PRIMARY KEY" in told
