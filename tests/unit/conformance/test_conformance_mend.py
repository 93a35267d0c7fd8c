"""Repairs of parts of a value, led by its violations."""

from __future__ import annotations

from typing import Any

import pytest

from roadworthy.conformance import compile_schema
from roadworthy.conformance.mend import mend

FEEDBACK: dict[str, Any] = {
    "type": "object",
    "properties": {
        "sentiment": {"enum": ["positive", "negative"]},
        "confidence": {"$ref": "#/$defs/share"},
        "themes": {"type": "array", "items": {"type": "string"}},
        "urgent": {"type": "boolean"},
        "note": {"type": "string"},
    },
    "required": ["sentiment", "confidence"],
    "additionalProperties": False,
    "$defs": {"share": {"type": "number", "minimum": 0, "maximum": 1}},
}


def mended(value: Any, schema: dict[str, Any]) -> tuple[Any, list[tuple[str, str]], bool]:
    compiled = compile_schema(schema)
    found, repairs = mend(value, compiled)
    return found, [(r.path, r.kind) for r in repairs], compiled.is_valid(found)


def test_every_kind_of_repair_is_made_and_recorded_with_its_place() -> None:
    value = {
        "sentiment": "Positive",
        "confidence": "85%",
        "themes": "price",
        "urgent": "yes",
        "note": None,
        "mood": "fine",
    }
    found, repairs, valid = mended(value, FEEDBACK)
    assert valid
    assert found == {
        "sentiment": "positive",
        "confidence": 0.85,
        "themes": ["price"],
        "urgent": True,
    }
    assert set(repairs) == {
        ("/sentiment", "enum"),
        ("/confidence", "percent"),
        ("/themes", "wrapped"),
        ("/urgent", "boolean"),
        ("/note", "null"),
        ("/mood", "extra"),
    }


def test_the_value_handed_in_is_not_changed() -> None:
    value = {"sentiment": "Positive", "confidence": "1", "themes": [1]}
    mended(value, FEEDBACK)
    assert value == {"sentiment": "Positive", "confidence": "1", "themes": [1]}


@pytest.mark.parametrize(
    "value",
    [
        {"sentiment": "positive"},
        {"sentiment": "positive", "confidence": 90},
        {"sentiment": "positive", "confidence": None},
        {"sentiment": "mixed", "confidence": 1},
    ],
)
def test_nothing_is_filled_in_clamped_or_guessed(value: Any) -> None:
    found, repairs, valid = mended(value, FEEDBACK)
    assert (found, repairs, valid) == (value, [], False)


def test_a_default_is_never_used() -> None:
    schema = {"properties": {"a": {"type": "integer", "default": 7}}, "required": ["a"]}
    assert mended({}, schema) == ({}, [], False)


def test_a_repair_may_need_another() -> None:
    schema = {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "number"}}}}
    found, repairs, valid = mended({"n": ["3"]}, schema)
    assert (found, valid) == ([{"n": 3}], True)
    assert [kind for _, kind in repairs] == ["wrapped", "unwrapped", "number"]


def test_an_alternative_is_reached_by_the_fewest_repairs() -> None:
    schema = {
        "properties": {
            "pet": {
                "anyOf": [
                    {
                        "properties": {
                            "kind": {"const": "cat"},
                            "age": {"type": "integer"},
                            "lives": {"type": "integer"},
                        },
                        "required": ["kind", "lives"],
                    },
                    {
                        "properties": {"kind": {"const": "dog"}, "age": {"type": "integer"}},
                        "required": ["kind"],
                    },
                    {"type": "null"},
                ]
            }
        }
    }
    found, repairs, valid = mended({"pet": {"kind": "Dog", "age": "4"}}, schema)
    assert (found, valid) == ({"pet": {"kind": "dog", "age": 4}}, True)
    assert repairs == [("/pet/kind", "enum"), ("/pet/age", "number")]


def test_alternatives_inside_alternatives_are_reached() -> None:
    inner = {"anyOf": [{"type": "integer"}, {"type": "boolean"}]}
    schema = {"anyOf": [{"type": "object", "properties": {"x": inner}}, {"type": "null"}]}
    assert mended({"x": "no"}, schema) == ({"x": False}, [("/x", "boolean")], True)


def test_a_null_where_no_alternative_is_null_is_left_out_if_it_may_be() -> None:
    union = {"anyOf": [{"type": "string"}, {"type": "object", "required": ["a"]}]}
    schema = {"properties": {"x": union, "y": {}}}
    assert mended({"x": None, "y": 1}, schema) == ({"y": 1}, [("/x", "null")], True)
    assert not mended({"x": None, "y": 1}, {**schema, "required": ["x"]})[2]


def test_what_fits_no_alternative_is_left_as_it_was() -> None:
    schema = {"anyOf": [{"type": "integer"}, {"type": "boolean"}]}
    assert mended("perhaps", schema) == ("perhaps", [], False)


def test_alternatives_that_multiply_cost_a_bounded_number_of_validations() -> None:
    schema: dict[str, Any] = {"type": "integer"}
    for _ in range(12):
        schema = {"anyOf": [{"type": "array", "items": schema}, schema]}
    _, _, valid = mended("x", schema)
    assert not valid


def test_thousands_of_faults_are_repaired_in_rounds() -> None:
    schema = {"type": "array", "items": {"type": "integer"}}
    found, repairs, valid = mended(["1"] * 2_000, schema)
    assert valid
    assert found == [1] * 2_000
    assert len(repairs) == 2_000


def test_properties_named_like_numbers_are_repaired_in_place() -> None:
    schema = {"additionalProperties": {"type": "integer"}}
    assert mended({"02": "3", "2": "4"}, schema)[0] == {"02": "3", "2": 4}
    assert mended({"02": "3"}, schema) == ({"02": 3}, [("/02", "number")], True)


def test_a_property_without_a_name_makes_the_root_no_fault() -> None:
    schema = {"additionalProperties": {"type": "array"}}
    assert mended({"": "x"}, schema) == ({"": "x"}, [], False)


class Counted:
    """A schema that counts how often a value is held against it."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._compiled = compile_schema(schema)
        self.source = self._compiled.source
        self.looks = 0

    def errors(self, value: Any) -> list[Any]:
        self.looks += 1
        return self._compiled.errors(value)


def test_a_large_value_is_looked_at_less_often_than_a_small_one() -> None:
    alternative = {"type": "object", "properties": {"t": {"const": "x"}}, "required": ["t"]}
    schema = {"anyOf": [alternative, {"type": "array", "items": {"$ref": "#"}}]}
    looks = []
    for keys in (3, 3_000):
        counted = Counted(schema)
        mend({f"k{number}": number for number in range(keys)}, counted)  # type: ignore[arg-type]
        looks.append(counted.looks)
    assert looks[1] <= 12 < looks[0]
