"""An upstream that misbehaves in every way it knows, and what callers are given all the same.

    .venv/bin/python benchmarks/misbehave.py [--calls N] [--seed N] [--json FILE]

Calls go through `Pipeline.run` and `Pipeline.stream`; what is delivered is validated apart from
the code under test, and every call must stand in the journal once, with its outcome.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path

from harness.machine import describe_run
from harness.misbehaving import Tally, run_calls
from harness.tables import table

LIBRARIES = ("roadworthy", "jsonschema-rs", "json_repair", "msgspec")


def main() -> None:
    options = parse()
    about = describe_run(LIBRARIES)
    before = time.process_time()
    tally = asyncio.run(run_calls(options.calls, seed=options.seed))
    spent_s = time.process_time() - before
    print("\n".join(about), end="\n\n")
    print(report(tally, spent_s, markdown=options.markdown))
    if options.json:
        options.json.write_text(json.dumps(as_data(about, tally, spent_s), indent=1) + "\n")
    if tally.problem_count:
        sys.exit(1)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=20261121)
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--json", type=Path, help="also write every figure to this file")
    return parser.parse_args()


def report(tally: Tally, spent_s: float, *, markdown: bool) -> str:
    failed = tally.calls - tally.delivered
    ways = tally.ways.keys() - {"honest"}
    lines = [
        f"{tally.calls:,} calls, {tally.attempts:,} attempts, {len(ways)} ways:"
        f" {tally.delivered:,} delivered, {failed:,} not; {spent_s:.0f} s of CPU",
        f"delivered and not conforming, untyped errors, journal faults: {tally.problem_count}",
        *tally.problems,
        "",
        table(["surface", "calls"], counted(tally.surfaces), markdown=markdown),
        "",
        table(["outcome", "calls"], counted(tally.outcomes), markdown=markdown),
        "",
        table(["error", "calls"], counted(tally.errors), markdown=markdown),
        "",
        table(["way", "attempts", "calls delivered"], by_way(tally), markdown=markdown),
    ]
    return "\n".join(lines)


def counted(counter: dict[str, int]) -> list[list[str]]:
    return [[name, f"{n:,}"] for name, n in sorted(counter.items(), key=lambda item: -item[1])]


def by_way(tally: Tally) -> list[list[str]]:
    """Delivered are the calls whose first attempt went that way; later ones may have mended it."""
    return [[w, f"{n:,}", f"{tally.delivered_by_way[w]:,}"] for w, n in sorted(tally.ways.items())]


def as_data(about: list[str], tally: Tally, spent_s: float) -> dict[str, object]:
    counters = ("surfaces", "outcomes", "errors", "ways", "delivered_by_way")
    return {
        "about": about,
        "calls": tally.calls,
        "attempts": tally.attempts,
        "delivered": tally.delivered,
        "problems": tally.problem_count,
        "cpu_s": round(spent_s, 1),
        **{name: dict(sorted(getattr(tally, name).items())) for name in counters},
    }


if __name__ == "__main__":
    main()
