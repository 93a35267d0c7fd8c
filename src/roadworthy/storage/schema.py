"""The database's tables: one schema for SQLite and PostgreSQL.

Migrations say how a database comes to have it; a test holds the two equal. Times are
microseconds since 1970 UTC, costs are nano-dollars.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)

__all__ = [
    "HEAD",
    "calls",
    "journal_marks",
    "latencies",
    "ledger",
    "ledger_reasons",
    "losses",
    "metadata",
    "rollups",
]

HEAD = "0002"
"""The newest migration: what this code reads and writes."""

metadata = MetaData()

# SQLite's row number, which every index of it holds anyway, must be an INTEGER by name.
_sequence = BigInteger().with_variant(Integer, "sqlite")
# Ranges of ids must mean ranges of bytes, whatever the server's language.
_identifier = Text().with_variant(Text(collation="C"), "postgresql")

calls = Table(
    "calls",
    metadata,
    # In the order of arrival, which is not that of starting: a long call arrives late.
    Column("seq", _sequence, primary_key=True),
    Column("id", _identifier, nullable=False),
    Column("task", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("surface", Text, nullable=False),
    Column("stream", Boolean, nullable=False),
    Column("started_us", BigInteger, nullable=False),
    Column("duration_us", BigInteger, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("error_code", Text),
    Column("mode", Text, nullable=False),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("cost_nusd", BigInteger),
    Column("attempts", Integer, nullable=False),
    Column("repairs", Integer, nullable=False),
    Column("conversation_id", Text),
    Column("schema_digest", Text),
    Column("unit", Text),
    Column("gateway", Text, nullable=False),
    # The whole `Call` without its texts, as MessagePack.
    Column("rest", LargeBinary, nullable=False),
    Index("calls_by_id", "id", unique=True),
    # Each ends, in SQLite by itself, with `seq`: the order of pages.
    Index("calls_by_time", "started_us"),
    Index("calls_by_task", "task", "started_us"),
    Index("calls_by_outcome", "outcome", "started_us"),
    Index("calls_by_model", "model", "started_us"),
    Index(
        "calls_by_error",
        "error_code",
        "started_us",
        sqlite_where=text("error_code IS NOT NULL"),
        postgresql_where=text("error_code IS NOT NULL"),
    ),
    Index(
        "calls_by_conversation",
        "conversation_id",
        "started_us",
        sqlite_where=text("conversation_id IS NOT NULL"),
        postgresql_where=text("conversation_id IS NOT NULL"),
    ),
)

journal_marks = Table(
    "journal_marks",
    metadata,
    Column("file", Text, primary_key=True),
    # Everything before it is in the database.
    Column("next_offset", BigInteger, nullable=False),
)

# Counts of calls by span of time, in several widths: a page reads the widest that fits it.
rollups = Table(
    "rollups",
    metadata,
    Column("width_s", Integer, primary_key=True),
    Column("start_us", BigInteger, primary_key=True),
    Column("task", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("outcome", Text, primary_key=True),
    Column("calls", BigInteger, nullable=False),
    Column("checked", BigInteger, nullable=False),
    Column("conforming", BigInteger, nullable=False),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("cost_nusd", BigInteger),
    Column("unpriced", BigInteger, nullable=False),
    # SQLite: one tree, ordered by the key, in place of a table and an index of it.
    sqlite_with_rowid=False,
)

# Apart from the counts: a sketch is merged in Python, so there should be few.
latencies = Table(
    "latencies",
    metadata,
    Column("width_s", Integer, primary_key=True),
    Column("start_us", BigInteger, primary_key=True),
    Column("task", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("model", Text, primary_key=True),
    # Of durations in microseconds.
    Column("sketch", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# How often answers conform, by what they were asked for; widths and spans as above.
ledger = Table(
    "ledger",
    metadata,
    Column("width_s", Integer, primary_key=True),
    Column("start_us", BigInteger, primary_key=True),
    Column("task", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("mode", Text, primary_key=True),
    Column("schema_digest", Text, primary_key=True),
    Column("calls", BigInteger, nullable=False),
    Column("first_pass", BigInteger, nullable=False),
    Column("repaired", BigInteger, nullable=False),
    Column("reasked", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("truncated", BigInteger, nullable=False),
    Column("errored", BigInteger, nullable=False),
    Column("cancelled", BigInteger, nullable=False),
    Column("otherwise", BigInteger, nullable=False),
    Column("reasks", BigInteger, nullable=False),
    Column("reask_input_tokens", BigInteger),
    Column("reask_output_tokens", BigInteger),
    Column("reask_cost_nusd", BigInteger),
    Column("reasks_unpriced", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# Why not: in how many calls of such a cell each reason was met.
ledger_reasons = Table(
    "ledger_reasons",
    metadata,
    Column("width_s", Integer, primary_key=True),
    Column("start_us", BigInteger, primary_key=True),
    Column("task", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("mode", Text, primary_key=True),
    Column("schema_digest", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("calls", BigInteger, nullable=False),
    # The last of them to arrive, as an example.
    Column("call_id", Text, nullable=False),
    sqlite_with_rowid=False,
)

losses = Table(
    "losses",
    metadata,
    Column("seq", _sequence, primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    # `unwritten`: a gateway could not record calls; `damaged`: bytes of a journal cannot be
    # read; `unloadable`: a record can be read and not stored.
    Column("kind", String(20), nullable=False),
    # A gateway, or a journal file.
    Column("source", Text, nullable=False),
    # None: not known.
    Column("calls", BigInteger),
    Column("bytes", BigInteger),
)
