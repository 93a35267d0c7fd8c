"""Malformed answers, what their source expects of them, and what became of them.

What a row counts as:

- ``schema``: it has a schema, a value is expected, and that value conforms to the schema.
- ``free``: it has no schema and a value is expected; read under ``{}``, which takes any value.
- ``partial``: it has a schema, and its source shows values while they are being written: the tail
  is dropped where it is not certain, what has not come yet is null or empty. Such a value is not
  an answer, so these rows stand apart whether it conforms or not.
- ``unsound``: its expected value does not conform to its own schema.
- ``error``: its source expects an error, or no JSON to be found.
- ``parses``: it has a schema, and its source only says that the text can be read.

The stop reason that goes with a row: the row's own ``finish_reason`` where it has one;
``unknown`` where the source completes texts that are cut off (modes ``partial``,
``partial_streaming``, ``stream``); else ``stop``: the model had said all it would.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast

import json_repair

from harness.judging import is_valid, same
from harness.public_data import read_rows
from roadworthy.conformance import ConformResult, compile_schema, conform
from roadworthy.core import StopReason
from roadworthy.core.errors import InvalidSchema

__all__ = ["PARTIAL_MODES", "Case", "Verdict", "judge", "load_cases"]

Kind = Literal["schema", "free", "partial", "unsound", "error", "parses"]
PARTIAL_MODES: Final = frozenset({"partial", "partial_streaming", "stream"})
_FAILED: Final[Any] = object()
_PEER_OPTIONS: Final = ("skip_json_loads", "stream_stable", "strict")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row of the data."""

    id: str
    source: str
    kind: Kind
    mode: str
    text: str
    schema: Any
    """None where the row has none."""
    expected: Any
    stop_reason: StopReason
    options: dict[str, Any]
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one row."""

    case: Case
    result: ConformResult
    equal: bool
    """Equal to what is expected, type by type."""
    exact: bool
    """Equal, and 1 is not 1.0."""
    valid: bool
    """What was delivered conforms, by another judge; also true where nothing was."""
    peer_equal: bool
    """Whether the value of json_repair as it comes is equal."""
    peer_tuned_equal: bool
    """The same, with the options that the row's own source sets."""
    peer_valid: bool
    duration_us: float

    @property
    def delivered(self) -> bool:
        return self.result.outcome != "failed"


def load_cases(paths: Iterable[Path]) -> list[Case]:
    """The rows of these files in order; rows that are not single answers are left out."""
    return [
        _case(row, path.name.partition(".")[0])
        for path in paths
        for row in read_rows(path)
        if "outcome" in row
    ]


def judge(case: Case) -> Verdict:
    schema = {} if case.schema is None else case.schema
    before = time.perf_counter_ns()
    result = _conformed(case, schema)
    duration_us = (time.perf_counter_ns() - before) / 1_000
    delivered = result.outcome != "failed"
    theirs, tuned = _repaired_by_peer(case, {}), _repaired_by_peer(case, case.options)
    return Verdict(
        case=case,
        result=result,
        equal=delivered and same(result.value, case.expected),
        exact=delivered and same(result.value, case.expected, exact_numbers=True),
        valid=not delivered or is_valid(result.value, schema),
        peer_equal=theirs is not _FAILED and same(theirs, case.expected),
        peer_tuned_equal=tuned is not _FAILED and same(tuned, case.expected),
        peer_valid=theirs is not _FAILED and is_valid(theirs, schema),
        duration_us=duration_us,
    )


def _conformed(case: Case, schema: Any) -> ConformResult:
    try:
        compiled = compile_schema(schema)
    except InvalidSchema as error:
        return ConformResult(outcome="failed", error=error.message)
    return conform(case.text, compiled, stop_reason=case.stop_reason)


def _repaired_by_peer(case: Case, options: dict[str, Any]) -> Any:
    options = {name: options[name] for name in _PEER_OPTIONS if name in options}
    try:
        return json_repair.loads(case.text, **options)
    except Exception:  # noqa: BLE001 - strict mode raises, and whatever else its parser meets
        return _FAILED


def _case(row: dict[str, Any], source: str) -> Case:
    options = row.get("options") or {}
    partial = row["mode"] in PARTIAL_MODES
    stop = options.get("finish_reason") or ("unknown" if partial else "stop")
    return Case(
        id=row["id"],
        source=source,
        kind=_kind(row),
        mode=row["mode"],
        text=row["input"],
        schema=row.get("schema"),
        expected=row["expected"],
        stop_reason=cast("StopReason", stop),
        options=options,
        about=row.get("source_test", ""),
    )


def _kind(row: dict[str, Any]) -> Kind:
    if row["outcome"] in ("error", "no_json"):
        return "error"
    if row["outcome"] == "parses":
        return "parses"
    if row.get("schema") is None:
        # Where the source's schema could not be written as JSON Schema, the row says nothing.
        return "unsound" if row.get("schema_conversion_error") else "free"
    if row["mode"] in PARTIAL_MODES:
        return "partial"
    return "schema" if is_valid(row["expected"], row["schema"]) else "unsound"
