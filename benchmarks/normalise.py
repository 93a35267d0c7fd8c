"""What the normaliser makes of real schemas, target by target; no model is asked.

    .venv/bin/python benchmarks/normalise.py [--every N] [--json FILE] [--markdown]

Reads the public data (``ROADWORTHY_DATA``; by default ``../shared/data`` beside the checkout): the
schemas of JSONSchemaBench, MaskBench's instances of them, and schemas before and after providers'
own adapters. `harness/normalising.py` says how forms, instances and reports are judged, and
`harness/provider_pairs.py` how the adapters' forms are held against ours.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import time
from collections import Counter
from pathlib import Path
from typing import Any

from harness.machine import describe_run
from harness.normalising import TARGETS, Corpus, form_of, judge
from harness.provider_pairs import TARGET_OF, explain
from harness.public_data import data_folder, read_rows
from harness.tables import number, table
from roadworthy.conformance import NotStrict, compile_schema
from roadworthy.core.errors import InvalidSchema

# What a reason quotes of a schema: numbers, names, patterns, addresses.
_NAMED = re.compile(r"'[^']*'|[a-z-]*:?/.*|\d[\d,]*")
LIBRARIES = ("roadworthy", "jsonschema-rs", "llguidance", "msgspec")


def main() -> None:
    options = parse()
    structured = data_folder("structured")
    corpus = Corpus.read(structured / "jsonschemabench")
    about = describe_run(LIBRARIES)
    print("\n".join(about), end="\n\n")
    figures: dict[str, Any] = {"about": about, "every": options.every, "targets": {}}
    for target in TARGETS:
        figures["targets"][target] = measure(corpus, target, options.every)
    print(report(figures["targets"], markdown=options.markdown))
    figures["pairs"] = pairs(structured / "provider_schema_pairs.jsonl.gz")
    print("\nheld against providers' own adapters")
    for target, counts in figures["pairs"].items():
        for difference, count in counts.items():
            print(f"  {target:28} {count:3}  {difference}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


def measure(corpus: Corpus, target: str, every: int) -> dict[str, Any]:
    """Counts over schemas and instances, and the time that a form takes to make."""
    counts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    silent: list[str] = []
    for name in list(corpus.schemas)[::every]:
        judged = judge(corpus.schemas[name], corpus.instances.get(name, []), target)
        if judged is None:
            counts["do not compile"] += 1
            continue
        counts["schemas"] += 1
        if judged.refused is not None:
            reasons[_NAMED.sub("…", judged.refused)[:70].strip()] += 1
            continue
        counts["forms"] += 1
        counts["forms without a loss"] += not judged.losses
        counts["forms with JSON as text"] += any(
            "JSON text" in loss.reason for loss in judged.losses
        )
        counts["forms that are not allowed"] += bool(judged.not_allowed)
        counts["keywords dropped silently"] += len(set(judged.silent))
        counts.update({f"instances {kind}": n for kind, n in judged.counts.items()})
        lost.update({loss.keyword for loss in judged.losses})
        silent += [f"{name}{place}" for place in judged.silent]
    return {
        "counts": dict(counts),
        "refused because": dict(reasons.most_common()),
        "schemas with a loss of": dict(lost.most_common()),
        "silent": silent,
        "ms per form": times(corpus, target, every),
    }


def times(corpus: Corpus, target: str, every: int) -> dict[str, float]:
    """Milliseconds per form that could be made: median, 99th percentile, maximum."""
    taken = []
    for name in list(corpus.schemas)[:: every * 4]:
        try:
            source = compile_schema(corpus.schemas[name]).source
            began = time.perf_counter()
            form_of(source, target)
        except (InvalidSchema, NotStrict):
            continue
        taken.append((time.perf_counter() - began) * 1e3)
    ordered = sorted(taken)
    return {
        "p50": statistics.median(ordered),
        "p99": ordered[int(0.99 * (len(ordered) - 1))],
        "max": ordered[-1],
    }


def pairs(path: Path) -> dict[str, dict[str, int]]:
    """How many pairs show each difference, by adapter; a pair may show several."""
    found: dict[str, Counter[str]] = {target: Counter() for target in TARGET_OF}
    for row in read_rows(path):
        found[row["target"]].update(explain(row) or ["the same"])
    return {target: dict(counts.most_common()) for target, counts in found.items()}


ROWS = (
    ("schemas that compile", "schemas"),
    ("with a form", "forms"),
    ("... without a loss", "forms without a loss"),
    ("... with a place as JSON text", "forms with JSON as text"),
    ("... that the target would refuse", "forms that are not allowed"),
    ("keywords dropped silently", "keywords dropped silently"),
    ("valid instances that come back", "instances returned"),
    ("... that do not, as reported", "instances reported"),
    ("... that do not, unreported", "instances unreported"),
    ("invalid instances refused", "instances refused"),
    ("... let through, as reported", "instances let through"),
    ("... let through silently", "instances let through silently"),
)


def report(figures: dict[str, Any], *, markdown: bool) -> str:
    rows = [
        [label, *(f"{figures[target]['counts'].get(key, 0):,}" for target in TARGETS)]
        for label, key in ROWS
    ]
    for figure in ("p50", "p99", "max"):
        cells = [number(figures[target]["ms per form"][figure]) for target in TARGETS]
        rows.append([f"ms per form, {figure}", *cells])
    return table(["", *TARGETS], rows, markdown=markdown)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--every", type=int, default=1, help="take every Nth schema")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    parser.add_argument("--markdown", action="store_true", help="print tables as Markdown")
    return parser.parse_args()


if __name__ == "__main__":
    main()
