"""Opens the database, at the newest schema."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from roadworthy.core.errors import StoreError
from roadworthy.storage.folder import StateFolder
from roadworthy.storage.schema import HEAD

__all__ = ["MIGRATIONS", "migrate", "open_database", "writing"]

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_MS = 10_000
LOOK_EVERY_S = 0.01
_WRITE = "roadworthy_write"


def open_database(folder: StateFolder) -> Engine:
    """The database of this state folder, made if it is missing, migrated if it is old.

    Raises:
        StoreError: it cannot be opened, or a newer version of Roadworthy made it.
    """
    folder.create()
    engine = create_engine(f"sqlite:///{folder.database}")
    _prepare_sqlite(engine)
    try:
        migrate(engine)
    except (SQLAlchemyError, sqlite3.Error) as error:
        engine.dispose()
        reason = getattr(error, "orig", None) or error
        raise StoreError(
            f"the database {folder.database} cannot be used: {reason}. If it is damaged, move it"
            " away and start again: a new one is made, and calls still in the journal are loaded."
            " Published versions and their history come back with a backup of the database, or by"
            " `roadworthy import` of an exported folder."
        ) from error
    except StoreError:
        engine.dispose()
        raise
    return engine


def migrate(engine: Engine) -> None:
    """Bring a database to the newest schema, all of it or nothing.

    Raises:
        StoreError: a newer version of Roadworthy made it.
    """
    with engine.connect() as connection:
        if _revision(connection) == HEAD:
            return  # the common case, without paying for the import of Alembic
    with writing(engine) as connection:
        _upgrade(connection)


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A connection in a transaction that is going to write; committed at the end."""
    with engine.connect().execution_options(**{_WRITE: True}) as connection, connection.begin():
        yield connection


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    revision = _revision(connection)
    if revision is not None:
        try:
            ScriptDirectory.from_config(config).get_revision(revision)
        except CommandError as error:
            raise StoreError(
                f"the database {connection.engine.url.database} is at schema {revision}, and this"
                f" version of Roadworthy knows schemas up to {HEAD}. Install the version that"
                " made it, or a newer one, or set [store] path to another folder."
            ) from error
    command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _enter_wal(connection: Any) -> None:
    """Switch to the write-ahead log. SQLite does not wait here, whatever its timeout says, while
    another connection makes the same new database."""
    give_up = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(LOOK_EVERY_S)
        else:
            return


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: object) -> None:
        # Transactions are begun below: the driver's own way leaves statements that change the
        # schema out of them.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        _enter_wal(connection)
        for pragma in ("synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads before it writes must have the right to write from its
        # beginning: SQLite does not wait for it in the middle, but fails.
        writes = connection.get_execution_options().get(_WRITE, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
