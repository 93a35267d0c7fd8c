"""Calls in trees: which chain's call a step is of, steps apart in what is summed up; and how often
each rule takes effect. Calls that a database holds already are nobody's steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "downgrade", "revision", "upgrade"]

revision = "0004"
down_revision: str | None = "0003"

_NEW_COLUMNS = ("parent_id", "root_id", "step", "item", "resumes")
_INDEXES = (("calls_by_root", "root_id"), ("calls_by_resumed", "resumes"))
_SPAN = ("width_s", "start_us", "task", "version", "model")
_COUNTS = ("calls", "checked", "conforming", "input_tokens", "output_tokens", "cost_nusd")


def upgrade() -> None:
    # Added, never copied: the table of calls is by far the largest.
    for name in _NEW_COLUMNS:
        kind = sa.Integer() if name == "item" else sa.Text()
        op.add_column("calls", sa.Column(name, kind))
    for name, column in _INDEXES:
        known = sa.text(f"{column} IS NOT NULL")
        op.create_index(name, "calls", [column], sqlite_where=known, postgresql_where=known)
    _upgrade_sums()
    op.create_table(
        "rule_counts",
        *_span_columns("task", "version", "rule", "effect"),
        sa.Column("calls", sa.BigInteger, nullable=False),
        sa.Column("call_id", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("rule_counts")
    _rebuild(
        "rollups",
        _rollup_columns(nested=False),
        select=f"{_listed(*_SPAN, 'outcome')},"
        f" {', '.join(f'SUM({name})' for name in (*_COUNTS, 'unpriced'))} FROM old"
        f" GROUP BY {_listed(*_SPAN, 'outcome')}",
        into=(*_SPAN, "outcome", *_COUNTS, "unpriced"),
    )
    # Sketches cannot be added up in SQL: those of steps are lost.
    _rebuild(
        "latencies",
        _latency_columns(nested=False),
        select=f"{_listed(*_SPAN)}, sketch FROM old WHERE NOT nested",
        into=(*_SPAN, "sketch"),
    )
    for name, _ in _INDEXES:
        op.drop_index(name, "calls")
    for name in reversed(_NEW_COLUMNS):
        op.drop_column("calls", name)


def _upgrade_sums() -> None:
    """Nothing summed up so far is a step, and all calls but rejected ones asked a model."""
    _rebuild(
        "rollups",
        _rollup_columns(nested=True),
        select=f"{_listed(*_SPAN, 'outcome')}, FALSE, {_listed(*_COUNTS, 'unpriced')},"
        " CASE WHEN outcome = 'rejected' THEN 0 ELSE calls - unpriced END FROM old",
        into=(*_SPAN, "outcome", "nested", *_COUNTS, "unpriced", "priced"),
    )
    _rebuild(
        "latencies",
        _latency_columns(nested=True),
        select=f"{_listed(*_SPAN)}, FALSE, sketch FROM old",
        into=(*_SPAN, "nested", "sketch"),
    )


def _rebuild(
    table: str, columns: Sequence[sa.Column[Any]], *, select: str, into: Sequence[str]
) -> None:
    """Make a table anew: neither database can change what a primary key is made of without that,
    and a table renamed would leave PostgreSQL's name of its key behind."""
    copied = f"CREATE TEMPORARY TABLE old AS SELECT * FROM {table}"  # noqa: S608  # our own names
    op.execute(sa.text(copied))
    op.drop_table(table)
    op.create_table(table, *columns, sqlite_with_rowid=False)
    op.execute(sa.text(f"INSERT INTO {table} ({_listed(*into)}) SELECT {select}"))
    op.execute(sa.text("DROP TABLE old"))


def _rollup_columns(*, nested: bool) -> list[sa.Column[Any]]:
    counts = [
        sa.Column(name, sa.BigInteger, nullable=name not in ("calls", "checked", "conforming"))
        for name in _COUNTS
    ]
    unpriced: list[sa.Column[Any]] = [sa.Column("unpriced", sa.BigInteger, nullable=False)]
    if nested:
        unpriced.append(sa.Column("priced", sa.BigInteger, nullable=False))
    key = _span_columns("task", "version", "model", "outcome")
    return [*key, *_nested_column(nested), *counts, *unpriced]


def _latency_columns(*, nested: bool) -> list[sa.Column[Any]]:
    sketch: sa.Column[Any] = sa.Column("sketch", sa.LargeBinary, nullable=False)
    return [*_span_columns("task", "version", "model"), *_nested_column(nested), sketch]


def _nested_column(wanted: bool) -> list[sa.Column[Any]]:
    return [sa.Column("nested", sa.Boolean, primary_key=True)] if wanted else []


def _span_columns(*names: str) -> list[sa.Column[Any]]:
    return [
        sa.Column("width_s", sa.Integer, primary_key=True),
        sa.Column("start_us", sa.BigInteger, primary_key=True),
        *(sa.Column(name, sa.Text, primary_key=True) for name in names),
    ]


def _listed(*names: str) -> str:
    return ", ".join(names)
