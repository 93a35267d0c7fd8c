"""Which part of a schema speaks about which part of a value."""

from __future__ import annotations

from typing import Any

import pytest

from roadworthy.conformance.locate import in_place, locate, resolve, self_contained, wants_scalar

ROOT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "who": {"$ref": "#/$defs/Person"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "pair": {"prefixItems": [{"type": "integer"}], "items": {"type": "boolean"}},
        "pet": {"anyOf": [{"properties": {"name": {"type": "string"}}}, {"type": "null"}]},
        "both": {"allOf": [{"properties": {"x": {"minimum": 1}}}, {"$ref": "#/$defs/X"}]},
    },
    "patternProperties": {"^x-": {"type": "number"}},
    "additionalProperties": {"const": 1},
    "$defs": {
        "Person": {"properties": {"name": {"type": "string"}, "boss": {"$ref": "#/$defs/Person"}}},
        "X": {"properties": {"x": {"maximum": 9}}},
        "a/b": {"type": "null"},
    },
}


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("who.name", {"type": "string"}),
        ("who.boss.boss.name", {"type": "string"}),
        ("tags.3", {"type": "string"}),
        ("pair.0", {"type": "integer"}),
        ("pair.1", {"type": "boolean"}),
        ("both.x", {"allOf": [{"minimum": 1}, {"maximum": 9}]}),
        ("x-size", {"type": "number"}),
        ("other", {"const": 1}),
    ],
)
def test_a_place_has_the_schema_that_speaks_about_it(path: str, schema: dict[str, Any]) -> None:
    assert locate(ROOT, path.split(".")) == (tuple(path.split(".")), schema)


def test_below_alternatives_the_place_of_the_alternatives_is_given() -> None:
    assert locate(ROOT, ["pet", "name"]) == (("pet",), ROOT["properties"]["pet"])
    assert locate({"if": {}, **ROOT}, ["tags", "0"]).parts == ()


def test_a_place_the_schema_says_nothing_about_is_its_parents() -> None:
    assert locate(ROOT, ["who", "age"]).parts == ("who",)


def test_references_are_followed_in_the_schema_alone() -> None:
    assert resolve("#/$defs/a~1b", ROOT) == {"type": "null"}
    assert resolve("#/$defs/a%7E1b", ROOT) == {"type": "null"}
    assert resolve("#", ROOT) is ROOT
    assert [resolve(r, ROOT) for r in ("#name", "http://x/y", "#/$defs/no", None, 3)] == [None] * 5


def test_a_reference_to_itself_is_walked_once() -> None:
    root: dict[str, Any] = {"allOf": [{"$ref": "#"}, {"anyOf": [{"$ref": "#"}]}]}
    assert len(list(in_place(root, root))) == 4


def test_a_part_takes_along_the_definitions_it_needs() -> None:
    part = self_contained({"properties": {"p": {"$ref": "#/$defs/Person"}}}, ROOT)
    assert part is not None
    assert part["$defs"] == {"Person": ROOT["$defs"]["Person"]}
    assert self_contained({"$ref": "#/properties/tags"}, ROOT) is None
    assert self_contained({"$ref": "#"}, ROOT) is None


@pytest.mark.parametrize(
    ("schema", "scalar"),
    [
        ({"type": "string"}, True),
        ({"type": ["integer", "null"]}, True),
        ({"enum": ["a", 1]}, True),
        ({"$ref": "#/$defs/a~1b"}, True),
        ({"anyOf": [{"type": "string"}, {"const": 3}]}, True),
        ({"anyOf": [{"type": "string"}, {"type": "object"}]}, False),
        ({"enum": [["a"]]}, False),
        ({"type": ["string", "array"]}, False),
        ({"$ref": "#"}, False),
        ({}, False),
        (True, False),
    ],
)
def test_a_scalar_is_wanted_only_where_the_schema_says_so(schema: Any, scalar: bool) -> None:
    assert wants_scalar(schema, ROOT) is scalar
