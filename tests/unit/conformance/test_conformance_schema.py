"""Schemas: what compiles, what is refused, what is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from roadworthy.conformance import compile_schema, validate_input
from roadworthy.conformance.schema import _Kept
from roadworthy.core.errors import InvalidInput, InvalidSchema


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"items": schema}
    return schema


def test_the_same_schema_is_compiled_once() -> None:
    one = compile_schema({"type": "string", "maxLength": 3})
    assert compile_schema({"type": "string", "maxLength": 3}) is one


def test_the_order_of_properties_is_kept_apart_but_shares_a_digest() -> None:
    one = compile_schema({"properties": {"reason": {}, "answer": {}}})
    other = compile_schema({"properties": {"answer": {}, "reason": {}}})
    assert list(one.source["properties"]) == ["reason", "answer"]
    assert list(other.source["properties"]) == ["answer", "reason"]
    assert one.digest == other.digest


def test_a_compiled_schema_does_not_follow_later_changes_of_the_callers_object() -> None:
    mine: dict[str, Any] = {"type": "object", "required": ["a"]}
    schema = compile_schema(mine)
    mine["required"].append("b")
    assert schema.source["required"] == ["a"]
    assert schema.is_valid({"a": 1})


def test_formats_are_checked() -> None:
    schema = compile_schema({"format": "date"})
    assert schema.is_valid("2026-02-28")
    assert not schema.is_valid("2026-02-30")


@pytest.mark.parametrize(("schema", "valid"), [(True, True), (False, False)])
def test_a_boolean_is_a_schema(schema: bool, valid: bool) -> None:
    assert compile_schema(schema).is_valid({"anything": 1}) is valid


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (None, "NoneType"),
        ([], "list"),
        ({"type": "strin"}, "at /type"),
        ({"properties": {"a": {"pattern": "("}}}, "at /properties/a/pattern"),
        ({"$ref": "#/$defs/nowhere"}, "#/$defs/NAME"),
        ({"$schema": "http://example.org/mine"}, "$schema"),
        ({"enum": ["\ud800"]}, "not JSON"),
        ({"const": object()}, "not JSON"),
        ({"enum": ["x" * 1_000_001]}, "at most 1,000,000"),
        (nested(70), "nested deeper than 64"),
        (nested(5_000), "nested deeper than 64"),
    ],
)
def test_what_is_not_a_schema_is_refused_with_a_remedy(schema: object, words: str) -> None:
    with pytest.raises(InvalidSchema) as caught:
        compile_schema(schema)
    assert words in caught.value.message
    assert len(caught.value.message) < 500


def test_a_schema_may_be_nested_64_levels_deep() -> None:
    assert compile_schema(nested(62)).is_valid([])


@pytest.mark.parametrize("scheme", ["file://{}", "{}", "http://127.0.0.1:9/{}"])
def test_a_reference_never_reads_a_file_or_the_network(scheme: str, tmp_path: Path) -> None:
    beside = tmp_path / "schema.json"
    beside.write_text('{"type": "string"}')
    with pytest.raises(InvalidSchema, match="never fetched"):
        compile_schema({"$ref": scheme.format(beside)})


def test_a_reference_inside_the_schema_holds() -> None:
    schema = compile_schema({"$ref": "#/$defs/a", "$defs": {"a": {"type": "integer"}}})
    assert schema.is_valid(1)
    assert not schema.is_valid("1")


def test_a_pattern_that_backtracks_without_end_counts_as_not_matched() -> None:
    schema = compile_schema({"pattern": r"^(?:(a|aa)+)(?!c)\1?x$"})
    assert not schema.is_valid("a" * 60 + "b")


def test_violations_name_places_and_reasons() -> None:
    schema = compile_schema(
        {
            "properties": {"a": {"maximum": 1}, "b~/": {"items": {"type": "string"}}},
            "required": ["c"],
        }
    )
    found = schema.violations({"a": 90, "b~/": ["x", 1]})
    assert {(v.path, v.keyword) for v in found} == {
        ("/a", "maximum"),
        ("/b~0~1/1", "type"),
        ("/c", "required"),
    }


def test_violations_are_few_and_show_little_of_a_text() -> None:
    schema = compile_schema({"items": {"type": "integer"}})
    found = schema.violations(["secret " * 1_000] * 1_000)
    assert len(found) == 20
    assert all(len(v.message) < 200 for v in found)


def test_a_lone_surrogate_and_nan_are_violations_wherever_they_stand() -> None:
    anything = compile_schema(True)
    found = anything.violations({"a": ["\ud800", float("nan")], "\udfff": 1})
    assert [(v.path, v.keyword) for v in found] == [("", "parse")]
    found = anything.violations({"a": ["\ud800", float("nan")]})
    assert [(v.path, v.keyword) for v in found] == [("/a/0", "parse"), ("/a/1", "parse")]


def test_a_value_too_deep_to_be_written_again_is_a_violation() -> None:
    value: Any = []
    for _ in range(100_000):
        value = [value]
    (found,) = compile_schema({"items": {"$ref": "#"}}).violations(value)
    assert "nested deeper" in found.message


def test_an_input_that_does_not_satisfy_its_schema_is_refused_by_path() -> None:
    schema = compile_schema({"properties": {"n": {"type": "integer"}}, "required": ["text"]})
    validate_input(schema, {"text": "x", "n": 1})
    with pytest.raises(InvalidInput) as caught:
        validate_input(schema, {"n": "one"})
    assert "/n is not of type" in caught.value.message
    assert "/text is required" in caught.value.message
    assert caught.value.param is not None
    assert caught.value.param.startswith("input/")


@pytest.mark.parametrize("value", [{"a": "\ud800"}, {"a": {1}}, {"a": float("nan")}])
def test_an_input_that_json_cannot_hold_is_refused(value: Any) -> None:
    schema = compile_schema({"properties": {"a": {"type": ["string", "number"]}}})
    with pytest.raises(InvalidInput):
        validate_input(schema, value)


def test_alternatives_that_multiply_are_refused() -> None:
    parts: dict[str, Any] = {"a0": {"type": "string"}}
    for i in range(1, 40):
        parts[f"a{i}"] = {"anyOf": [{"$ref": f"#/$defs/a{i - 1}"}] * 2}
    with pytest.raises(InvalidSchema, match="alternatives multiply"):
        compile_schema({"$defs": parts, "$ref": "#/$defs/a39"})


def test_references_that_lead_too_deep_for_a_compilers_stack_are_refused() -> None:
    parts: dict[str, Any] = {f"a{i}": {"$ref": f"#/$defs/a{i + 1}"} for i in range(5_000)}
    with pytest.raises(InvalidSchema, match="levels deep"):
        compile_schema({"$defs": {**parts, "a5000": {}}, "$ref": "#/$defs/a0"})


def test_a_schema_may_refer_to_itself() -> None:
    tree = {"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}, "type": "object"}
    schema = compile_schema(tree)
    assert schema.is_valid({"left": {"right": {}}})
    assert not schema.is_valid({"left": {"right": 1}})


def test_what_is_kept_is_bounded_in_number_and_in_bytes() -> None:
    kept = _Kept(max_entries=2, max_bytes=100)
    schema = compile_schema(True)
    for key, size in ((b"a", 10), (b"b", 10), (b"c", 10)):
        kept.put(key, schema, size)
    assert kept.get(b"a") is None
    kept.put(b"d", schema, 95)
    assert (kept.get(b"b"), kept.get(b"c")) == (None, None)
    assert kept.get(b"d") is schema
