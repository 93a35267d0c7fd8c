"""Valid answers to real schemas, written as models write them, are read as what they were.

An even sample of the schemas and instances of MaskBench.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from roadworthy.conformance import OutputSchema, compile_schema, read_answer
from roadworthy.conformance.fitting import fit
from roadworthy.conformance.parsing import node_of
from roadworthy.core.errors import InvalidSchema

FOLDER = "structured/jsonschemabench"
EVERY = 9
"""One schema out of so many; all of them take two minutes."""


def rows(path: Path) -> Iterator[Any]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


@pytest.fixture(scope="module")
def pairs(data_folder: Path) -> list[tuple[OutputSchema, Any]]:
    """Schemas, each with an object or list that is valid under it."""
    folder = data_folder / FOLDER
    if not folder.exists():
        pytest.skip(f"there is no {folder}")
    instances = folder / "maskbench_tests.jsonl.gz"
    valid = {
        row["id"]: [t["data"] for t in row["tests"] if t.get("valid")] for row in rows(instances)
    }
    found: list[tuple[OutputSchema, Any]] = []
    files = sorted(path for path in folder.glob("*.jsonl.gz") if path != instances)
    for number, row in enumerate(row for path in files for row in rows(path)):
        if number % EVERY:
            continue
        try:
            schema = compile_schema(row["schema"])
        except InvalidSchema:
            continue
        values = valid.get(row["id"], [])[:1]
        found += ((schema, v) for v in values if isinstance(v, dict | list) and schema.is_valid(v))
    return found


def unquoted(value: Any) -> str:
    """JavaScript: bare keys, and a comma after the last property."""
    if isinstance(value, dict):
        fields = [
            f"{name if name.isidentifier() else json.dumps(name)}: {unquoted(item)}"
            for name, item in value.items()
        ]
        return "{" + ",\n ".join(fields) + ("," if fields else "") + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(unquoted, value)) + "]"
    return json.dumps(value)


def spelled_out(value: Any) -> Any:
    """Every number and boolean as text."""
    if isinstance(value, dict):
        return {name: spelled_out(item) for name, item in value.items()}
    if isinstance(value, list):
        return [spelled_out(item) for item in value]
    if isinstance(value, bool):
        return "Yes" if value else "no"
    return json.dumps(value) if isinstance(value, int | float) else value


def test_what_is_valid_is_left_as_it_is(pairs: list[tuple[OutputSchema, Any]]) -> None:
    assert len(pairs) > 250
    for schema, value in pairs:
        assert fit(node_of(value), schema).value == value


@pytest.mark.parametrize(
    "written",
    [
        repr,
        lambda value: f"Here you are:\n```json\n{unquoted(value)}\n```\nAnything else, {{you}}?",
        lambda value: json.dumps(value, indent=1)[:-1].rstrip(),
        lambda value: json.dumps(json.dumps(value)),
    ],
    ids=["python", "javascript", "cut", "encoded"],
)
def test_an_answer_in_another_syntax_is_the_same_answer(
    pairs: list[tuple[OutputSchema, Any]], written: Any
) -> None:
    different = [
        (written(value)[:200], reading.value)
        for schema, value in pairs
        if not (reading := read_answer(written(value), schema)).conforms
        # A schema that does not ask for an object is satisfied by the text of one.
        or reading.value not in (value, json.dumps(value))
    ]
    assert different == []


def test_numbers_and_booleans_in_quotes_are_what_the_schema_says(
    pairs: list[tuple[OutputSchema, Any]],
) -> None:
    # Where the schema takes anything a text stays a text, so the values may differ; all conform.
    failed = [
        json.dumps(value)[:200]
        for schema, value in pairs
        if not read_answer(json.dumps(spelled_out(value)), schema).conforms
    ]
    assert len(failed) <= 0.01 * len(pairs), failed
