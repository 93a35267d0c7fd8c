"""What a gateway costs: Roadworthy beside its peers and a bare proxy, against one canned upstream.

    .venv/bin/python benchmarks/gateway.py [--only NAME …] [--rounds N] [--seconds S] [--markdown]

Needs the development dependencies (`make test` installs them). Peers are installed on the first
run, into `benchmarks/.environments/`. Plain calls are driven by `wrk` where it is installed. All
traffic stays on the loopback, a run is bounded, and every child is ended with it. Rounds are
interleaved; figures are medians over rounds, ratios are taken within a round.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from harness.environments import PeerUnavailable
from harness.load import Cell, generator_name
from harness.machine import Bystanders, describe_run
from harness.measuring import Measured, Results, measure_rounds
from harness.peers import BareProxy, LiteLlm, Portkey, TensorZero, Upstream
from harness.roadworthy_target import Roadworthy
from harness.tables import number, ratio, table
from harness.targets import Row, Target

LOADED = Cell("32 connections", 32, warm_up_s=4.0)
ALONE = Cell("alone", 1, share=0.5)
STREAMS = Cell("16 streams", 16, stream=True, warm_up_s=1.0)
PACED = Cell("32 paced streams", 32, stream=True, paced=True, share=1.5)
CELLS = (LOADED, ALONE, STREAMS, PACED)

TARGETS: tuple[type[Target], ...] = (BareProxy, Roadworthy, TensorZero, Portkey, LiteLlm)
MAX_SECONDS, MAX_ROUNDS = 20.0, 10


def main() -> None:
    options = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    about = describe_run()  # now: the checkout may have moved on when the run ends
    with contextlib.ExitStack() as stack:
        targets, missing = start_all(options, stack)
        rows = [row for target in targets for row in target.rows]
        bystanders = Bystanders(target.process for target in targets)
        results = measure_rounds(
            rows, CELLS, rounds=options.rounds, seconds=options.seconds, say=say
        )
        about += about_load(bystanders)
        print("\n".join(about), end="\n\n")
        print("\n\n".join(report(results, targets, missing, markdown=options.markdown)))
        if options.json:
            data = {"about": about, "measured": results.as_data()}
            options.json.write_text(json.dumps(data, indent=1))


def parse() -> argparse.Namespace:
    names = [target.name for target in TARGETS]
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--only", action="append", choices=names, help="may be given again")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=2.0, help="of one cell in one round")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--json", type=Path, help="also write every measurement to this file")
    options = parser.parse_args()
    options.rounds = min(max(options.rounds, 1), MAX_ROUNDS)
    options.seconds = min(max(options.seconds, 1.0), MAX_SECONDS)
    return options


def say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def start_all(
    options: argparse.Namespace, stack: contextlib.ExitStack
) -> tuple[list[Target], dict[str, str]]:
    """The targets that run, and why the others do not. The upstream and the yardstick always do."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmark-")))
    upstream = Upstream(folder, "")
    stack.callback(upstream.end)
    upstream.start()
    targets: list[Target] = [upstream]
    missing: dict[str, str] = {}
    for kind in TARGETS:
        if options.only and kind.name not in {*options.only, BareProxy.name}:
            continue
        say(f"starting {kind.name}")
        with contextlib.ExitStack() as until_started:
            try:
                target = kind(folder, f"{upstream.base_url}/v1")
                until_started.callback(target.end)
                target.start()
            except PeerUnavailable as error:
                missing[kind.name] = str(error)
                say(f"{kind.name} is left out: {error}")
            else:
                targets.append(target)
                stack.push(until_started.pop_all())
    return targets, missing


def about_load(bystanders: Bystanders) -> list[str]:
    return [
        f"load: plain calls by {generator_name(stream=False)}, streams by"
        f" {generator_name(stream=True)}",
        f"noise: processes that are no part of this took {bystanders.share():.0%} of the machine",
    ]


def report(
    results: Results, targets: list[Target], missing: dict[str, str], *, markdown: bool
) -> Iterator[str]:
    rows = [row for target in targets for row in target.rows]
    bare = next(row.label for row in rows if row.target.name == BareProxy.name)
    yield plain_table(results, rows, bare, markdown=markdown)
    yield stream_table(results, rows, bare, markdown=markdown)
    yield paced_table(results, rows, bare, markdown=markdown)
    yield parts_table(results, rows, markdown=markdown)
    yield "\n".join(notes(results, missing)) or "every cell was measured and came to rest"


