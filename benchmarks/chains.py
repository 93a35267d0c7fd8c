"""How near a chain comes to its critical path, and what a step costs beside its model.

    .venv/bin/python benchmarks/chains.py [--runs N] [--seed N] [--json FILE]

Chains of 12 steps run through the whole path in process, into a real journal, over an upstream
that answers each step after a delay of its own, drawn anew for every run. The ideal is the longest
way through the chain by those delays alone: no code, no clock that wakes late. Then the same
chains over an upstream that answers at once: what is left is what a step costs in CPU, beside a
call of a task without steps.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import uvloop

from harness.machine import Bystanders, describe_run
from harness.tables import table
from roadworthy.core import Settings, SystemClock, Usage
from roadworthy.models import Ask, Capabilities, Delta, Model, Reply
from roadworthy.pipeline import CallRequest, Pipeline, compile_state
from roadworthy.storage import JournalWriter, StateFolder
from roadworthy.tasks import Snapshot, TaskDefinition, Template
from roadworthy.tasks.definition import ChainDefinition, StepDefinition

LIBRARIES = ("roadworthy", "msgspec", "jsonschema-rs", "minijinja")
STEPS = 12
DELAYS_S = (0.1, 0.4)
"""What a step's answer takes: short for a model, so that what is beside it shows."""
CALLS_A_ROUND = 20
MODEL = Model(
    name="scripted",
    provider="openai-compatible",
    upstream="m",
    capabilities=Capabilities(modes=("strict",)),
)
TEXT: dict[str, Any] = {
    "type": "object",
    "properties": {"text": {"type": "string"}},
    "required": ["text"],
    "additionalProperties": False,
}
ANSWER = Reply(
    text='{"text":"twelve words that stand for what a model says of it"}',
    stop_reason="stop",
    usage=Usage(input_tokens=40, output_tokens=16),
)
Needs = Mapping[str, tuple[str, ...]]


class Paced:
    """Answers each task after a delay of its own."""

    def __init__(self) -> None:
        self.delays_s: dict[str, float] = {}

    async def send(self, _model: Model, ask: Ask) -> Reply:
        name = str(ask.messages[-1]["content"]).partition(":")[0]
        if delay_s := self.delays_s.get(name, 0.0):
            await asyncio.sleep(delay_s)
        return ANSWER

    def stream(
        self, model: Model, ask: Ask
    ) -> AbstractAsyncContextManager[AsyncIterator[list[Delta]]]:
        raise NotImplementedError("nothing streams here")

    async def close(self) -> None:
        """Nothing to close."""


def main() -> None:
    options = parse()
    about = [*describe_run(LIBRARIES), f"seed {options.seed}, {options.runs} runs a chain"]
    print("\n".join(about), end="\n\n")
    bystanders = Bystanders(())
    figures = uvloop.run(measure(options))  # as gateways do
    about.append(f"noise: other processes took {bystanders.share():.0%} of the machine")
    print(report(figures), about[-1], sep="\n\n")
    if options.json:
        options.json.write_text(json.dumps({"about": about, **figures}, indent=1) + "\n")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    return parser.parse_args()


def shapes() -> dict[str, Needs]:
    """Twelve steps in the orders that chains have."""
    names = [f"s{i}" for i in range(STEPS)]
    mesh: dict[str, tuple[str, ...]] = dict.fromkeys(names, ())
    layers = [names[:3], names[3:7], names[7:11], names[11:]]
    for number, layer in enumerate(layers[1:]):
        above = layers[number]
        for place, name in enumerate(layer):
            mesh[name] = tuple({above[place % len(above)], above[(place + 1) % len(above)]})
    mesh[names[11]] = tuple(layers[2])
    return {
        "a line": {name: (names[i - 1],) if i else () for i, name in enumerate(names)},
        "side by side": {name: tuple(names[:-1]) if name == names[-1] else () for name in names},
        "a mesh": mesh,
    }


def chain_of(needs: Needs) -> TaskDefinition:
    tasks = {name: task_of(name) for name in needs}
    steps = tuple(
        StepDefinition(
            name=name,
            task=name,
            needs=before,
            wires={"text": f"{before[0]}.text" if before else "input.text"},
        )
        for name, before in needs.items()
    )
    last = next(reversed(needs))
    return TaskDefinition(
        name="chain",
        model="",
        input_schema=TEXT,
        output_schema=TEXT,
        chain=ChainDefinition(steps=steps, output={"": last}, tasks=tasks),
    )


