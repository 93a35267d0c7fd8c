"""Which schemas the embedded model is asked for, and what of its answers is written down."""

from __future__ import annotations

import asyncio
import gzip
import importlib
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines import pipeline_of
from roadworthy.testing import ScriptedUpstream

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"
COUNT = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


@pytest.fixture(scope="module")
def calls() -> Iterator[Any]:
    sys.path.insert(0, str(BENCHMARKS))
    yield importlib.import_module("harness.schema_calls")
    sys.path.remove(str(BENCHMARKS))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("one", "two", "maskbench_tests"):
        rows = [json.dumps({"id": f"{name}-{i}", "schema": json.dumps(COUNT)}) for i in range(9)]
        (tmp_path / f"{name}.jsonl.gz").write_bytes(gzip.compress("\n".join(rows).encode()))
    return tmp_path


def test_schemas_are_drawn_evenly_and_by_their_seed(calls: Any, folder: Path) -> None:
    drawn = calls.draw(folder, count=6, seed=1)
    assert Counter(sample.dataset for sample in drawn) == {"one": 3, "two": 3}
    assert drawn == calls.draw(folder, count=6, seed=1)
    assert drawn != calls.draw(folder, count=6, seed=2)
    assert drawn[0].schema == COUNT


def test_a_schema_that_the_grammar_compiler_refuses_is_not_declared(calls: Any) -> None:
    assert calls.is_declared(COUNT)
    assert not calls.is_declared({"not": {"type": "string"}, **COUNT})


@pytest.mark.parametrize(
    ("text", "delivered", "outcome"), [('{"n": 1}', True, "first_pass"), ("no", False, "failed")]
)
def test_what_came_of_a_schema_is_written_down(
    calls: Any, text: str, delivered: bool, outcome: str
) -> None:
    pipeline, journal = pipeline_of(ScriptedUpstream([text]))
    sample = calls.Sample("set", "7", COUNT)
    answered = asyncio.run(
        calls.ask(pipeline, sample, journal.calls, {"max_tokens": 5}, model="scripted")
    )
    assert (answered.delivered, answered.outcome) == (delivered, outcome)
    assert answered.valid
    assert bool(answered.error) is not delivered


def test_a_delivered_answer_that_breaks_its_schema_is_seen(
    calls: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from roadworthy.conformance import OutputSchema

    monkeypatch.setattr(OutputSchema, "is_valid", lambda *_: True)
    pipeline, journal = pipeline_of(ScriptedUpstream(['{"n": "one"}']))
    sample = calls.Sample("set", "7", COUNT)
    answered = asyncio.run(calls.ask(pipeline, sample, journal.calls, {}, model="scripted"))
    assert (answered.delivered, answered.valid) == (True, False)
