"""The first tables: calls, marks in journals, rollups, latencies, losses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "downgrade", "revision", "upgrade"]

revision = "0001"
down_revision: str | None = None

_sequence = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_identifier = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    _create_calls()
    op.create_table(
        "journal_marks",
        sa.Column("file", sa.Text, primary_key=True),
        sa.Column("next_offset", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "rollups",
        *_span_columns(),
        sa.Column("outcome", sa.Text, primary_key=True),
        sa.Column("calls", sa.BigInteger, nullable=False),
        sa.Column("checked", sa.BigInteger, nullable=False),
        sa.Column("conforming", sa.BigInteger, nullable=False),
        sa.Column("input_tokens", sa.BigInteger),
        sa.Column("output_tokens", sa.BigInteger),
        sa.Column("cost_nusd", sa.BigInteger),
        sa.Column("unpriced", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "latencies",
        *_span_columns(),
        sa.Column("sketch", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "losses",
        sa.Column("seq", _sequence, primary_key=True),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("calls", sa.BigInteger),
        sa.Column("bytes", sa.BigInteger),
    )


def downgrade() -> None:
    for table in ("losses", "latencies", "rollups", "journal_marks", "calls"):
        op.drop_table(table)


def _create_calls() -> None:
    op.create_table(
        "calls",
        sa.Column("seq", _sequence, primary_key=True),
        sa.Column("id", _identifier, nullable=False),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("surface", sa.Text, nullable=False),
        sa.Column("stream", sa.Boolean, nullable=False),
        sa.Column("started_us", sa.BigInteger, nullable=False),
        sa.Column("duration_us", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("error_code", sa.Text),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("input_tokens", sa.BigInteger),
        sa.Column("output_tokens", sa.BigInteger),
        sa.Column("cost_nusd", sa.BigInteger),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("repairs", sa.Integer, nullable=False),
        sa.Column("conversation_id", sa.Text),
        sa.Column("schema_digest", sa.Text),
        sa.Column("unit", sa.Text),
        sa.Column("gateway", sa.Text, nullable=False),
        sa.Column("rest", sa.LargeBinary, nullable=False),
    )
    op.create_index("calls_by_id", "calls", ["id"], unique=True)
    op.create_index("calls_by_time", "calls", ["started_us"])
    op.create_index("calls_by_task", "calls", ["task", "started_us"])
    op.create_index("calls_by_outcome", "calls", ["outcome", "started_us"])
    op.create_index("calls_by_model", "calls", ["model", "started_us"])
    for name, column in (
        ("calls_by_error", "error_code"),
        ("calls_by_conversation", "conversation_id"),
    ):
        known = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            name, "calls", [column, "started_us"], sqlite_where=known, postgresql_where=known
        )


def _span_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("width_s", sa.Integer, primary_key=True),
        sa.Column("start_us", sa.BigInteger, primary_key=True),
        sa.Column("task", sa.Text, primary_key=True),
        sa.Column("version", sa.Text, primary_key=True),
        sa.Column("model", sa.Text, primary_key=True),
    ]
