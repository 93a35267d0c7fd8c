"""Conformance as a function, without a model: text in, a conforming value or the reason out."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from roadworthy.conformance.read import RepairLevel, read_answer
from roadworthy.conformance.schema import OutputSchema, compile_schema
from roadworthy.conformance.violations import describe
from roadworthy.core import Repair, StopReason, Violation

__all__ = ["ConformResult", "conform"]


class ConformResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one text."""

    outcome: Literal["first_pass", "repaired", "failed"]
    value: Any = None
    """None where it failed; None may also be the value."""
    repairs: tuple[Repair, ...] = ()
    error: str | None = None
    """Why it failed, in one line: paths and reasons."""
    violations: tuple[Violation, ...] = ()


def conform(
    text: str,
    schema: dict[str, Any] | bool | OutputSchema,
    *,
    stop_reason: StopReason = "unknown",
    repair: RepairLevel = "schema",
) -> ConformResult:
    """The text's value if it conforms to the schema, as it is or repaired.

    ::

        schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
        conform('Sure: {"n": "3"}', schema).value  # {"n": 3}

    Raises:
        InvalidSchema: the schema does not compile.
    """
    compiled = schema if isinstance(schema, OutputSchema) else compile_schema(schema)
    reading = read_answer(text, compiled, stop_reason=stop_reason, repair=repair)
    if not reading.conforms:
        return ConformResult(
            outcome="failed", error=describe(reading.violations), violations=reading.violations
        )
    return ConformResult(
        outcome="repaired" if reading.repairs else "first_pass",
        value=reading.value,
        repairs=reading.repairs,
    )
