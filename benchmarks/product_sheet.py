"""A chain of three steps beside the same work by one prompt, on the embedded model.

    .venv/bin/python benchmarks/product_sheet.py [--set NAME] [--input-usd N] [--output-usd N]
        [--json FILE]

The tasks of `examples/product-sheet`: `product-sheet` (extract the characteristics, praise the
product, write its search text) and `product-sheet-in-one` are asked the same notes, in turn, and
the same is expected of both. Each step is asked alone, too, on inputs that are right. Temperature
is 0, so a second run says nothing new; what differs is the time.

There are two sets of cases. The prompts were chosen among variants by their score on the cases
beside them, the development set, so its figures flatter them. The cases of
`data/product_sheet_held_out.jsonl` are of the same kinds, written without a look at the prompts and
before anything was asked of them; no prompt and no case was changed since. Quote those.

The embedded model costs nothing; what the tokens would cost is told at the prices given, in dollars
for a million. Latencies are of one machine, without waiting for other calls.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import shutil
import statistics
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from harness.machine import Bystanders, describe_run
from harness.product_sheet_cases import HELD_OUT, hold_out, prompts_digest
from harness.tables import number, table
from roadworthy.evaluation.report import BlameReport, TaskReport
from roadworthy.evaluation.runner import SubjectRuns
from roadworthy.evaluation.session import Found, Options, Session
from roadworthy.evaluation.states import State, read_states, with_own_suites
from roadworthy.evaluation.summary import task_report
from roadworthy.registry import CaseResult, Registry
from roadworthy.stats import mean_difference, share_difference, sign_test, wilson_interval
from roadworthy.tasks import Project, load_project

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "product-sheet"
LIBRARIES = ("roadworthy", "xllamacpp", "llguidance")
CHAIN, IN_ONE = "product-sheet", "product-sheet-in-one"
STEPS = ("extract-characteristics", "marketing-copy", "search-text")
SETS = (HELD_OUT, "development")


@dataclass(frozen=True)
class Measured:
    """One task under test."""

    report: TaskReport
    results: Sequence[CaseResult]

    def verdicts(self) -> dict[str, bool]:
        return {result.case_id: result.passed is True for result in self.results}

    def fields(self) -> dict[str, list[int]]:
        """By expectation, how many runs pass it, of how many."""
        found: dict[str, list[int]] = {}
        for result in self.results:
            for score in result.scores:
                passed = found.setdefault(score.name, [0, 0])
                passed[0] += score.passed is True
                passed[1] += 1
        return found


def main() -> None:
    options = parse()
    print("\n".join(about := describe_run(LIBRARIES)))
    document: dict[str, Any] = {"about": about, "prompts": prompts_digest(EXAMPLE), "sets": {}}
    for name in options.set or SETS:
        document["sets"][name] = found = measured_set(name, options)
        print(f"\n== {name} ==\n" + report(found, options), flush=True)
        if options.json:
            options.json.write_text(json.dumps(document, indent=1) + "\n")


def measured_set(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Every figure of one set of cases."""
    watched = Bystanders([])
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "product-sheet"
        shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns(".roadworthy"))
        if name == HELD_OUT:
            hold_out(root)
        project = load_project(root)
        pair = asyncio.run(measure(project, (CHAIN, IN_ONE)))
        others = watched.share()
        alone = asyncio.run(measure(project, STEPS))
    return {
        "others": others,
        "tasks": {task: figures(found, options) for task, found in (pair | alone).items()},
        "difference": difference(pair[CHAIN], pair[IN_ONE]),
        "blame": blame(pair[CHAIN].report.blame),
    }


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--set", action="append", choices=SETS, help="of cases; left out: both")
    parser.add_argument("--input-usd", type=float, default=0.25, help="of a million tokens")
    parser.add_argument("--output-usd", type=float, default=2.0, help="of a million tokens")
    parser.add_argument("--json", type=Path, help="also write every figure to this file")
    return parser.parse_args()


async def measure(project: Project, tasks: Sequence[str]) -> dict[str, Measured]:
    """The tasks, case by case in turn, so that all have the same weather."""
    session = Session(project=project, options=Options(concurrency=1, blame=True))

    def read(registry: Registry | None) -> list[State]:
        states = read_states(project, tasks, None, registry)
        return [with_own_suites(state, project, registry) for state in states]

    states, found = await session.measure(read)
    return {
        state.task: Measured(task_report(runs, gate=state.gate), list(results_of(runs)))
        for state, runs in zip(states, checked(found), strict=True)
    }


