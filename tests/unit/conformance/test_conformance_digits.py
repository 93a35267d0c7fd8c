from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.conformance import compile_schema
from roadworthy.conformance.digits import STEP, with_bounded_digits

UNIT: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": 1}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda s: s,
        lambda s: {"type": "object", "properties": {"a": s}},
        lambda s: {"type": "array", "items": s},
        lambda s: {"anyOf": [s, {"type": "null"}]},
        lambda s: {"$defs": {"a": s}, "$ref": "#/$defs/a"},
    ],
)
def test_a_bounded_number_gets_a_step_wherever_it_stands(wrap: Any) -> None:
    assert with_bounded_digits(wrap(UNIT)) == wrap({**UNIT, "multipleOf": STEP})


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "number"},
        {"type": "number", "minimum": 0},
        {"type": "integer", "minimum": 0, "maximum": 9},
        {**UNIT, "multipleOf": 0.25},
        {**UNIT, "enum": [0.1234567, 0.5]},
        {"type": "number", "minimum": 0, "maximum": 1e-9},
        {"type": "object", "properties": {"multipleOf": {"type": "string"}}},
        {"default": UNIT, "examples": [UNIT]},
    ],
)
def test_any_other_schema_stays_as_it_is(schema: dict[str, Any]) -> None:
    assert with_bounded_digits(schema) == schema


@given(st.integers(-(10**6), 2 * 10**6))
def test_what_the_step_lets_through_conforms_to_the_original(millionths: int) -> None:
    value = millionths / 10**6
    if compile_schema(with_bounded_digits(UNIT)).is_valid(value):
        assert compile_schema(UNIT).is_valid(value)
