"""Which part of a schema speaks about which part of a value."""

from __future__ import annotations

from typing import Any

import pytest

from roadworthy.conformance.locate import (
    in_place,
    locate,
    plain_alternative,
    resolve,
    self_contained,
    wants_scalar,
)

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


CAT = {"type": "object", "properties": {"is": {"const": "cat"}, "age": {"type": "integer"}}}
DOG = {"type": "object", "properties": {"is": {"enum": ["dog", "hound"]}, "size": {}}}
PETS = {"pet": {"anyOf": [{"$ref": "#/$defs/Cat"}, {"allOf": [DOG]}, {"type": "null"}]}}
UNION: dict[str, Any] = {"properties": PETS, "$defs": {"Cat": CAT}}


def test_a_union_is_entered_where_the_value_tells_which_alternative_it_is() -> None:
    place = ["pet", "age"]
    cat = locate(UNION, place, value={"pet": {"is": "cat", "age": "x"}})
    assert cat == (("pet", "age"), {"type": "integer"})
    values: list[Any] = [{"pet": {"is": "cow"}}, {"pet": {}}, {"pet": None}, {"pet": "cat"}, {}]
    for value in values:
        assert locate(UNION, place, value=value).parts == ("pet",)
    optional = {"properties": {"who": {"anyOf": [CAT, {"type": "null"}]}}}
    assert locate(optional, ["who", "age"], value={"who": {}}).schema == {"type": "integer"}


@pytest.mark.parametrize(
    ("value", "alternative"),
    [({"is": "hound"}, 1), (None, 2), ({"is": True}, None), (3, None), ({"age": 3}, None)],
)
def test_an_alternative_is_told_by_a_constant_or_by_its_type(value: Any, alternative: Any) -> None:
    assert plain_alternative(PETS["pet"]["anyOf"], value, UNION) == alternative


def test_conditions_that_are_known_to_apply_say_something_too() -> None:
    then = {"properties": {"why": {"type": "string"}}}
    root: dict[str, Any] = {"if": {}, "then": then, "properties": {"a": {}}}
    assert locate(root, ["why"]).parts == ()
    assert locate(root, ["a"]).parts == ("a",)
    found = locate(root, ["why"], applied={((), id(root)): [then]})
    assert found == (("why",), {"type": "string"})


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
