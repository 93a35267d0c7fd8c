"""The yardstick of conformance: when values are equal, what a row counts as, absent data."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"


@pytest.fixture(scope="module")
def harness() -> Iterator[Any]:
    """Imports a module of the harness by name, as the benchmark's own scripts see it."""
    sys.path.insert(0, str(BENCHMARKS))
    yield lambda name: importlib.import_module(f"harness.{name}")
    sys.path.remove(str(BENCHMARKS))


def row(**fields: Any) -> str:
    base = {"id": "r", "mode": "full", "input": "x", "outcome": "value", "expected": 1}
    return json.dumps(base | fields)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ({"a": 1, "b": [2]}, {"b": [2], "a": 1}, True),
        (1, 1.0, True),
        (True, 1, False),
        ([0], [False], False),
        (None, {}, False),
        ([1], [1, 1], False),
        ({"a": None}, {}, False),
        ("1", 1, False),
    ],
)
def test_values_are_equal_type_by_type(harness: Any, one: Any, other: Any, equal: bool) -> None:
    assert harness("judging").same(one, other) is equal
    assert harness("judging").same(other, one) is equal


def test_exact_numbers_tell_an_integer_from_a_fraction(harness: Any) -> None:
    same = harness("judging").same
    assert not same({"a": [1]}, {"a": [1.0]}, exact_numbers=True)
    assert same({"a": [1]}, {"a": [1]}, exact_numbers=True)


@pytest.mark.parametrize(
    ("value", "valid"), [("a@b.org", True), ("no address", False), (float("nan"), False)]
)
def test_the_judge_checks_formats_and_takes_json_only(
    harness: Any, value: Any, valid: bool
) -> None:
    schema = {"anyOf": [{"type": "string", "format": "email"}, {"type": "number"}]}
    assert harness("judging").is_valid(value, schema) is valid


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, "free"),
        ({"schema": {"type": "integer"}}, "schema"),
        ({"schema": {"type": "string"}}, "unsound"),
        ({"schema": {"type": "integer"}, "mode": "partial"}, "partial"),
        ({"mode": "partial"}, "free"),
        ({"outcome": "error", "schema": {}}, "error"),
        ({"outcome": "no_json"}, "error"),
        ({"outcome": "parses", "schema": {}}, "parses"),
        ({"schema_conversion_error": "lost"}, "unsound"),
    ],
)
def test_a_row_counts_as_what_its_source_can_be_held_to(
    harness: Any, tmp_path: Path, fields: dict[str, Any], kind: str
) -> None:
    (tmp_path / "rows.jsonl").write_text(row(**fields))
    [case] = harness("conform_cases").load_cases([tmp_path / "rows.jsonl"])
    assert case.kind == kind


def test_a_delivered_value_that_is_not_the_expected_one_is_not_equal(
    harness: Any, tmp_path: Path
) -> None:
    rows = [
        row(input='{"n": 2}', expected={"n": 2}),
        row(input='{"n": 2}', expected={"n": 3}),
        row(input="", outcome="error"),
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(rows))
    cases = harness("conform_cases").load_cases([tmp_path / "rows.jsonl"])
    verdicts = [harness("conform_cases").judge(case) for case in cases]
    assert [(v.delivered, v.equal, v.valid) for v in verdicts] == [
        (True, True, True),
        (True, False, True),
        (False, False, True),
    ]


def test_absent_data_is_said_and_is_no_failure(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "conform.py")],
        env={**os.environ, "ROADWORTHY_DATA": str(tmp_path / "nowhere")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout.startswith("skipped")


def test_mutations_are_told_by_their_seed_and_see_what_raises(
    harness: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rows.jsonl").write_text(row(input='{"n": [1, 2]}', expected={"n": [1, 2]}))
    cases = harness("conform_cases").load_cases([tmp_path / "rows.jsonl"])
    module = harness("conform_mutations")
    found = module.measure_mutations(cases, count=40, seed=3)
    assert found.outcomes == module.measure_mutations(cases, count=40, seed=3).outcomes
    assert (sum(found.outcomes.values()), found.raised, found.invalid) == (40, [], [])
    monkeypatch.setattr(module, "conform", lambda *_, **__: 1 / 0)
    assert len(module.measure_mutations(cases, count=5, seed=3).raised) == 5
