"""The judge of the normaliser: it must see what a normaliser could get wrong."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from roadworthy.conformance import strict_form

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"
SOURCE = {
    "type": "object",
    "properties": {"a": {"$ref": "#/$defs/A"}, "b": {"type": "array", "items": {"minimum": 3}}},
    "required": ["a", "b"],
    "additionalProperties": False,
    "$defs": {"A": {"type": "string", "minLength": 2}, "Unused": {"maxLength": 1}},
}


@pytest.fixture(scope="module")
def harness() -> Iterator[Any]:
    """Imports a module of the harness by name, as the benchmark's own scripts see it."""
    sys.path.insert(0, str(BENCHMARKS))
    yield lambda name: importlib.import_module(f"harness.{name}")
    sys.path.remove(str(BENCHMARKS))


def test_a_keyword_that_is_neither_sent_nor_reported_is_found(harness: Any) -> None:
    unaccounted = harness("normalising").unaccounted
    strict = strict_form(SOURCE)
    assert list(unaccounted(SOURCE, strict.schema, strict.losses)) == []
    silent = [loss for loss in strict.losses if loss.keyword != "minLength"]
    assert list(unaccounted(SOURCE, strict.schema, tuple(silent))) == ["/$defs/A/minLength"]


@pytest.mark.parametrize(
    ("target", "broken"),
    [
        ("openai", {"oneOf": []}),
        ("openai", {"required": ["a"]}),
        ("openai", {"additionalProperties": True}),
        ("anthropic", {"type": "array"}),
        ("anthropic", {"properties": {"a": {"type": "array", "minItems": 2}}}),
        ("anthropic", {"$defs": {"A": {"items": {"$ref": "#/$defs/A"}}}}),
        ("gemini", {"properties": {"a": {"$ref": "#/$defs/A", "description": "d"}}}),
        ("gemini", {"pattern": "x"}),
    ],
)
def test_what_a_target_would_not_accept_is_found(
    harness: Any, target: str, broken: dict[str, Any]
) -> None:
    allowed_by = harness("normalising").allowed_by
    good = strict_form(SOURCE, "openai" if target == "openai" else "gemini").schema
    good = {**good, "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
    assert list(allowed_by(good, target)) == []
    assert list(allowed_by({**good, **broken}, target)) != []


def test_instances_are_judged_by_what_comes_back(harness: Any) -> None:
    values: list[Any] = [{"a": "xx", "b": [3]}, {"a": "x", "b": []}, {"a": 1, "b": []}]
    judged = harness("normalising").judge(SOURCE, [{"data": v} for v in values], "openai")
    assert judged.counts == {"returned": 1, "let through": 1, "refused": 1}
    open_ = {"type": "object", "properties": {"a": {"type": "string"}}}
    judged = harness("normalising").judge(open_, [{"data": {"b": 1}}], "openai")
    assert judged.counts == {"reported": 1}


@pytest.mark.parametrize(
    ("fields", "differences"),
    [
        ({"schema_out": {"type": "object", "properties": {"a": {"type": "string"}}}}, []),
        (
            {"schema_out": {"type": "object", "properties": {"a": {"enum": ["x"]}}}},
            ["unexplained"],
        ),
        ({"schema_out": None, "error": True}, ["a form where theirs refuses"]),
    ],
)
def test_a_difference_from_an_adapter_is_named_or_is_unexplained(
    harness: Any, fields: dict[str, Any], differences: list[str]
) -> None:
    row = {
        "target": "google_openapi_subset",
        "schema_in": {"type": "object", "properties": {"a": {"type": "string"}}},
    }
    assert harness("provider_pairs").explain(row | fields) == differences
