"""Schemas that refer to others: registered by URI, bounded, never fetched."""

from __future__ import annotations

from typing import Any

import pytest

from roadworthy.conformance import compile_schema, conform
from roadworthy.core.errors import InvalidSchema

ADDRESS = "https://example.org/address"
CITY: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}


def test_a_schema_may_refer_to_a_resource_by_its_uri() -> None:
    schema = compile_schema({"items": {"$ref": ADDRESS}}, resources={ADDRESS: CITY})
    assert conform('[{"city": "Ulm"}]', schema).outcome == "first_pass"
    assert conform('[{"town": "Ulm"}]', schema).error == "/0/city is required"


def test_resources_may_refer_to_one_another() -> None:
    street = {"$ref": "address#/properties/city"}
    resources = {"https://example.org/street": street, ADDRESS: CITY}
    schema = compile_schema({"$ref": "https://example.org/street"}, resources=resources)
    assert schema.is_valid("High Street")
    assert not schema.is_valid(7)


def test_a_reference_to_no_resource_is_refused() -> None:
    with pytest.raises(InvalidSchema, match="among its resources"):
        compile_schema({"$ref": "https://example.org/else"}, resources={ADDRESS: CITY})


def test_a_resource_that_names_no_draft_is_of_the_schemas_draft() -> None:
    old = {"items": [{"type": "string"}]}
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "$ref": ADDRESS}
    assert not compile_schema(schema, resources={ADDRESS: old}).is_valid([1])
    newer = {"prefixItems": [{"type": "string"}]}
    assert compile_schema(schema, resources={ADDRESS: newer}).is_valid([1])
    assert not compile_schema({"$ref": ADDRESS}, resources={ADDRESS: newer}).is_valid([1])


def test_the_same_schema_with_other_resources_is_another_schema() -> None:
    source = {"$ref": ADDRESS}
    one = compile_schema(source, resources={ADDRESS: CITY})
    other = compile_schema(source, resources={ADDRESS: {"type": "string"}})
    assert other.is_valid("Ulm")
    assert not one.is_valid("Ulm")
    assert one.digest != other.digest
    assert compile_schema(source, resources={ADDRESS: CITY}) is one


def test_formats_can_be_remarks_only() -> None:
    date = {"format": "date"}
    lax = compile_schema(date, formats=False)
    assert lax.is_valid("never")
    assert not compile_schema(date).is_valid("never")
    assert lax.digest != compile_schema(date).digest


def deep() -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(70):
        schema = {"items": schema}
    return schema


@pytest.mark.parametrize(
    ("resources", "words"),
    [
        ({ADDRESS: 3}, f"{ADDRESS} is of type int"),
        ({"no uri": {}}, "absolute URI"),
        ({ADDRESS: {"enum": {1, 2}}, 7: {}}, "resources"),
        ({ADDRESS: deep()}, "nested deeper"),
        ({ADDRESS: {"type": "strin"}}, "at /type"),
    ],
)
def test_a_resource_that_is_none_is_refused(resources: Any, words: str) -> None:
    with pytest.raises(InvalidSchema, match=words):
        compile_schema({"$ref": ADDRESS}, resources=resources)
