from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.exc import OperationalError

from roadworthy.core.errors import StoreError
from roadworthy.storage import StateFolder
from roadworthy.storage.database import MIGRATIONS, open_database, writing
from roadworthy.storage.schema import HEAD, metadata


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "100% state")


@pytest.fixture
def engine(folder: StateFolder) -> Iterator[Engine]:
    engine = open_database(folder)
    yield engine
    engine.dispose()


def test_migrations_lead_to_the_schema_that_the_code_expects(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_migrations_lead_to_the_very_tables_of_the_schema(engine: Engine) -> None:
    fresh = create_engine("sqlite://")
    metadata.create_all(fresh)
    with engine.connect() as migrated, fresh.connect() as created:
        assert layout(migrated) == layout(created)
    fresh.dispose()


def layout(connection: Connection) -> set[tuple[object, ...]]:
    """Tables with their columns, keys and storage, and indexes; as SQLite sees them, because a
    column that was added stands elsewhere in the text of its table."""
    tables = connection.execute(
        text("SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main'")
    )
    found: set[tuple[object, ...]] = set()
    for name, kind, without_rowid in tables:
        if not name.startswith(("alembic", "sqlite_")):
            columns = connection.execute(text(f"SELECT * FROM pragma_table_xinfo('{name}')"))
            found.add((name, kind, without_rowid, *map(tuple, columns)))
    indexes = text("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql <> ''")
    return found | set(map(tuple, connection.execute(indexes)))


def test_the_head_that_the_code_names_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def step_to(engine: Engine, revision: str, *, down: bool = False) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        (command.downgrade if down else command.upgrade)(config, revision)


@pytest.mark.parametrize("revision", ["0001", "0002", "0003"])
def test_an_older_database_is_brought_up_with_what_it_holds(
    folder: StateFolder, revision: str
) -> None:
    folder.create()
    old = create_engine(f"sqlite:///{folder.database}")
    step_to(old, revision)
    with writing(old) as connection:
        connection.execute(text("INSERT INTO journal_marks VALUES ('a', 1)"))
    old.dispose()
    engine = open_database(folder)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT next_offset FROM journal_marks")) == 1
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_what_was_summed_up_before_there_were_chains_is_nobodys_step(folder: StateFolder) -> None:
    folder.create()
    old = create_engine(f"sqlite:///{folder.database}")
    step_to(old, "0003")
    with writing(old) as connection:
        for outcome, cost in (("first_pass", "7"), ("rejected", "0")):
            key = f"60, 0, 't', '1.0.0', 'm', '{outcome}'"
            connection.execute(
                text(f"INSERT INTO rollups VALUES ({key}, 5, 5, 4, 9, NULL, {cost}, 2)")
            )
    old.dispose()
    engine = open_database(folder)
    query = text("SELECT outcome, nested, calls, cost_nusd, unpriced, priced FROM rollups")
    with engine.connect() as connection:
        rows = set(map(tuple, connection.execute(query)))
    engine.dispose()
    assert rows == {("first_pass", 0, 5, 7, 2, 3), ("rejected", 0, 5, 0, 2, 0)}


def test_a_migration_taken_back_counts_steps_as_calls(engine: Engine) -> None:
    with writing(engine) as connection:
        for nested in (0, 1):
            key = f"60, 0, 't', '1.0.0', 'm', 'first_pass', {nested}"
            connection.execute(
                text(f"INSERT INTO rollups VALUES ({key}, 5, 5, 4, 9, NULL, 7, 1, 4)")
            )
    step_to(engine, "0003", down=True)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT calls, cost_nusd FROM rollups")).all() == [(10, 14)]


def test_every_migration_can_be_taken_back_and_made_again(engine: Engine) -> None:
    query = text("SELECT name, sql FROM sqlite_master WHERE sql <> '' ORDER BY name")
    with engine.connect() as connection:
        before = connection.execute(query).all()
    step_to(engine, "base", down=True)
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
    step_to(engine, HEAD)
    with engine.connect() as connection:
        assert connection.execute(query).all() == before


def test_opening_again_changes_nothing(folder: StateFolder, engine: Engine) -> None:
    before = folder.database.read_bytes()
    open_database(folder).dispose()
    assert folder.database.read_bytes() == before


def test_readers_do_not_wait_for_a_writer(engine: Engine) -> None:
    with writing(engine) as writer, engine.connect() as reader:
        writer.execute(text("INSERT INTO journal_marks VALUES ('a', 1)"))
        assert reader.scalar(text("SELECT count(*) FROM journal_marks")) == 0


def write_half(connection: Connection) -> None:
    connection.execute(text("INSERT INTO journal_marks VALUES ('a', 1)"))
    connection.execute(text("CREATE TABLE half (a)"))
    connection.execute(text("INSERT INTO no_such_table VALUES (1)"))


def test_a_failed_write_leaves_nothing(engine: Engine) -> None:
    with pytest.raises(OperationalError), writing(engine) as connection:
        write_half(connection)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM journal_marks")) == 0
        assert not inspect(connection).has_table("half")


def test_two_that_open_at_once_migrate_once(folder: StateFolder) -> None:
    failures: list[BaseException] = []

    def open_it() -> None:
        try:
            open_database(folder).dispose()
        except StoreError as error:
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_database_of_a_later_version_is_left_alone(folder: StateFolder) -> None:
    open_database(folder).dispose()
    with closing(sqlite3.connect(folder.database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match=rf"schema 9999.*up to {HEAD}.*newer"):
        open_database(folder)


def test_a_file_that_is_no_database_is_an_error_with_a_remedy(folder: StateFolder) -> None:
    folder.create()
    folder.database.write_text("not a database" * 100)
    with pytest.raises(StoreError, match=r"calls\.sqlite cannot be used.*move it away"):
        open_database(folder)
