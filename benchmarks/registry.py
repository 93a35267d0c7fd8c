"""What a large registry costs: thousands of versions, listed, compared and made into a snapshot.

    .venv/bin/python benchmarks/registry.py [--tasks N] [--versions N] [--json FILE]

Versions are published one by one into a new state folder: edits of prompts, a block that several
tasks share, 30 cases each. Then, in one process, as the keeper does it: the log of one task and of
all, the difference of two versions, and the snapshot's build after a promotion. A gateway's memory
is that of a fresh process that serves the snapshot of these tasks, beside one that serves the
same tasks with one version each. Times are those of the clock, and `cpu` that of this process.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from harness.machine import describe_run
from harness.tables import number, table
from roadworthy.control.keeping.publisher import Publisher
from roadworthy.core import SystemClock
from roadworthy.models import Model
from roadworthy.registry import Actor, Draft, MoveRequest
from roadworthy.registry.differences import difference
from roadworthy.registry.served import ServedVersions
from roadworthy.registry.store import StoredRegistry
from roadworthy.storage import StateFolder
from roadworthy.storage.database import open_database
from roadworthy.tasks import Case, Suite, TaskDefinition, Template, definition_digest

LIBRARIES = ("roadworthy", "sqlalchemy", "msgspec", "semver")
MODELS = {"local": Model(name="local", provider="embedded", upstream="small")}
BY = Actor(name="benchmark")
SENTENCE = "answer the customer kindly in short plain words and name the product if it is known"
WORDS = SENTENCE.split()
REPEATS = 20


def main() -> None:
    options = parse()
    about = [*describe_run(LIBRARIES), f"seed {options.seed}"]
    about.append(f"load before the run: {os.getloadavg()[0]:.1f}; `cpu` is what this process took")
    print("\n".join(about))
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "roadworthy.toml").write_text("format = 1\n")
        figures = measure(root, options)
    print(report(figures))
    if options.json:
        options.json.write_text(json.dumps({"about": about, **figures}, indent=1) + "\n")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--versions", type=int, default=10_000, help="of all tasks together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    return parser.parse_args()


def measure(root: Path, options: argparse.Namespace) -> dict[str, Any]:
    folder = StateFolder(root / ".roadworthy")
    engine = open_database(folder)
    registry = StoredRegistry(
        engine,
        folder,
        clock=SystemClock(),
        protected=("production",),
        models=lambda: MODELS,
        environment="dev",
    )
    names = [f"task-{number:03d}" for number in range(options.tasks)]
    publish_ms = publish(registry, names, options)
    promote_ms = [
        timed(lambda name=name: registry.move(MoveRequest(task=name, to="1.0.0"), BY))
        for name in names
    ]
    publisher = Publisher(root=root, folder=folder, environment=None)
    served = ServedVersions(engine, folder)
    first_ms = timed(lambda: publisher.start(served))
    name, newest = names[0], registry.versions(names[0], limit=1)[0].version
    figures: dict[str, Any] = {
        "tasks": options.tasks,
        "versions": len(registry.versions(limit=10**6)),
        "ms": {
            "publish a version": spread(publish_ms),
            "promote": spread(promote_ms),
            "log of one task": repeated(lambda: registry.versions(name)),
            "log of all tasks": repeated(lambda: registry.versions()),
            "history of one task": repeated(lambda: registry.history(name)),
            "diff of first and newest": repeated(lambda: compare(registry, name, newest)),
            "snapshot, the first": spread([first_ms]),
            "snapshot after a promotion": snapshots(registry, publisher, names),
            "nothing moved": repeated(publisher.refresh),
        },
        "snapshot_bytes": folder.snapshot.stat().st_size,
        "database_bytes": folder.database.stat().st_size,
    }
    many = gateway_mb(folder.snapshot)
    one = gateway_mb(with_one_version_each(folder.snapshot, root / "one.json"))
    figures["gateway_mb"] = {"these versions": many, "one version each": one, "more": many - one}
    engine.dispose()
    return figures


def publish(registry: StoredRegistry, names: list[str], options: argparse.Namespace) -> list[Times]:
    rng = random.Random(options.seed)
    texts = {name: [rng.choice(WORDS) for _ in range(200)] for name in names}
    block = [rng.choice(WORDS) for _ in range(100)]
    times = []
    for edit in range(options.versions):
        name = names[edit % len(names)]
        texts[name][rng.randrange(200)] = rng.choice(WORDS) + str(edit)
        draft = draft_of(name, " ".join(texts[name]), " ".join(block))
        times.append(timed(lambda draft=draft: registry.publish(draft, BY)))
    return times


def draft_of(name: str, text: str, block: str) -> Draft:
    fields = {f"field_{index}": {"type": "string"} for index in range(8)}
    cases = tuple(
        Case(input={"comment": f"{name} {index} {text[:120]}"}, id=f"c{index}", tags=["all"])
        for index in range(30)
    )
    definition = TaskDefinition(
        name=name,
        model="local",
        input_schema={
            "type": "object",
            "properties": {"comment": {"type": "string"}},
            "required": ["comment"],
        },
        output_schema={"type": "object", "properties": fields, "required": list(fields)},
        templates=(
            Template(role="system", source=text, file=f"tasks/{name}/prompt/system.md"),
            Template(role="user", source="{{ comment }}", file=f"tasks/{name}/prompt/user.md"),
        ),
        blocks={"voice.md": block},
    )
    definition = msgspec.structs.replace(definition, digest=definition_digest(definition))
    return Draft(definition=definition, suite=Suite(cases=cases), message="edit")


def compare(registry: StoredRegistry, task: str, newest: str) -> object:
    return difference(registry.version(task, "1.0.0"), registry.version(task, newest))


def snapshots(registry: StoredRegistry, publisher: Publisher, names: list[str]) -> dict[str, float]:
    times = []
    for name in names[:REPEATS]:
        registry.move(MoveRequest(task=name, to="1.1.0"), BY)
        times.append(timed(publisher.refresh))
    return spread(times)


GATEWAY = """
import os, sys
from pathlib import Path
import psutil
from roadworthy.pipeline import compile_state
from roadworthy.serving import gateway
from roadworthy.tasks import read_snapshot
state = compile_state(read_snapshot(Path(sys.argv[1])), os.environ)
gateway.calm_garbage_collector()
print(psutil.Process().memory_info().rss / 1e6)
"""


def gateway_mb(snapshot: Path) -> float:
    command = [sys.executable, "-c", GATEWAY, str(snapshot)]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(3)]
    return statistics.median(float(run.stdout) for run in runs)


def with_one_version_each(snapshot: Path, path: Path) -> Path:
    content = json.loads(snapshot.read_text())
    for index in content["versions"].values():
        index["digests"] = dict([*index["digests"].items()][:1])
    path.write_text(json.dumps(content))
    return path


class Times(NamedTuple):
    """Milliseconds."""

    wall: float
    cpu: float
    """Of this process, which other processes do not lengthen."""


def timed(work: Callable[[], object]) -> Times:
    cpu, began = time.process_time(), time.perf_counter()
    work()
    return Times((time.perf_counter() - began) * 1000, (time.process_time() - cpu) * 1000)


def repeated(work: Callable[[], object]) -> dict[str, float]:
    return spread([timed(work) for _ in range(REPEATS)])


def spread(times: list[Times]) -> dict[str, float]:
    ordered = sorted(one.wall for one in times)
    return {
        "cpu": statistics.median(one.cpu for one in times),
        "median": statistics.median(ordered),
        "p95": ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))],
        "most": ordered[-1],
    }


def report(figures: dict[str, Any]) -> str:
    rows = [
        [name, *(number(times[key]) for key in ("cpu", "median", "p95", "most"))]
        for name, times in figures["ms"].items()
    ]
    head = f"{figures['versions']} versions of {figures['tasks']} tasks, milliseconds"
    gateway = figures["gateway_mb"]
    return "\n".join(
        [
            table([head, "cpu", "median", "p95", "most"], rows, markdown=False),
            f"snapshot {figures['snapshot_bytes'] / 1e6:.1f} MB; database"
            f" {figures['database_bytes'] / 1e6:.1f} MB; a gateway's memory"
            f" {gateway['these versions']:.1f} MB, {gateway['more']:.1f} MB more than with one"
            " version each",
        ]
    )


if __name__ == "__main__":
    main()
