"""What is planted in real instances, and how its questions are counted."""

from __future__ import annotations

import gzip
import importlib
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"
SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "text": {"type": "string"}},
    "required": ["n", "text"],
}
VALUE = {"n": 3, "text": "a text that is long enough to be kept " * 5}


@pytest.fixture(scope="module")
def counts() -> Iterator[Any]:
    sys.path.insert(0, str(BENCHMARKS))
    yield importlib.import_module("harness.reask_counts")
    sys.path.remove(str(BENCHMARKS))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tests = [{"valid": False, "data": {}}, {"valid": True, "data": VALUE}]
    rows: dict[str, list[dict[str, Any]]] = {
        "some": [{"id": "a", "schema": SCHEMA}, {"id": "b", "schema": {"type": "strin"}}],
        "maskbench_tests": [{"id": name, "tests": tests} for name in ("a", "b", "missing")],
    }
    for name, lines in rows.items():
        text = "\n".join(json.dumps(line) for line in lines)
        (tmp_path / f"{name}.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    return tmp_path


def test_instances_are_valid_and_of_schemas_that_compile(counts: Any, folder: Path) -> None:
    (drawn,) = counts.draw_instances(folder, size=9, seed=1)
    assert (drawn.id, drawn.value) == ("a", VALUE)


@pytest.mark.parametrize("seed", range(8))
def test_a_planted_fault_fails_and_leaves_the_instance(
    counts: Any, folder: Path, seed: int
) -> None:
    (instance,) = counts.draw_instances(folder, size=9, seed=1)
    broken = counts.plant(instance, faults=1, rng=random.Random(seed))
    assert instance.value == VALUE
    assert not instance.schema.is_valid(broken)


def test_both_questions_are_counted_with_their_right_answers(counts: Any, folder: Path) -> None:
    (instance,) = counts.draw_instances(folder, size=9, seed=1)
    counted = counts.count(instance, {**VALUE, "n": "x"}, prompt_tokens=10)
    assert counted.patch_out == len('{"n":3}') / counts.CHARS_A_TOKEN
    assert counted.whole_out > 10 * counted.patch_out
    assert (counted.mended, counted.asked_whole, counted.fault) == (True, False, "type")
