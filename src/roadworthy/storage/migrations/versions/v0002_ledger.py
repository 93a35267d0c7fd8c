"""The ledger of conformance. It counts from here on: the calls that a database holds already do
not say why their answers did not conform."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "downgrade", "revision", "upgrade"]

revision = "0002"
down_revision: str | None = "0001"


def upgrade() -> None:
    op.create_table(
        "ledger",
        *_cell_columns(),
        *_counts(
            *("calls", "first_pass", "repaired", "reasked", "failed", "refused", "truncated"),
            *("errored", "cancelled", "otherwise", "reasks"),
        ),
        sa.Column("reask_input_tokens", sa.BigInteger),
        sa.Column("reask_output_tokens", sa.BigInteger),
        sa.Column("reask_cost_nusd", sa.BigInteger),
        *_counts("reasks_unpriced"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ledger_reasons",
        *_cell_columns(),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("path", sa.Text, primary_key=True),
        *_counts("calls"),
        sa.Column("call_id", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    for table in ("ledger_reasons", "ledger"):
        op.drop_table(table)


def _cell_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("width_s", sa.Integer, primary_key=True),
        sa.Column("start_us", sa.BigInteger, primary_key=True),
        sa.Column("task", sa.Text, primary_key=True),
        sa.Column("version", sa.Text, primary_key=True),
        sa.Column("provider", sa.Text, primary_key=True),
        sa.Column("model", sa.Text, primary_key=True),
        sa.Column("mode", sa.Text, primary_key=True),
        sa.Column("schema_digest", sa.Text, primary_key=True),
    ]


def _counts(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]
