"""The benchmark's own arithmetic and parsing: a wrong yardstick is worse than none."""

from __future__ import annotations

import asyncio
import importlib
import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"


@pytest.fixture(scope="module")
def harness() -> Iterator[Any]:
    """Imports a module of the harness by name, as the benchmark's own scripts see it."""
    sys.path.insert(0, str(BENCHMARKS))
    yield lambda name: importlib.import_module(f"harness.{name}")
    sys.path.remove(str(BENCHMARKS))


def test_the_canned_answer_conforms_whole_and_streamed(harness: Any) -> None:
    canned = harness("canned")
    validator = jsonschema_rs.validator_for(canned.OUTPUT_SCHEMA)
    validator.validate(json.loads(canned.TEXT))
    validator.validate(json.loads("".join(canned.PIECES)))
    answer = json.loads(canned.answer())
    assert json.loads(answer["choices"][0]["message"]["content"]) == json.loads(canned.TEXT)


def test_a_canned_stream_has_100_events_of_text_and_says_when_it_ends(harness: Any) -> None:
    events = harness("canned").events(usage=True)
    chunks = [json.loads(event.removeprefix(b"data: ")) for event in events[:-1]]
    texts = [c for c in chunks if c["choices"] and "content" in c["choices"][0]["delta"]]
    assert len(texts) == 100
    assert chunks[-1]["usage"]["total_tokens"] > 0
    assert events[-1] == b"data: [DONE]\n\n"
    assert len(harness("canned").events(usage=False)) == len(events) - 1


class Wire:
    """A transport that keeps what is written to it."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def close(self) -> None:
        pass


def fed(harness: Any, pieces: list[bytes]) -> Any:
    """The tally of a caller that receives these bytes."""

    async def feed() -> Any:
        generator = harness("generator")
        caller = generator.Caller(b"", tally := generator.Tally(until=0.0), stream=True)
        caller.connection_made(Wire())
        for piece in pieces:
            caller.data_received(piece)
        caller.connection_lost(None)
        return tally

    return asyncio.run(feed())


@given(st.lists(st.integers(0, 30_000), max_size=6))
def test_a_whole_stream_counts_once_however_it_is_cut(harness: Any, cuts: list[int]) -> None:
    whole = b"".join(harness("upstream").chunked_stream(usage=True))
    bounds = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    pieces = [whole[a:b] for a, b in itertools.pairwise(bounds) if a < b]
    tally = fed(harness, pieces)
    assert (len(tally.latencies_ms), tally.errors) == (1, 0)


@pytest.mark.parametrize("lost", ["pluck042", "[DONE]", "HTTP/1.1 200"])
def test_a_stream_without_a_piece_its_end_or_a_200_is_an_error(harness: Any, lost: str) -> None:
    whole = b"".join(harness("upstream").chunked_stream(usage=False))
    tally = fed(harness, [whole.replace(lost.encode(), b"x" * len(lost))])
    assert (len(tally.latencies_ms), tally.errors) == (0, 1)


def test_a_stream_that_breaks_off_is_an_error(harness: Any) -> None:
    whole = b"".join(harness("upstream").chunked_stream(usage=False))
    tally = fed(harness, [whole[:-20]])
    assert (len(tally.latencies_ms), tally.errors) == (0, 1)


def test_ratios_compare_rows_within_a_round(harness: Any) -> None:
    measuring, load, processes = harness("measuring"), harness("load"), harness("processes")
    results = measuring.Results()
    for row, number, cpu_s in [
        ("bare", 1, 1.0),
        ("own", 1, 2.0),
        ("bare", 2, 4.0),
        ("own", 2, 4.0),
    ]:
        run = load.Load(calls=1000, errors=0, seconds=1.0, p50_ms=1.0, p99_ms=2.0)
        memory = {"python": processes.Memory(1.0, 1.0)}
        results.all.append(
            measuring.Measured(row, "cell", number, run, {"python": cpu_s}, True, memory)
        )
    assert results.cpu_ratios("own", "cell", "bare") == [1.0, 2.0]
    assert results.median("own", "cell", lambda m: m.cpu_ms) == 3.0


def test_cpu_of_a_process_that_started_between_two_readings_is_counted(harness: Any) -> None:
    before, after = {(1, "a"): 5.0}, {(1, "a"): 6.5, (2, "b"): 0.25}
    assert harness("processes").cpu_between(before, after) == {"a": 1.5, "b": 0.25}
