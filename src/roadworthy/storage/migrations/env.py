"""What Alembic runs around migrations: the connection is handed in, never configured here."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from roadworthy.storage.schema import metadata

__all__ = ["migrate"]


def migrate(connection: Connection) -> None:
    """Run what Alembic was asked for, on this connection and in its transaction."""
    context.configure(connection=connection, target_metadata=metadata)
    context.run_migrations()


migrate(context.config.attributes["connection"])
