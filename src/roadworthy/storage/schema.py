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
    "channels",
    "journal_marks",
    "keys",
    "latencies",
    "ledger",
    "ledger_reasons",
    "losses",
    "metadata",
    "moves",
    "results",
    "rollups",
    "rule_counts",
    "version_blocks",
    "version_contents",
    "versions",
]

HEAD = "0004"
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
    # The chain's call that this one is a step of, and the outermost above it; null: a caller
    # made it.
    Column("parent_id", Text),
    Column("root_id", Text),
    Column("step", Text),
    Column("item", Integer),
    # The call whose recorded steps this one went on from.
    Column("resumes", Text),
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
    Index(
        "calls_by_root",
        "root_id",
        sqlite_where=text("root_id IS NOT NULL"),
        postgresql_where=text("root_id IS NOT NULL"),
    ),
    Index(
        "calls_by_resumed",
        "resumes",
        sqlite_where=text("resumes IS NOT NULL"),
        postgresql_where=text("resumes IS NOT NULL"),
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
    # Steps of chains: their chains' calls hold what they cost too.
    Column("nested", Boolean, primary_key=True),
    Column("calls", BigInteger, nullable=False),
    Column("checked", BigInteger, nullable=False),
    Column("conforming", BigInteger, nullable=False),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("cost_nusd", BigInteger),
    Column("unpriced", BigInteger, nullable=False),
    # Calls for which a model was asked, at a known cost.
    Column("priced", BigInteger, nullable=False),
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
    Column("nested", Boolean, primary_key=True),
    # Of durations in microseconds.
    Column("sketch", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# How often each rule of a task took effect; widths and spans as above.
rule_counts = Table(
    "rule_counts",
    metadata,
    Column("width_s", Integer, primary_key=True),
    Column("start_us", BigInteger, primary_key=True),
    Column("task", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("effect", Text, primary_key=True),
    Column("calls", BigInteger, nullable=False),
    # The last of them to arrive, as an example.
    Column("call_id", Text, nullable=False),
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

versions = Table(
    "versions",
    metadata,
    Column("seq", _sequence, primary_key=True),
    Column("task", Text, nullable=False),
    Column("version", Text, nullable=False),
    # The version's three numbers: what it is ordered by.
    Column("major", Integer, nullable=False),
    Column("minor", Integer, nullable=False),
    Column("patch", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("definition_digest", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("git_commit", Text),
    Column("published_us", BigInteger, nullable=False),
    Index("versions_number", "task", "major", "minor", "patch", unique=True),
    Index("versions_time", "published_us"),
)

# Apart from the rows, so that lists do not read them.
version_contents = Table(
    "version_contents",
    metadata,
    Column("task", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    # JSON, compressed.
    Column("content", LargeBinary, nullable=False),
)

# Which blocks a version holds, so that nobody unpacks all versions to find out.
version_blocks = Table(
    "version_blocks",
    metadata,
    Column("task", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("block", Text, primary_key=True),
    Column("text_digest", Text, nullable=False),
)

channels = Table(
    "channels",
    metadata,
    Column("task", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("version", Text, nullable=False),
    Column("since_us", BigInteger, nullable=False),
)

# Only ever added to.
moves = Table(
    "moves",
    metadata,
    Column("seq", _sequence, primary_key=True),
    Column("id", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("channel", Text, nullable=False),
    # The installation whose channel it was: this one, or the one that it was taken from.
    Column("environment", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("from_version", Text),
    Column("to_version", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    # All of it, as JSON.
    Column("move", Text, nullable=False),
    Index("moves_id", "id", unique=True),
    Index("moves_channel", "task", "channel", "at_us"),
)

# What tests measured: one run of one case of one definition on one model.
results = Table(
    "results",
    metadata,
    Column("task", Text, primary_key=True),
    Column("definition", Text, primary_key=True),
    Column("binding", Text, primary_key=True),
    Column("question", Text, primary_key=True),
    Column("run", Integer, primary_key=True),
    # What lists count, so that they read no result whole. 1, 0, or null: no verdict.
    Column("case_id", Text, nullable=False),
    Column("passed", Integer),
    Column("at_us", BigInteger, nullable=False),
    # JSON, compressed.
    Column("result", LargeBinary, nullable=False),
)

keys = Table(
    "keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    # SHA-256 of the key; the key itself is nowhere.
    Column("hash", Text, nullable=False),
    # How it begins, to tell keys apart.
    Column("prefix", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("revoked_us", BigInteger),
    Column("last_used_us", BigInteger),
)