def checked(found: Found) -> Sequence[SubjectRuns]:
    assert found.left_out is None, found.left_out
    return found.runs


def results_of(runs: SubjectRuns) -> Iterable[CaseResult]:
    for of_case in runs.runs.values():
        yield from (measured.result for measured in of_case.values())


def figures(found: Measured, options: argparse.Namespace) -> dict[str, Any]:
    """Quality, tokens, what they would cost, and time."""
    verdicts = list(found.verdicts().values())
    low, high = wilson_interval(sum(verdicts), len(verdicts))
    tokens_in = [result.input_tokens or 0 for result in found.results]
    tokens_out = [result.output_tokens or 0 for result in found.results]
    usd = [
        (i * options.input_usd + o * options.output_usd) / 1e6
        for i, o in zip(tokens_in, tokens_out, strict=True)
    ]
    times = sorted(result.latency_ms for result in found.results)
    return {
        "cases": len(verdicts),
        "passed": sum(verdicts),
        "low": low,
        "high": high,
        "conform": sum(result.error is None for result in found.results),
        "expectations": found.fields(),
        "tokens in": statistics.fmean(tokens_in),
        "tokens out": statistics.fmean(tokens_out),
        "usd a thousand": statistics.fmean(usd) * 1000,
        "p50_ms": statistics.median(times),
        "p95_ms": times[math.ceil(0.95 * len(times)) - 1],
        "answers": {result.case_id: result.value for result in found.results},
    }


def difference(chain: Measured, in_one: Measured) -> dict[str, Any]:
    """The chain less the one prompt, case by case."""
    first, second = chain.verdicts(), in_one.verdicts()
    passed = share_difference([float(first[case]) - float(second[case]) for case in first])
    times = {result.case_id: result.latency_ms for result in in_one.results}
    took = mean_difference([r.latency_ms - times[r.case_id] for r in chain.results])
    better = sum(first[case] and not second[case] for case in first)
    worse = sum(second[case] and not first[case] for case in first)
    return {
        "passed": passed,
        "latency_ms": took,
        "better": better,
        "worse": worse,
        "sign_p": sign_test(better, worse),
    }


def blame(found: BlameReport | None) -> dict[str, Any]:
    assert found is not None
    document: dict[str, Any] = msgspec.to_builtins(found)
    return document


def report(document: dict[str, Any], options: argparse.Namespace) -> str:
    tasks = document["tasks"]
    price = f"${options.input_usd:g} and ${options.output_usd:g} a million"
    head = ("", "pass", "95 %", "conform", "tokens in", "out", "$ a thousand", "p50 ms", "p95 ms")
    rows = [
        (
            name,
            f"{of['passed']} of {of['cases']}",
            f"{of['low']:.0%} to {of['high']:.0%}",
            str(of["conform"]),
            number(of["tokens in"]),
            number(of["tokens out"]),
            number(of["usd a thousand"]),
            number(of["p50_ms"]),
            number(of["p95_ms"]),
        )
        for name, of in tasks.items()
    ]
    kinds = list(tasks[CHAIN]["expectations"])
    both = [
        (kind, *(" of ".join(map(str, tasks[t]["expectations"][kind])) for t in (CHAIN, IN_ONE)))
        for kind in kinds
    ]
    apart = document["difference"]
    passed, took = apart["passed"], apart["latency_ms"]
    steps = [
        (
            step["step"],
            f"{step.get('first', 0)} of {document['blame']['failing']}",
            str(step.get("failing", 0)),
            number(step.get("p50_ms")),
            number(step.get("p95_ms")),
        )
        for step in document["blame"]["steps"]
    ]
    return "\n".join(
        [
            f"Other processes took {document['others']:.0%} of the machine meanwhile.",
            f"\nAt {price} tokens in and out:",
            table(head, rows, markdown=False),
            f"\n{CHAIN} less {IN_ONE}: {passed.value:+.1%} of cases pass"
            f" ({passed.low:+.1%} to {passed.high:+.1%}); {took.value:+,.0f} ms"
            f" ({took.low:+,.0f} to {took.high:+,.0f}); {apart['better']} cases better,"
            f" {apart['worse']} worse (exact sign test, p = {apart['sign_p']:.2g})\n",
            table(("expectation", CHAIN, IN_ONE), both, markdown=False),
            "\nWhich step broke:",
            table(("step", "failed first", "fails in", "p50 ms", "p95 ms"), steps, markdown=False),
        ]
    )


if __name__ == "__main__":
    main()
