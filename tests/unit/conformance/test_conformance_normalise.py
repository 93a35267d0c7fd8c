"""The strict form: what it holds, what it loses, and the way back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.conformance import NotStrict, compile_schema, restore, strict_form


def obj(required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required or []}


def test_objects_are_closed_and_every_field_is_required_and_absent_ones_are_null() -> None:
    strict = strict_form(obj(["a"], a={"type": "string"}, b={"type": "integer"}))
    assert strict.schema == {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": ["integer", "null"]}},
        "required": ["a", "b"],
        "additionalProperties": False,
    }
    assert (strict.form, strict.losses) == ("strict", ())


@pytest.mark.parametrize(
    ("optional", "nullable"),
    [
        ({"enum": ["x"]}, {"type": ["string", "null"], "enum": ["x", None]}),
        ({"const": "x"}, {"anyOf": [{"type": "string", "const": "x"}, {"type": "null"}]}),
        ({"type": ["string", "null"]}, {"type": ["string", "null"]}),
        (
            {"anyOf": [{"type": "string"}, {"type": "integer"}], "description": "d"},
            {
                "description": "d",
                "anyOf": [{"anyOf": [{"type": "string"}, {"type": "integer"}]}, {"type": "null"}],
            },
        ),
    ],
)
def test_every_kind_of_optional_field_can_be_null(optional: Any, nullable: Any) -> None:
    assert strict_form(obj(a=optional)).schema["properties"]["a"] == nullable


def test_what_is_not_enforced_is_listed_and_told_to_the_model() -> None:
    strict = strict_form(
        obj(
            ["a", "b"],
            a={"type": "string", "minLength": 3, "description": "A name."},
            b={"oneOf": [{"type": "string", "format": "uri"}, {"type": "integer", "minimum": 1}]},
        )
    )
    a, b = strict.schema["properties"]["a"], strict.schema["properties"]["b"]
    assert a == {"type": "string", "description": "A name.\nminLength: 3"}
    assert b["anyOf"] == [
        {"type": "string", "description": 'format: "uri"'},
        {"type": "integer", "minimum": 1},
    ]
    assert [(loss.path, loss.keyword) for loss in strict.losses] == [
        ("/properties/a/minLength", "minLength"),
        ("/properties/b/oneOf", "oneOf"),
        ("/properties/b/oneOf/0/format", "format"),
    ]


def test_only_patterns_that_need_no_look_around_are_kept() -> None:
    strict = strict_form(
        obj(
            ["a", "b"],
            a={"type": "string", "pattern": "^x+$"},
            b={"type": "string", "pattern": "(?=x)"},
        )
    )
    assert strict.schema["properties"]["a"]["pattern"] == "^x+$"
    assert "pattern" not in strict.schema["properties"]["b"]


def test_definitions_recursion_and_a_reference_at_the_root_are_kept() -> None:
    source = {
        "$ref": "#/definitions/Node",
        "definitions": {"Node": obj(["next"], next={"$ref": "#/definitions/Node"}, v={"const": 1})},
    }
    strict = strict_form(source).schema
    assert strict["properties"]["next"] == {"$ref": "#/$defs/Node"}
    assert strict["$defs"]["Node"]["properties"]["next"] == {"$ref": "#/$defs/Node"}
    compile_schema(strict)


def test_a_single_part_of_all_of_is_merged_as_generators_mean_it() -> None:
    source = obj(["a"], a={"allOf": [{"$ref": "#/$defs/A"}], "title": "A"})
    strict = strict_form({**source, "$defs": {"A": {"enum": ["x"]}}})
    assert strict.schema["properties"]["a"] == {"$ref": "#/$defs/A"}


@pytest.mark.parametrize(
    "source", [{"type": "array", "items": {"type": "string"}}, {"enum": ["a"]}, {"type": "null"}]
)
def test_another_root_is_wrapped_in_an_object(source: dict[str, Any]) -> None:
    strict = strict_form(source)
    assert strict.form == "wrapped"
    assert strict.schema["type"] == "object"
    assert list(strict.schema["properties"]) == ["value"]


@pytest.mark.parametrize(
    "source",
    [
        {},
        {"type": "object"},
        {"type": "object", "additionalProperties": {"type": "string"}},
        obj(["b"], a={"type": "string"}),
        obj(a={}),
        obj(a=True),
        obj(a={"type": "array"}),
        obj(a={"type": "array", "prefixItems": [{}], "items": {"type": "string"}}),
        obj(a={"allOf": [{"type": "string"}, {"minLength": 1}]}),
        obj(a={"enum": [{"x": 1}]}),
        {"type": "array", "items": {"$ref": "#"}},
        obj(a={"enum": [f"v{i}" for i in range(1_001)]}),
        {**obj(a={"type": "string"}), "patternProperties": {"^x": {}}},
    ],
)
def test_a_schema_without_a_strict_form_says_so(source: dict[str, Any]) -> None:
    with pytest.raises(NotStrict):
        strict_form(source)


LEAVES: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"type": "string"},
        {"type": "integer", "minimum": 0},
        {"type": ["boolean", "null"]},
        {"enum": ["x", "y"]},
        {"type": "string", "minLength": 1},
    ]
)
SCHEMAS: st.SearchStrategy[dict[str, Any]] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        inner.map(lambda items: {"type": "array", "items": items}),
        st.dictionaries(st.sampled_from("abcd"), inner, min_size=1, max_size=3).flatmap(
            lambda properties: st.sets(st.sampled_from(sorted(properties))).map(
                lambda required: {**obj(sorted(required), **properties)}
            )
        ),
    ),
    max_leaves=6,
)


def instances(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that the schema accepts; optional fields may be absent."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema["type"] == "array":
        return st.lists(instances(schema["items"]), max_size=2)
    if schema["type"] == "object":
        sub = {name: instances(s) for name, s in schema["properties"].items()}
        wanted = {n: s for n, s in sub.items() if n in schema["required"]}
        return st.fixed_dictionaries(
            wanted, optional={n: s for n, s in sub.items() if n not in wanted}
        )
    simple = {"string": st.text("ab", min_size=1), "integer": st.integers(0, 9)}
    return simple.get(schema["type"]) if isinstance(schema["type"], str) else st.booleans()  # type: ignore[return-value]


def filled(value: Any, schema: dict[str, Any]) -> Any:
    """What a model in strict mode would write for this value: nulls for what is absent."""
    if isinstance(value, list):
        return [filled(item, schema["items"]) for item in value]
    if isinstance(value, dict):
        return {
            name: filled(value[name], sub) if name in value else None
            for name, sub in schema["properties"].items()
        }
    return value


@given(st.data())
def test_a_value_survives_the_way_to_the_strict_form_and_back(data: st.DataObject) -> None:
    source = data.draw(SCHEMAS)
    value = data.draw(instances(source))
    schema, strict = compile_schema(source), strict_form(source)
    sent: Any = filled(value, source)
    if strict.form == "wrapped":
        sent = {"value": sent}
    assert compile_schema(strict.schema).is_valid(sent)
    back = restore(sent, schema, strict.form)
    assert schema.is_valid(back)
    # A null that the original allows cannot be told from an absent field, and stays.
    assert filled(back, source) == filled(value, source)


def test_a_null_is_kept_where_it_may_stand_and_where_it_must_not_be_lost() -> None:
    schema = compile_schema(
        obj(["a"], a={"type": "string"}, b={"type": ["string", "null"]}, c={"type": "string"})
    )
    assert restore({"a": "x", "b": None, "c": None}, schema, "strict") == {"a": "x", "b": None}
    assert restore({"a": None, "c": None}, schema, "strict") == {"a": None}
    assert restore({"a": "x", "d": None, "c": None}, schema, "strict") == {"a": "x", "d": None}


def test_nulls_are_left_out_behind_references_alternatives_and_lists() -> None:
    node = obj(["n"], n={"type": "integer"}, note={"type": "string"})
    schema = compile_schema(
        {
            "type": "array",
            "items": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
            "$defs": {"Node": node},
        }
    )
    assert restore([{"n": 1, "note": None}, None], schema, "strict") == [{"n": 1}, None]
