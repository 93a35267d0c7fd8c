"""Counts where the rows lie: test results by case, and versions by the blocks that they hold."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, Engine, select

from roadworthy.registry.content import unpack
from roadworthy.registry.counts import BlockUse, CaseTally, Measured, latest_binding, tallies_of
from roadworthy.storage.schema import channels, results, version_contents, versions
from roadworthy.tasks import content_digest

__all__ = ["RegistryCounts"]

BATCH = 500


class _Blocks(msgspec.Struct):
    blocks: dict[str, str] = {}


class _Content(msgspec.Struct):
    definition: _Blocks


class _Held(NamedTuple):
    task: str
    version: str
    blocks: tuple[tuple[str, str], ...]
    """Name and digest of the text."""
    published_us: int


class RegistryCounts:
    """Counts in one database. Safe to use from several threads.

    Which blocks a version holds never changes, so it is read once and kept: a name and a digest a
    block, not the text.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._seen = 0
        """The last row of table `versions` whose content was read."""
        self._held: list[_Held] = []

    def case_tallies(self, task: str, definitions: Sequence[str]) -> list[CaseTally]:
        """What tests have measured of these definitions, by case, in one query."""
        wanted = list(dict.fromkeys(definitions))
        found: dict[str, list[Measured]] = {}
        what = f"a test result of {task}"
        with self._engine.connect() as connection:
            for start in range(0, len(wanted), BATCH):
                query = select(results.c.definition, results.c.result).where(
                    results.c.task == task,
                    results.c.definition.in_(wanted[start : start + BATCH]),
                )
                for definition, data in connection.execute(query):
                    found.setdefault(definition, []).append(unpack(data, Measured, what=what))
        return [
            tally
            for definition in wanted
            for tally in tallies_of(task, definition, latest_binding(found.get(definition, [])))
        ]

    def block_uses(self, block: str | None = None) -> list[BlockUse]:
        """Which published versions hold which blocks, newest first; with texts if one is named."""
        with self._engine.connect() as connection:
            held = self._read_new(connection)
            at: dict[tuple[str, str], list[str]] = {}
            for row in connection.execute(select(channels).order_by(channels.c.channel)):
                at.setdefault((row.task, row.version), []).append(row.channel)
            uses = list(_uses(held, at, block))
            texts = {} if block is None else _texts(connection, block, uses)
        if block is None:
            return uses
        return [msgspec.structs.replace(use, text=texts[use.text_digest]) for use in uses]

    def _read_new(self, connection: Connection) -> list[_Held]:
        """All that is known, oldest first, after what was published since was read."""
        with self._lock:
            query = (
                select(
                    versions.c.seq,
                    versions.c.task,
                    versions.c.version,
                    versions.c.published_us,
                    version_contents.c.content,
                )
                .join(
                    version_contents,
                    (version_contents.c.task == versions.c.task)
                    & (version_contents.c.version == versions.c.version),
                )
                .where(versions.c.seq > self._seen)
                .order_by(versions.c.seq)
            )
            for row in connection.execute(query):
                what = f"version {row.version} of {row.task}"
                blocks = unpack(row.content, _Content, what=what).definition.blocks
                digests = tuple((name, content_digest(text)) for name, text in blocks.items())
                self._held.append(_Held(row.task, row.version, digests, row.published_us))
                self._seen = row.seq
            return list(self._held)


def _uses(
    held: Sequence[_Held], at: dict[tuple[str, str], list[str]], block: str | None
) -> Iterator[BlockUse]:
    seen: set[str] = set()
    for version in sorted(held, key=lambda one: one.published_us, reverse=True):
        newest = version.task not in seen
        seen.add(version.task)
        for name, digest in version.blocks:
            if block in (None, name):
                yield BlockUse(
                    task=version.task,
                    version=version.version,
                    block=name,
                    text_digest=digest,
                    channels=tuple(at.get((version.task, version.version), ())),
                    newest=newest,
                    published_us=version.published_us,
                )


def _texts(connection: Connection, block: str, uses: Sequence[BlockUse]) -> dict[str, str]:
    """Each text once, from a version that holds it."""
    texts: dict[str, str] = {}
    for use in {use.text_digest: use for use in uses}.values():
        query = select(version_contents.c.content).where(
            version_contents.c.task == use.task, version_contents.c.version == use.version
        )
        what = f"version {use.version} of {use.task}"
        content = unpack(connection.scalar(query) or b"", _Content, what=what)
        texts[use.text_digest] = content.definition.blocks[block]
    return texts
