"""How quick the pages of prompts are over 10,000 versions of 200 tasks.

    python benchmarks/prompt_pages.py

Prints, for each page, the first answer and the median of the next ten, in process, without a
network: what the keeper itself takes.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from starlette.testclient import TestClient

from roadworthy.control import create_app
from roadworthy.control.context import Workbench
from roadworthy.control.samples.memory import MemorySource
from roadworthy.control.samples.sample_registry import sample_models
from roadworthy.control.samples.sample_tasks import sample_definitions
from roadworthy.core import SystemClock
from roadworthy.registry import Actor, CaseResult, MoveRequest, ResultKey, Version, VersionRow, rows
from roadworthy.registry.binding import binding_of
from roadworthy.registry.content import version_digest
from roadworthy.registry.store import StoredRegistry
from roadworthy.storage import StateFolder
from roadworthy.storage.database import open_database, writing
from roadworthy.tasks import definition_digest
from roadworthy.tasks.cases import Case, Suite, expectations_digest, question_digest
from roadworthy.tasks.gate import Gate

TASKS, VERSIONS, CASES, RUNS, ROUNDS = 200, 50, 50, 3, 10
FIRST_US = 1_700_000_000_000_000
T = "/tasks/task-000"
PAGES = (
    "/tasks",
    T,
    f"{T}/versions",
    f"{T}/versions/1.49.0",
    f"{T}/diff?from=1.20.0&to=1.49.0",
    f"{T}/channels?to=1.49.0",
    f"{T}/history",
    f"{T}/tests",
    f"{T}/playground",
    "/blocks",
    "/blocks/brand-voice.md",
)


def suite() -> Suite:
    cases = tuple(
        Case(
            id=f"case-{n}",
            input={"comment": f"comment {n} " + "word " * 20},
            expect={"sentiment": "negative"},
            tags=["edge"] if n % 3 else ["typical"],
        )
        for n in range(CASES)
    )
    return Suite(cases=cases, n=RUNS, gate=Gate(pass_rate=0.1))


def version_of(task: str, number: int, tested: Suite) -> Version:
    base = sample_definitions()[0].task
    last = msgspec.structs.replace(base.templates[1], source="word " * 400 + str(number))
    definition = msgspec.structs.replace(
        base,
        name=task,
        version=f"1.{number}.0",
        blocks={"brand-voice.md": f"Speak plainly. Revision {number // 10}."},
        templates=(*base.templates[:1], last),
    )
    definition = msgspec.structs.replace(definition, digest=definition_digest(definition))
    row = VersionRow(
        task=task,
        version=definition.version,
        digest=version_digest(definition, tested),
        definition_digest=definition.digest,
        level="minor",
        message=f"change {number}",
        author="Ada",
        commit=None,
        published_us=FIRST_US + number * 1_000_000,
    )
    return Version(row=row, definition=definition, suite=tested)


def results_of(version: Version) -> Iterator[CaseResult]:
    binding = binding_of(sample_models()["local"])
    for case in version.suite.cases:
        for run in range(RUNS):
            yield CaseResult(
                key=ResultKey(
                    task=version.row.task,
                    definition=version.row.definition_digest,
                    binding=binding,
                    question=question_digest(case),
                    run=run,
                ),
                expected=expectations_digest(case, version.suite),
                case_id=case.id,
                outcome="first_pass",
                value={"sentiment": "negative"},
                passed=(run + len(case.id)) % 7 != 0,
                latency_ms=10.0,
                at_us=FIRST_US,
            )


def fill(folder: Path) -> StoredRegistry:
    state = StateFolder(folder)
    engine = open_database(state)
    tested = suite()
    with writing(engine) as connection:
        for number in range(VERSIONS):
            for task in range(TASKS):
                version = version_of(f"task-{task:03d}", number, tested)
                rows.add_version(connection, version)
                if task == 0:
                    rows.write_results(connection, list(results_of(version)))
    registry = StoredRegistry(
        engine,
        state,
        clock=SystemClock(),
        protected=("production",),
        models=sample_models,
        environment="bench",
    )
    for number in (0, 20, 40):
        for task in range(TASKS):
            wish = MoveRequest(task=f"task-{task:03d}", to=f"1.{number}.0", why="w", force=True)
            registry.move(wish, Actor(name="Ada"))
    return registry


def main() -> None:
    registry = fill(Path(tempfile.mkdtemp(prefix="roadworthy-pages-")))
    app = create_app(MemorySource(), workbench=Workbench(registry=registry))
    client = TestClient(app, base_url="http://localhost:8701")
    print(f"{TASKS * VERSIONS:,} versions of {TASKS} tasks; {CASES} cases, {RUNS} runs each")
    print(f"{'page':40}{'first':>10}{'median':>10}{'size':>10}")
    for page in PAGES:
        taken_ms = []
        for _ in range(ROUNDS + 1):
            began = time.perf_counter()
            answer = client.get(page)
            taken_ms.append((time.perf_counter() - began) * 1e3)
            assert answer.status_code == 200, answer.text[:500]
        median_ms = statistics.median(taken_ms[1:])
        kib = len(answer.content) / 1024
        print(f"{page:40}{taken_ms[0]:7.0f} ms{median_ms:7.0f} ms{kib:6.0f} KiB")


if __name__ == "__main__":
    main()