def plain_table(results: Results, rows: list[Row], bare: str, *, markdown: bool) -> str:
    head = ["plain calls", "calls/s at 32", "p50 alone, ms", "p99 at 32, ms", "CPU/call, ms"]
    head += ["x bare (range)", "RSS, MB", "PSS, MB", "start, s", "installed, MB", "errors"]
    lines = []
    for row in rows:
        loaded = results.of(row.label, LOADED.name)
        lines.append(
            [
                row.label,
                number(results.median(row.label, LOADED.name, lambda m: m.load.per_s)),
                number(results.median(row.label, ALONE.name, lambda m: m.load.p50_ms)),
                number(results.median(row.label, LOADED.name, lambda m: m.load.p99_ms)),
                number(results.median(row.label, LOADED.name, cpu_ms)),
                ratio(results.cpu_ratios(row.label, LOADED.name, bare)),
                number(max((m.rss_mb for m in loaded), default=None)),
                number(max((m.pss_mb for m in loaded), default=None)),
                number(row.target.start_up_s),
                number(row.target.size_mb),
                str(results.errors(row.label, LOADED.name) + results.errors(row.label, ALONE.name)),
            ]
        )
    return table(head, lines, markdown=markdown)


def stream_table(results: Results, rows: list[Row], bare: str, *, markdown: bool) -> str:
    head = ["streams of 100 events", "streams/s at 16", "CPU/stream, ms", "x bare (range)"]
    head += ["first event, ms", "whole", "errors"]
    lines = [
        [
            row.label,
            number(results.median(row.label, STREAMS.name, lambda m: m.load.per_s)),
            number(results.median(row.label, STREAMS.name, cpu_ms)),
            ratio(results.cpu_ratios(row.label, STREAMS.name, bare)),
            number(results.median(row.label, STREAMS.name, lambda m: m.load.first_event_ms)),
            str(sum(m.load.calls for m in results.of(row.label, STREAMS.name))),
            str(results.errors(row.label, STREAMS.name)),
        ]
        for row in rows
        if row.serves(STREAMS)
    ]
    return table(head, lines, markdown=markdown)


def paced_table(results: Results, rows: list[Row], bare: str, *, markdown: bool) -> str:
    head = ["32 streams at 50 events/s each", "CPU/stream, ms", "x bare (range)"]
    head += ["first event, ms", "stream p50, ms", "errors"]
    lines = [
        [
            row.label,
            number(results.median(row.label, PACED.name, cpu_ms)),
            ratio(results.cpu_ratios(row.label, PACED.name, bare)),
            number(results.median(row.label, PACED.name, lambda m: m.load.first_event_ms)),
            number(results.median(row.label, PACED.name, lambda m: m.load.p50_ms)),
            str(results.errors(row.label, PACED.name)),
        ]
        for row in rows
        if row.serves(PACED)
    ]
    return table(head, lines, markdown=markdown)


def cpu_ms(measured: Measured) -> float | None:
    return measured.cpu_ms


def parts_table(results: Results, rows: list[Row], *, markdown: bool) -> str:
    """Where a target is more than one process: which of them the CPU and the memory belong to."""
    head = ["by process, plain calls at 32", "CPU/call, ms", "RSS, MB", "PSS, MB"]
    lines = []
    for row in rows:
        memory = results.memory_parts(row.label)
        if len(memory) > 1:
            cpu = results.cpu_parts(row.label, LOADED.name)
            lines += [
                [
                    f"{row.label}: {part}",
                    number(cpu.get(part)),
                    number(memory[part].rss_mb),
                    number(memory[part].pss_mb),
                ]
                for part in sorted(memory)
            ]
    return table(head, lines, markdown=markdown)


def notes(results: Results, missing: dict[str, str]) -> Iterator[str]:
    """What the tables do not say."""
    for (label, cell), failure in results.failures.items():
        yield f"not measured: {label}, {cell}: {failure}"
    for measured in results.all:
        if not measured.at_rest:
            yield f"did not come to rest: {measured.row}, {measured.cell}, round {measured.round}"
    for name, (answered, recorded) in results.recorded.items():
        yield (
            f"{name}: {answered:,} calls were answered and {recorded:,} are in its database;"
            " those broken off when a cell's time was up are recorded too"
        )
    for name, reason in missing.items():
        yield f"left out: {name}: {reason}"


if __name__ == "__main__":
    main()
