"""What a promotion and a pinned version cost a gateway that serves hundreds of tasks.

    .venv/bin/python benchmarks/snapshot.py [--tasks N] [--versions N] [--json FILE]

One task of many moves to its next version. Compiled anew: everything, as at the start; with what
did not change: as a gateway does it. The loop's pause is the longest gap between two turns of an
event loop, on which a gateway's calls run, while a snapshot is swapped: in the loop or, as a
gateway does it, in a thread. Then versions are pinned that were never asked for: the first call
of each, and the memory of those that are kept.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import psutil

from harness.machine import describe_run
from harness.tables import number, table
from roadworthy.core import Settings
from roadworthy.models import Model
from roadworthy.pipeline import ServingState, compile_state
from roadworthy.pipeline.pinned import KEEP, Pin, PinnedVersions
from roadworthy.serving.gateway import calm_garbage_collector
from roadworthy.tasks import (
    ConstraintDefinition,
    Snapshot,
    SnapshotWatcher,
    TaskDefinition,
    Template,
    VersionIndex,
    content_digest,
    definition_digest,
    with_revision,
    write_snapshot,
)
from roadworthy.tasks.version_files import write_version_file

LIBRARIES = ("roadworthy", "msgspec", "jsonschema-rs", "minijinja")
MODELS = {"local": Model(name="local", provider="embedded", upstream="small")}
SENTENCE = "answer the customer kindly in short plain words and name the product if it is known"
WORDS = SENTENCE.split()
REPEATS = 20


def main() -> None:
    options = parse()
    about = [*describe_run(LIBRARIES), f"seed {options.seed}"]
    print("\n".join(about))
    with tempfile.TemporaryDirectory() as name:
        figures = asyncio.run(measure(Path(name), options))
    print(report(figures))
    if options.json:
        options.json.write_text(json.dumps({"about": about, **figures}, indent=1) + "\n")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--versions", type=int, default=50, help="of each task")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    return parser.parse_args()


async def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    rng = random.Random(options.seed)
    snapshots = [snapshot_of(options.tasks, options.versions, edit, rng) for edit in range(REPEATS)]
    path = folder / "snapshot.json"
    pins = PinnedVersions(folder / "versions")
    state = compile_state(snapshots[0], {}, pins=pins)
    calm_garbage_collector()

    def anew(snapshot: Snapshot) -> None:
        compile_state(snapshot, {})

    def kept(snapshot: Snapshot) -> None:
        nonlocal state
        state = compile_state(snapshot, {}, previous=state)

    figures: dict[str, Any] = {
        "tasks": options.tasks,
        "versions": options.tasks * options.versions,
        "ms": {
            "compile everything": spread([timed(anew, snapshot) for snapshot in snapshots]),
            "compile what changed": spread([timed(kept, snapshot) for snapshot in snapshots]),
        },
    }
    watcher = SnapshotWatcher(path)

    def swap(*, again: bool) -> ServingState:
        watcher.poll()
        return compile_state(watcher.current, {}, previous=None if again else state)

    async def in_loop() -> None:
        swap(again=True)

    async def in_thread() -> None:
        await asyncio.to_thread(swap, again=False)

    for name, work in (
        ("loop's pause, everything in the loop", in_loop),
        ("loop's pause, what changed in a thread", in_thread),
    ):
        pauses = []
        for snapshot in snapshots:
            write_snapshot(path, snapshot)
            pauses.append(await longest_pause(work))
        figures["ms"][name] = spread(pauses)
    figures |= await measure_pins(folder / "versions", state, rng, figures["ms"])
    return figures


async def longest_pause(work: Callable[[], Awaitable[None]]) -> float:
    """Milliseconds between two turns of the loop while the work is done."""
    gaps: list[float] = []

    async def tick() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0.01)
    gaps.clear()
    await work()
    await asyncio.sleep(0)
    ticking.cancel()
    await asyncio.gather(ticking, return_exceptions=True)
    return max(gaps) * 1000


async def measure_pins(
    folder: Path, state: ServingState, rng: random.Random, times: dict[str, Any]
) -> dict[str, Any]:
    pins = []
    for number_ in range(4 * KEEP):
        definition = definition_of("pinned", f"9.{number_}.0", text(rng, 400))
        digest = content_digest(definition)
        write_version_file(folder, digest, definition)
        pins.append(Pin("pinned", definition.version, digest))
    before = psutil.Process().memory_info().rss
    first = []
    for pin in pins:
        began = time.perf_counter()
        await state.load(pin)
        first.append((time.perf_counter() - began) * 1000)
    times["first call of a pinned version"] = spread(first)
    again = [timed(state.pinned, pin) for pin in pins[-KEEP:]]
    times["later calls of it"] = spread(again)
    return {"pinned_mb": (psutil.Process().memory_info().rss - before) / 1e6, "kept": KEEP}


def snapshot_of(tasks: int, versions: int, edit: int, rng: random.Random) -> Snapshot:
    """Tasks of which the first has moved `edit` times."""
    names = [f"task-{number_:03d}" for number_ in range(tasks)]
    definitions, index = {}, {}
    for name in names:
        fixed = random.Random(name)
        version = f"1.{edit if name == names[0] else 0}.0"
        wording = text(rng if name == names[0] else fixed, 400)
        definitions[name] = definition_of(name, version, wording)
        numbers = [f"1.{minor}.0" for minor in range(versions)]
        index[name] = VersionIndex(
            digests={v: content_digest([name, v]) for v in reversed(numbers)},
            channels={"production": version},
            released=tuple(numbers[: versions // 2]),
        )
    return with_revision(
        Snapshot(
            revision="",
            settings=Settings(),
            serves="production",
            tasks=definitions,
            versions=index,
            models=MODELS,
        )
    )


def definition_of(name: str, version: str, wording: str) -> TaskDefinition:
    fields = {
        f"field_{number_}": {"type": "string", "minLength": 1, "maxLength": 200}
        for number_ in range(8)
    }
    fields["score"] = {"type": "number", "minimum": 0, "maximum": 1}
    definition = TaskDefinition(
        name=name,
        version=version,
        model="local",
        input_schema={
            "type": "object",
            "properties": {"comment": {"type": "string"}},
            "required": ["comment"],
        },
        output_schema={"type": "object", "properties": fields, "required": list(fields)},
        templates=(
            Template(role="system", source=wording + " {{ comment }}", file="system.md"),
            Template(role="user", source="{{ comment }}", file="user.md"),
        ),
        constraints=(
            ConstraintDefinition(name="sure", require="output.score >= 0.1", message="too low"),
        ),
    )
    return msgspec.structs.replace(definition, digest=definition_digest(definition))


def text(rng: random.Random, words: int) -> str:
    return " ".join(rng.choice(WORDS) + str(rng.randrange(1000)) for _ in range(words))


def timed(work: Callable[[Any], object], given: object) -> float:
    began = time.perf_counter()
    work(given)
    return (time.perf_counter() - began) * 1000


def spread(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        "median": statistics.median(ordered),
        "p95": ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))],
        "most": ordered[-1],
    }


def report(figures: dict[str, Any]) -> str:
    rows = [
        [name, *(number(times[key]) for key in ("median", "p95", "most"))]
        for name, times in figures["ms"].items()
    ]
    head = f"{figures['versions']} versions of {figures['tasks']} tasks, milliseconds"
    return "\n".join(
        [
            table([head, "median", "p95", "most"], rows, markdown=False),
            f"{figures['kept']} pinned versions in memory: {figures['pinned_mb']:.1f} MB",
        ]
    )


if __name__ == "__main__":
    main()
