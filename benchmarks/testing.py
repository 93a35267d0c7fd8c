"""What `roadworthy test` costs beside the model, and what asking nothing again costs.

    .venv/bin/python benchmarks/testing.py [--cases N] [--rounds N] [--json FILE]

Cases of one task against a canned upstream on loopback, in this process. *Bare*: the same calls
through the path of a call, without a test around them. *First*: a test that asks all of them,
scores three expectations each and keeps the results in the registry's SQLite file. *Again*: the
same test, for which everything is known. *Changed expectations*: everything is known, and scored
anew. *Command*: `roadworthy test` as a process of its own, everything known.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.canned import INPUT_SCHEMA, MODEL, OUTPUT_SCHEMA
from harness.machine import describe_run
from harness.tables import table
from roadworthy.cli.registry_access import open_registry
from roadworthy.evaluation.testing import Options, Session, run_tests
from roadworthy.pipeline import CallRequest
from roadworthy.pipeline.inprocess import in_process
from roadworthy.tasks import Project, load_project

LIBRARIES = ("roadworthy", "msgspec", "sqlalchemy", "aiohttp", "jsonschema-rs")
CONCURRENCY = 4
CHECKS: list[dict[str, Any]] = [
    {"regex": "delivery", "at": "/themes/0"},
    {"max_latency_ms": 60_000},
]
CHANGED: list[dict[str, Any]] = [
    {"regex": "deli+very", "at": "/themes/0"},
    {"max_latency_ms": 60_000},
]


def main() -> None:
    options = parse()
    about = [
        *describe_run(LIBRARIES),
        f"{options.cases} cases, {CONCURRENCY} at once; median (least to most) of {options.rounds}"
        " rounds; milliseconds",
    ]
    print("\n".join(about))
    rows: dict[str, list[dict[str, float]]] = {}
    with canned() as url, tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for _ in range(options.rounds):
            for name, took in one_round(root, url, options.cases).items():
                rows.setdefault(name, []).append(took)
    figures = {name: summary(took) for name, took in rows.items()}
    print(report(figures, options.cases))
    if options.json:
        document = {"about": about, "cases": options.cases, "figures": figures, "rounds": rows}
        options.json.write_text(json.dumps(document, indent=1) + "\n")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path, help="also write every figure to this file")
    return parser.parse_args()


def one_round(root: Path, url: str, cases: int) -> dict[str, dict[str, float]]:
    """Milliseconds of wall and CPU time of each way, in whole."""
    shutil.rmtree(root / ".roadworthy", ignore_errors=True)
    write(root, url, cases, CHECKS)
    project = load_project(root)
    with open_registry(project):
        pass  # the database is made once, not by every test
    found = {
        "bare": timed(lambda: bare(project, cases)),
        "first": timed(lambda: tested(project, asked=cases)),
        "again": timed(lambda: tested(project, asked=0)),
        "command": command(root),
    }
    write(root, url, cases, CHANGED)
    changed = load_project(root)
    return found | {"changed expectations": timed(lambda: tested(changed, asked=0))}


def write(root: Path, url: str, cases: int, checks: list[dict[str, Any]]) -> None:
    lines = [
        {
            "id": f"c{number}",
            "input": {"comment": f"Comment number {number}."},
            "expect": {"sentiment": "positive"},
            "checks": checks,
            "tags": [f"tag-{number % 10}"],
        }
        for number in range(cases)
    ]
    files = {
        "roadworthy.toml": "format = 1\n",
        "models.toml": f'[models.canned]\nprovider = "openai-compatible"\nmodel = "{MODEL}"\n'
        f'base_url = "{url}"\n[models.canned.price]\ninput_usd_per_million = 1.0\n'
        "output_usd_per_million = 2.0\n",
        "tasks/classify/task.toml": 'model = "canned"\n',
        "tasks/classify/input.schema.json": json.dumps(INPUT_SCHEMA),
        "tasks/classify/output.schema.json": json.dumps(OUTPUT_SCHEMA),
        "tasks/classify/prompt/user.md": "{{ comment }}\n",
        "tasks/classify/cases.jsonl": "".join(json.dumps(line) + "\n" for line in lines),
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def timed(run: Callable[[], Awaitable[None]]) -> dict[str, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    asyncio.run(run())  # type: ignore[arg-type]
    return {
        "wall": (time.perf_counter() - wall) * 1000,
        "cpu": (time.process_time() - cpu) * 1000,
    }


async def bare(project: Project, cases: int) -> None:
    waiting = iter(range(cases))
    state = project.root / ".roadworthy"

    async def work() -> None:
        for number in waiting:
            finished = await pipeline.run(
                CallRequest(
                    target="task:classify",
                    surface="test",
                    input={"comment": f"Comment number {number}."},
                )
            )
            assert finished.error is None

    async with in_process(project, state, name="bare") as pipeline:
        await asyncio.gather(*(work() for _ in range(CONCURRENCY)))


async def tested(project: Project, *, asked: int) -> None:
    session = Session(
        project=project,
        options=Options(concurrency=CONCURRENCY),
        registry=lambda: open_registry(project),
    )
    report = await run_tests(session)
    assert report.status == "passed", report.tasks[0].failing[:1]
    assert report.tasks[0].asked == asked, report.tasks[0].asked


def command(root: Path) -> dict[str, float]:
    started, spent = time.perf_counter(), os.times()
    words = [str(Path(sys.executable).with_name("roadworthy")), "test", "--project", str(root)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert ": 0 asked" in done.stdout, done.stdout
    now = os.times()
    cpu_s = now.children_user + now.children_system - spent.children_user - spent.children_system
    return {"wall": (time.perf_counter() - started) * 1000, "cpu": cpu_s * 1000}


@contextmanager
def canned() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = Path(__file__).resolve().parent
    process = subprocess.Popen([sys.executable, "-m", "harness.upstream", str(port)], cwd=folder)
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait()


def summary(took: list[dict[str, float]]) -> dict[str, list[float]]:
    """By clock: median, least, most."""
    return {
        clock: [round(f([one[clock] for one in took]), 2) for f in (statistics.median, min, max)]
        for clock in took[0]
    }


def report(figures: dict[str, dict[str, list[float]]], cases: int) -> str:
    rows = []
    for name, clocks in figures.items():
        wall, cpu = clocks["wall"], clocks["cpu"]
        rows.append(
            [
                name,
                f"{wall[0]:,.0f} ({wall[1]:,.0f} to {wall[2]:,.0f})",
                f"{cpu[0]:,.0f}",
                f"{wall[0] / cases:.3f}",
                f"{cpu[0] / cases:.3f}",
            ]
        )
    over = (figures["first"]["cpu"][0] - figures["bare"]["cpu"][0]) / cases
    shown = table(["", "wall", "CPU", "wall a case", "CPU a case"], rows, markdown=False)
    return f"{shown}\nBeside the path of a call, a case takes {over:.3f} ms of CPU."


if __name__ == "__main__":
    main()
