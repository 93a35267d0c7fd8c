"""What lists show beside versions: what runs of cases amount to, and which versions hold a block.

Values, and how to count them by the port alone. A registry that can count where the rows lie says
so by having methods of these names (`Counting`); a list of fifty versions then reads no texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple, Protocol, runtime_checkable

import msgspec

from roadworthy.registry.port import Registry
from roadworthy.registry.results import CaseResult
from roadworthy.registry.version import Level, VersionRow
from roadworthy.tasks import content_digest

__all__ = [
    "BlockUse",
    "CaseTally",
    "Counting",
    "Step",
    "TaskSteps",
    "block_uses",
    "case_tallies",
    "latest_binding",
    "tallies_of",
    "task_steps",
]

ALL: Final = 1_000_000


class CaseTally(msgspec.Struct, frozen=True, kw_only=True):
    """The runs of one case on one definition, on the model that it was measured on last."""

    task: str
    definition: str
    """Digest of the definition."""
    question: str
    """Digest of the case's input."""
    case_id: str
    runs: int
    passed: int
    failed: int
    measured_us: int = 0

    @property
    def flaky(self) -> bool:
        """Whether it passed in some runs and failed in others."""
        return bool(self.passed and self.failed)

    @property
    def verdict(self) -> bool | None:
        """Whether every run passed; None: none failed, and some are unscored."""
        if self.failed:
            return False
        return True if self.passed == self.runs else None


class BlockUse(msgspec.Struct, frozen=True, kw_only=True):
    """One version of one task that holds a block."""

    task: str
    version: str
    block: str
    text_digest: str
    text: str | None = None
    """None: only the digest was asked for."""
    channels: tuple[str, ...] = ()
    """Those that point to the version."""
    newest: bool = False
    """Whether it is the task's newest version."""
    published_us: int = 0


class Step(NamedTuple):
    """One version in the course of a task."""

    version: str
    level: Level


class TaskSteps(msgspec.Struct, frozen=True, kw_only=True):
    """How far one task has come."""

    newest: VersionRow
    steps: tuple[Step, ...]
    """All its versions, the newest first."""


@runtime_checkable
class Counting(Protocol):
    """A registry that counts where its rows lie."""

    def case_tallies(self, task: str, definitions: Sequence[str]) -> list[CaseTally]: ...

    def block_uses(self, block: str | None = None) -> list[BlockUse]: ...

    def task_steps(self) -> list[TaskSteps]: ...


def task_steps(registry: Registry) -> list[TaskSteps]:
    """How far each task has come, by name."""
    if isinstance(registry, Counting):
        return registry.task_steps()
    by_task: dict[str, list[VersionRow]] = {}
    for row in registry.versions(limit=ALL):
        by_task.setdefault(row.task, []).append(row)
    return [
        TaskSteps(newest=rows[0], steps=tuple(Step(row.version, row.level) for row in rows))
        for _, rows in sorted(by_task.items())
    ]


def case_tallies(registry: Registry, task: str, definitions: Sequence[str]) -> list[CaseTally]:
    """What tests have measured of these definitions, by case."""
    if isinstance(registry, Counting):
        return registry.case_tallies(task, definitions)
    found: list[CaseTally] = []
    for definition in dict.fromkeys(definitions):
        results = registry.results(task, definition=definition)
        found += tallies_of(task, definition, latest_binding(results))
    return found


def block_uses(registry: Registry, block: str | None = None) -> list[BlockUse]:
    """Which published versions hold which blocks, newest first; with texts if one is named."""
    if isinstance(registry, Counting):
        return registry.block_uses(block)
    at: dict[tuple[str, str], list[str]] = {}
    for pointer in registry.channels():
        at.setdefault((pointer.task, pointer.version), []).append(pointer.channel)
    seen: set[str] = set()
    uses = []
    for row in registry.versions(limit=ALL):
        newest = row.task not in seen
        seen.add(row.task)
        definition = registry.version(row.task, row.version).definition
        uses += [
            BlockUse(
                task=row.task,
                version=row.version,
                block=name,
                text_digest=content_digest(text),
                text=text if block is not None else None,
                channels=tuple(at.get((row.task, row.version), ())),
                newest=newest,
                published_us=row.published_us,
            )
            for name, text in definition.blocks.items()
            if block in (None, name)
        ]
    return uses


def latest_binding(results: Iterable[CaseResult]) -> list[CaseResult]:
    """The results of the model that was measured last: those of another say nothing of it."""
    found = list(results)
    last = max(found, key=lambda result: result.at_us, default=None)
    return [] if last is None else [r for r in found if r.key.binding == last.key.binding]


def tallies_of(task: str, definition: str, results: Iterable[CaseResult]) -> Iterator[CaseTally]:
    """The results of one definition, by case."""
    by_case: dict[str, list[CaseResult]] = {}
    for result in results:
        by_case.setdefault(result.key.question, []).append(result)
    for question, runs in by_case.items():
        verdicts = [run.passed for run in runs]
        yield CaseTally(
            task=task,
            definition=definition,
            question=question,
            case_id=runs[0].case_id,
            runs=len(runs),
            passed=verdicts.count(True),
            failed=verdicts.count(False),
            measured_us=max(run.at_us for run in runs),
        )