def task_of(name: str) -> TaskDefinition:
    return TaskDefinition(
        name=name,
        model="scripted",
        input_schema=TEXT,
        output_schema=TEXT,
        templates=(Template(role="user", source=name + ":{{ text }}", file="user.md"),),
    )


def critical_path_s(needs: Needs, delays_s: Mapping[str, float]) -> float:
    """The longest way through the chain; steps stand behind all that they need."""
    ends: dict[str, float] = {}
    for name, before in needs.items():
        ends[name] = delays_s[name] + max((ends[one] for one in before), default=0.0)
    return max(ends.values())


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    rng = random.Random(options.seed)
    over: dict[str, Any] = {}
    beside: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        for shape, needs in shapes().items():
            upstream = Paced()
            pipeline = pipeline_of(chain_of(needs), upstream, Path(name))
            await call(pipeline, "chain")
            ratios, spent_ms = [], []
            for _ in range(options.runs):
                upstream.delays_s = {step: rng.uniform(*DELAYS_S) for step in needs}
                took_s = await call(pipeline, "chain")
                ideal_s = critical_path_s(needs, upstream.delays_s)
                ratios.append(100 * (took_s / ideal_s - 1))
                spent_ms.append(1e3 * (took_s - ideal_s))
            over[shape] = {
                "above_ideal_percent": spread(ratios),
                "above_ideal_ms": spread(spent_ms),
            }
            upstream.delays_s = {}
            beside[shape] = await cpu_us(pipeline, "chain", options.runs) / STEPS
        pipeline = pipeline_of(task_of("plain"), Paced(), Path(name))
        beside["a task without steps, by itself"] = await cpu_us(pipeline, "plain", options.runs)
    return {"steps": STEPS, "delays_s": DELAYS_S, "over": over, "cpu_us_a_step": beside}


def pipeline_of(definition: TaskDefinition, upstream: Paced, root: Path) -> Pipeline:
    state = compile_state(
        Snapshot(
            revision="1",
            settings=Settings(),
            tasks={definition.name: definition},
            models={"scripted": MODEL},
        ),
        {},
    )
    assert not state.unservable, state.unservable
    folder, clock = StateFolder(root), SystemClock()
    folder.create()
    journal = JournalWriter(folder, "bench", clock)
    return Pipeline(state=lambda: state, upstream=upstream, journal=journal, clock=clock)


async def call(pipeline: Pipeline, task: str) -> float:
    """How long one call takes, in seconds; it must come to an answer."""
    began = time.perf_counter()
    request = CallRequest(target=f"task:{task}", surface="task", input={"text": "a sentence"})
    finished = await pipeline.run(request)
    took_s = time.perf_counter() - began
    assert finished.error is None, finished.error
    return took_s


async def cpu_us(pipeline: Pipeline, task: str, runs: int) -> float:
    """The CPU time of one call that waits for no model; the least of so many rounds, because what
    else runs on the machine only ever adds to it."""
    rounds = []
    for _ in range(runs):
        began = time.process_time()
        for _ in range(CALLS_A_ROUND):
            await call(pipeline, task)
        rounds.append(1e6 * (time.process_time() - began) / CALLS_A_ROUND)
    return min(rounds)


def spread(values: list[float]) -> dict[str, float]:
    ranked = sorted(values)
    return {
        "median": statistics.median(ranked),
        "p95": ranked[min(len(ranked) - 1, round(0.95 * len(ranked)))],
        "most": ranked[-1],
    }


def report(figures: dict[str, Any]) -> str:
    over = [
        (
            shape,
            *(f"{found['above_ideal_percent'][key]:.2f} %" for key in ("median", "p95", "most")),
            f"{found['above_ideal_ms']['median']:.2f} ms",
        )
        for shape, found in figures["over"].items()
    ]
    beside = [(shape, f"{us:.0f} µs") for shape, us in figures["cpu_us_a_step"].items()]
    return "\n\n".join(
        (
            table(
                ("12 steps", "above ideal", "p95", "most", "median of that"), over, markdown=False
            ),
            table(("CPU of a step, journal included", "least"), beside, markdown=False),
        )
    )


if __name__ == "__main__":
    main()
