"""What the grammar compiler is given of a schema, and what is lost on the way."""

from __future__ import annotations

from typing import Any

import pytest

from roadworthy.conformance import NotStrict, compile_schema, loss_report
from roadworthy.conformance.normalise import GrammarForm, grammar_form


def lost(form: GrammarForm) -> list[str]:
    return [loss.path for loss in form.losses]


def test_a_schema_that_the_compiler_takes_stays_as_it_is() -> None:
    source = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/A"}, "b": {"type": "array", "maxItems": 2}},
        "additionalProperties": {"type": "integer", "minimum": 3},
        "$defs": {"A": {"type": "string", "minLength": 2, "pattern": "^a"}},
    }
    form = grammar_form(source)
    assert form.schema == {**source, "x-guidance": {"whitespace_flexible": False}}
    assert form.losses == ()


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("not", {"type": "null"}),
        ("uniqueItems", True),
        ("contains", {"const": 1}),
        ("dependentRequired", {"a": ["b"]}),
        ("propertyNames", {"maxLength": 2}),
        ("unevaluatedProperties", False),
        ("pattern", "(?=a)"),
        ("format", "json-pointer"),
        ("if", {"type": "object"}),
    ],
)
def test_what_the_compiler_refuses_is_taken_out_and_named(keyword: str, value: Any) -> None:
    source = {"type": "object", "properties": {"x": {keyword: value, "description": "d"}}}
    form = grammar_form(source)
    assert form.schema["properties"]["x"] == {"description": "d"}
    assert lost(form) == [f"/properties/x/{keyword}"]
    assert "lenient" not in form.schema["x-guidance"]


def test_keywords_that_let_everything_through_are_no_loss() -> None:
    source = {"uniqueItems": False, "propertyNames": True, "unevaluatedItems": True}
    assert grammar_form(source).losses == ()


def test_a_property_called_like_a_keyword_stays() -> None:
    source = {"type": "object", "properties": {"not": {"type": "string"}, "minProperties": {}}}
    assert grammar_form(source).schema["properties"] == source["properties"]


def test_counts_of_properties_go_only_where_they_are_the_obstacle() -> None:
    counted = {"type": "object", "minProperties": 2, "additionalProperties": {"type": "null"}}
    optional = {**counted, "properties": {"minProperties": {"type": "string"}}}
    assert grammar_form(counted).schema["minProperties"] == 2
    assert lost(grammar_form(optional)) == ["/minProperties"]
    assert "minProperties" in grammar_form(optional).schema["properties"]


def test_alternatives_become_any_of_and_only_those_that_may_overlap_are_a_loss() -> None:
    apart = {"oneOf": [{"type": "string"}, {"type": "null"}]}
    alike = {"oneOf": [{"type": "string", "maxLength": 3}, {"type": "string", "minLength": 2}]}
    assert grammar_form(apart).schema["anyOf"] == apart["oneOf"]
    assert (lost(grammar_form(apart)), lost(grammar_form(alike))) == ([], ["/oneOf"])


def test_old_drafts_are_put_into_words_that_the_compiler_reads_alike() -> None:
    source = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "properties": {
            "a": {"$ref": "#/definitions/A", "maximum": 3},
            "b": {"type": "number", "minimum": 1, "exclusiveMinimum": True},
        },
        "definitions": {"A": {"type": "integer"}},
    }
    form = grammar_form(source)
    assert form.schema["properties"] == {
        "a": {"$ref": "#/definitions/A"},
        "b": {"type": "number", "exclusiveMinimum": 1},
    }
    assert form.losses == ()


def test_what_is_meant_for_others_is_not_sent() -> None:
    source = {"type": "string", "x-alias": "a", "x-guidance": {"lenient": True}, "examples": ["e"]}
    schema = grammar_form(source).schema
    assert schema == {"type": "string", "x-guidance": {"whitespace_flexible": False}}


def test_what_the_compiler_takes_in_no_form_says_so() -> None:
    source = {"type": "object", "properties": {"a": False}, "required": ["a"]}
    with pytest.raises(NotStrict, match="nsatisfiable"):
        grammar_form(source)
    (loss,) = loss_report(compile_schema(source), "llguidance")
    assert (loss.mode, loss.keyword, "cannot be used" in loss.reason) == ("grammar", "", True)
