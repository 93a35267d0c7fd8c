"""The registry: versions, channels, the history of their moves, what tests measured; and keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "downgrade", "revision", "upgrade"]

revision = "0003"
down_revision: str | None = "0002"

_sequence = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "versions",
        sa.Column("seq", _sequence, primary_key=True),
        *_required("task", "version"),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("major", "minor", "patch")),
        *_required("digest", "definition_digest", "level", "message", "author"),
        sa.Column("git_commit", sa.Text),
        sa.Column("published_us", sa.BigInteger, nullable=False),
    )
    op.create_index("versions_number", "versions", ["task", "major", "minor", "patch"], unique=True)
    op.create_index("versions_time", "versions", ["published_us"])
    op.create_table(
        "version_contents",
        sa.Column("task", sa.Text, primary_key=True),
        sa.Column("version", sa.Text, primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "version_blocks",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("task", "version", "block")),
        *_required("text_digest"),
    )
    op.create_table(
        "channels",
        sa.Column("task", sa.Text, primary_key=True),
        sa.Column("channel", sa.Text, primary_key=True),
        *_required("version"),
        sa.Column("since_us", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "moves",
        sa.Column("seq", _sequence, primary_key=True),
        *_required("id", "task", "channel", "environment", "kind"),
        sa.Column("from_version", sa.Text),
        *_required("to_version"),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        *_required("move"),
    )
    op.create_index("moves_id", "moves", ["id"], unique=True)
    op.create_index("moves_channel", "moves", ["task", "channel", "at_us"])
    op.create_table(
        "results",
        *(
            sa.Column(name, sa.Text, primary_key=True)
            for name in ("task", "definition", "binding", "question")
        ),
        sa.Column("run", sa.Integer, primary_key=True),
        *_required("case_id"),
        sa.Column("passed", sa.Integer),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("result", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "keys",
        sa.Column("id", sa.Text, primary_key=True),
        *_required("name", "role", "hash", "prefix"),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("revoked_us", sa.BigInteger),
        sa.Column("last_used_us", sa.BigInteger),
    )


def downgrade() -> None:
    for table in (
        "keys",
        "results",
        "moves",
        "channels",
        "version_blocks",
        "version_contents",
        "versions",
    ):
        op.drop_table(table)


def _required(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]
