"""Counts where the rows lie: test results by case, versions by the blocks that they hold, and how
far tasks have come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Select, case, func, select

from roadworthy.registry.content import unpack
from roadworthy.registry.counts import BlockUse, CaseTally, Step, TaskSteps
from roadworthy.registry.rows import version_row
from roadworthy.registry.version import VersionRow
from roadworthy.storage.schema import (
    channels,
    results,
    version_blocks,
    version_contents,
    versions,
)

__all__ = ["count_cases", "find_block_uses", "read_steps"]

BATCH: Final = 500


class _Blocks(msgspec.Struct):
    blocks: dict[str, str] = {}


class _Content(msgspec.Struct):
    definition: _Blocks


def count_cases(connection: Connection, task: str, definitions: Sequence[str]) -> list[CaseTally]:
    """What tests have measured of these definitions, by case; of each on the model that it was
    measured on last."""
    wanted = list(dict.fromkeys(definitions))
    found: dict[str, list[Any]] = {}
    for start in range(0, len(wanted), BATCH):
        for row in connection.execute(_by_case(task, wanted[start : start + BATCH])):
            found.setdefault(row.definition, []).append(row)
    return [tally for name in wanted for tally in _latest(task, found.get(name, ()))]


def _by_case(task: str, definitions: Sequence[str]) -> Select[Any]:
    r = results.c
    return (
        select(
            r.definition,
            r.binding,
            r.question,
            func.max(r.case_id).label("case_id"),
            func.count().label("runs"),
            func.sum(case((r.passed == 1, 1), else_=0)).label("passed"),
            func.sum(case((r.passed == 0, 1), else_=0)).label("failed"),
            func.max(r.at_us).label("at_us"),
        )
        .where(r.task == task, r.definition.in_(definitions))
        .group_by(r.definition, r.binding, r.question)
    )


def _latest(task: str, found: Sequence[Any]) -> Iterator[CaseTally]:
    last = max(found, key=lambda row: row.at_us, default=None)
    for row in found:
        if last is not None and row.binding == last.binding:
            yield CaseTally(
                task=task,
                definition=row.definition,
                question=row.question,
                case_id=row.case_id,
                runs=row.runs,
                passed=row.passed,
                failed=row.failed,
                measured_us=row.at_us,
            )


def find_block_uses(connection: Connection, block: str | None) -> list[BlockUse]:
    """Which published versions hold which blocks, newest first; with texts if one is named."""
    at: dict[tuple[str, str], list[str]] = {}
    for row in connection.execute(select(channels).order_by(channels.c.channel)):
        at.setdefault((row.task, row.version), []).append(row.channel)
    newest = {steps.newest.task: steps.newest.version for steps in read_steps(connection)}
    query = (
        select(
            version_blocks.c.task,
            version_blocks.c.version,
            version_blocks.c.block,
            version_blocks.c.text_digest,
            versions.c.published_us,
        )
        .join(
            versions,
            (versions.c.task == version_blocks.c.task)
            & (versions.c.version == version_blocks.c.version),
        )
        .order_by(versions.c.published_us.desc(), versions.c.seq.desc())
    )
    if block is not None:
        query = query.where(version_blocks.c.block == block)
    uses = [
        BlockUse(
            task=task,
            version=version,
            block=name,
            text_digest=digest,
            channels=tuple(at.get((task, version), ())),
            newest=newest.get(task) == version,
            published_us=published_us,
        )
        for task, version, name, digest, published_us in connection.execute(query)
    ]
    if block is None:
        return uses
    texts = _texts(connection, block, uses)
    return [msgspec.structs.replace(use, text=texts[use.text_digest]) for use in uses]


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


def read_steps(connection: Connection) -> list[TaskSteps]:
    """How far each task has come, by name. Only the newest version of each is read whole."""
    v = versions.c
    query = select(v.task, v.seq, v.version, v.level).order_by(
        v.task, v.major.desc(), v.minor.desc(), v.patch.desc()
    )
    by_task: dict[str, list[Step]] = {}
    seqs = []
    for task, seq, version, level in connection.execute(query):
        if task not in by_task:
            seqs.append(seq)
        by_task.setdefault(task, []).append(Step(version, level))
    newest: dict[str, VersionRow] = {}
    for start in range(0, len(seqs), BATCH):
        query_newest = select(versions).where(v.seq.in_(seqs[start : start + BATCH]))
        newest |= {row.task: version_row(row) for row in connection.execute(query_newest)}
    return [TaskSteps(newest=newest[task], steps=tuple(steps)) for task, steps in by_task.items()]
