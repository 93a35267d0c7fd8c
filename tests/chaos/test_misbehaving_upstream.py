"""100,000 calls to an upstream that misbehaves in every way it knows: what is delivered conforms,
whatever is not is a typed error, and the journal holds every call once."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from roadworthy.conformance import OutputSchema

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
CALLS = 10_000
"""For each seed; `benchmarks/misbehave.py` sends 100,000."""


@pytest.fixture(scope="module")
def misbehaving() -> Iterator[Any]:
    """The calls and their judge, which the benchmark uses, too."""
    sys.path.insert(0, str(BENCHMARKS))
    yield importlib.import_module("harness.misbehaving")
    sys.path.remove(str(BENCHMARKS))


@pytest.mark.parametrize("seed", range(4))
def test_nothing_that_does_not_conform_is_delivered(misbehaving: Any, seed: int) -> None:
    tally = asyncio.run(misbehaving.run_calls(CALLS, seed=seed))
    assert tally.problems == []
    assert tally.calls == sum(tally.outcomes.values()) == CALLS
    assert len(tally.ways) >= 40
    assert tally.delivered > CALLS // 2
    assert {"repaired", "reasked", "failed", "refused", "truncated"} <= tally.outcomes.keys()


def test_the_judge_sees_what_a_gateway_without_validation_would_deliver(
    misbehaving: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OutputSchema, "is_valid", lambda *_: True)
    tally = asyncio.run(misbehaving.run_calls(500, seed=1))
    assert any("delivered, and invalid" in problem for problem in tally.problems)


def test_the_judge_sees_a_call_that_is_not_recorded(
    misbehaving: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(misbehaving.CountingJournal, "append", lambda *_: None)
    tally = asyncio.run(misbehaving.run_calls(3, seed=1))
    assert tally.problem_count == 3
