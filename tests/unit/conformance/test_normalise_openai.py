"""OpenAI's strict form: what it holds, what it loses, and the way there and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.conformance import (
    NotStrict,
    StrictForm,
    compile_schema,
    forward,
    restore,
    strict_form,
)


def obj(required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required or [],
        "additionalProperties": False,
    }


def lost(strict: StrictForm) -> list[str]:
    return [loss.path for loss in strict.losses]


def returns(source: dict[str, Any], value: Any) -> Any:
    """The value as sent, after it was seen to be valid there and to come back unchanged."""
    schema, strict = compile_schema(source), strict_form(source)
    assert schema.is_valid(value)
    sent = forward(value, strict.form)
    assert compile_schema(strict.schema).is_valid(sent)
    assert restore(sent, schema, strict.form) == value
    return sent


def test_every_field_is_required_and_absent_ones_are_null() -> None:
    source = obj(["a"], a={"type": "string"}, b={"type": "integer"})
    strict = strict_form(source)
    assert strict.schema == {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": ["integer", "null"]}},
        "required": ["a", "b"],
        "additionalProperties": False,
    }
    assert strict.losses == ()
    assert returns(source, {"a": "x"}) == {"a": "x", "b": None}


def test_closing_an_open_object_is_a_loss() -> None:
    source = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    strict = strict_form(source)
    assert strict.schema["additionalProperties"] is False
    assert lost(strict) == ["/additionalProperties"]
    assert strict.form == "plain"


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
                "anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}],
            },
        ),
    ],
)
def test_every_kind_of_optional_field_can_be_null(optional: Any, nullable: Any) -> None:
    assert strict_form(obj(a=optional)).schema["properties"]["a"] == nullable


def test_a_field_that_may_be_missing_and_may_be_null_is_reported() -> None:
    strict = strict_form(obj(a={"type": ["string", "null"]}))
    assert [(loss.path, loss.keyword) for loss in strict.losses] == [("/required", "required")]
    assert restore({"a": None}, compile_schema({}), strict.form) == {"a": None}


def test_what_is_not_enforced_is_listed_and_told_to_the_model() -> None:
    strict = strict_form(
        obj(
            ["a", "b"],
            a={"type": "string", "minLength": 3, "description": "A name."},
            b={"oneOf": [{"type": "string", "format": "uri"}, {"minimum": 1, "type": "number"}]},
        )
    )
    a, b = strict.schema["properties"]["a"], strict.schema["properties"]["b"]
    assert a == {"type": "string", "description": "A name.\nminLength: 3"}
    assert b["anyOf"] == [
        {"type": "string", "description": 'format: "uri"'},
        {"type": "number", "minimum": 1},
    ]
    assert lost(strict) == ["/properties/a/minLength", "/properties/b/oneOf/0/format"]


def test_one_of_is_lost_only_where_two_alternatives_can_fit_at_once() -> None:
    apart = {"oneOf": [{"const": "x"}, {"enum": ["y", "z"]}, {"type": "null"}]}
    tagged = {"oneOf": [obj(["t"], t={"const": tag}, a={"const": 1}) for tag in ("p", "q")]}
    alike = {"oneOf": [{"type": "integer"}, {"type": "number"}]}
    assert lost(strict_form(apart)) == lost(strict_form(tagged)) == []
    assert lost(strict_form(alike)) == ["/oneOf"]


def test_a_tag_that_tells_alternatives_apart_is_written_first() -> None:
    branches = [
        obj(["n", "kind"], n={"type": "integer"}, kind={"const": kind}, x={"type": "boolean"})
        for kind in ("p", "q")
    ]
    first, second = strict_form({"oneOf": branches}).schema["properties"]["value"]["anyOf"]
    assert [list(first["properties"]), list(second["properties"])] == [["kind", "n", "x"]] * 2
    sent = returns({"oneOf": branches}, {"n": 1, "kind": "q"})
    assert sent == {"value": {"n": 1, "kind": "q", "x": None}}


def test_only_patterns_that_every_engine_has_are_kept() -> None:
    strict = strict_form(
        obj(
            ["a", "b"],
            a={"type": "string", "pattern": "^(?:x|\\d)+$"},
            b={"type": "string", "pattern": "(?=x)"},
        )
    )
    assert strict.schema["properties"]["a"]["pattern"] == "^(?:x|\\d)+$"
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


def test_a_list_of_itself_at_the_root_is_wrapped_and_comes_back() -> None:
    source = {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"$ref": "#"}]}}
    assert returns(source, [1, [2, [3]], []]) == {"value": [1, [2, [3]], []]}


def test_parts_of_all_of_are_joined() -> None:
    source = {
        "allOf": [
            {"type": "object", "properties": {"a": {"minimum": 1}}, "required": ["a"]},
            {"properties": {"a": {"type": "integer", "minimum": 3}, "b": {"enum": [1, "x"]}}},
            {"properties": {"b": {"type": "string"}}},
        ],
        "unevaluatedProperties": False,
    }
    strict = strict_form(source)
    assert strict.schema["properties"] == {
        "a": {"type": "integer", "minimum": 3},
        "b": {"type": ["string", "null"], "enum": ["x", None]},
    }
    assert strict.losses == ()


def test_parts_that_contradict_each_other_have_no_form() -> None:
    closed = obj(["a"], a={"type": "string"})
    with pytest.raises(NotStrict, match="no value"):
        strict_form({"allOf": [closed, obj(["b"], b={"type": "string"})]})


def test_a_single_part_of_all_of_is_merged_as_generators_mean_it() -> None:
    source = obj(["a"], a={"allOf": [{"$ref": "#/$defs/A"}], "title": "A"})
    strict = strict_form({**source, "$defs": {"A": {"enum": ["x"]}}})
    assert strict.schema["properties"]["a"] == {"type": "string", "enum": ["x"]}


def test_what_is_said_beside_alternatives_holds_in_each() -> None:
    source = {
        **obj(a={"type": "string"}, b={"type": "integer"}),
        "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
    }
    strict = strict_form(source)
    first, second = strict.schema["properties"]["value"]["anyOf"]
    assert first["properties"] == {"a": {"type": "string"}, "b": {"type": ["integer", "null"]}}
    assert second["properties"] == {"a": {"type": ["string", "null"]}, "b": {"type": "integer"}}
    assert strict.losses == ()
    assert returns(source, {"b": 1}) == {"value": {"a": None, "b": 1}}


@pytest.mark.parametrize(
    "source", [{"type": "array", "items": {"type": "string"}}, {"enum": ["a"]}, {"type": "null"}]
)
def test_another_root_is_wrapped_in_an_object(source: dict[str, Any]) -> None:
    strict = strict_form(source)
    assert strict.schema["type"] == "object"
    assert list(strict.schema["properties"]) == ["value"]


def test_a_dictionary_becomes_a_list_of_entries() -> None:
    source = {"type": "object", "additionalProperties": obj(a={"type": "integer"})}
    sent = returns(source, {"x": {"a": 1}, "y": {}})
    assert sent == {"value": [{"key": "x", "value": {"a": 1}}, {"key": "y", "value": {"a": None}}]}


def test_declared_fields_stand_beside_the_entries_of_all_others() -> None:
    source = {
        **obj(["a"], a={"type": "string"}),
        "patternProperties": {"^x-": {"type": "integer"}},
    }
    strict = strict_form(source)
    entry = strict.schema["properties"]["additional_properties"]["items"]
    assert entry["properties"]["key"] == {"type": "string", "pattern": "^x-"}
    assert strict.losses == ()
    sent = returns(source, {"a": "b", "x-1": 2})
    assert sent == {"a": "b", "additional_properties": [{"key": "x-1", "value": 2}]}


def test_rules_for_names_bind_the_keys_of_entries() -> None:
    source = {
        "type": "object",
        "propertyNames": {"enum": ["de", "en"]},
        "additionalProperties": {"type": "string"},
        "minProperties": 1,
    }
    strict = strict_form(source)
    entries = strict.schema["properties"]["value"]
    assert entries["items"]["properties"]["key"] == {"type": "string", "enum": ["de", "en"]}
    assert entries["minItems"] == 1
    assert lost(strict) == ["/minProperties"]  # a key may be repeated
    assert returns(source, {"de": "ja"}) == {"value": [{"key": "de", "value": "ja"}]}


@pytest.mark.parametrize("value", [["a", 1], ["a", 1, True, False]])
def test_a_tuple_becomes_an_object_with_a_field_for_each_position(value: list[Any]) -> None:
    source = {
        "type": "array",
        "prefixItems": [{"type": "string"}, {"type": "integer"}],
        "items": {"type": "boolean"},
        "minItems": 2,
    }
    sent = returns(source, value)
    assert sent == {"item_1": "a", "item_2": 1, "further_items": value[2:]}


def test_items_of_a_tuple_may_be_missing_at_its_end() -> None:
    source = {
        "type": "array",
        "prefixItems": [{"type": "string"}, {"type": "integer"}],
        "items": False,
    }
    assert returns(source, []) == {"item_1": None, "item_2": None}
    assert returns(source, ["a"]) == {"item_1": "a", "item_2": None}


@pytest.mark.parametrize("value", ["5", 5, None, {"a": [1.5]}, [], True])
def test_what_may_be_anything_is_a_string_that_holds_json(value: Any) -> None:
    source = obj(["a"], a={})
    strict = strict_form(source)
    assert strict.schema["properties"]["a"]["type"] == "string"
    assert strict.losses == ()
    assert isinstance(returns(source, {"a": value})["a"], str)


def test_free_form_among_strings_is_told_apart() -> None:
    source = obj(["a"], a={"anyOf": [{"type": "string"}, {"type": "object"}]})
    assert returns(source, {"a": "{}"}) == {"a": "{}"}
    assert returns(source, {"a": {}}) == {"a": {"json": "{}"}}


def test_lists_of_anything_stay_lists() -> None:
    source = obj(["a"], a={"type": "array", "maxItems": 2})
    strict = strict_form(source)
    assert strict.schema["properties"]["a"]["maxItems"] == 2
    assert returns(source, {"a": [1, "x"]}) == {"a": ["1", '"x"']}


def test_objects_and_lists_among_enum_values_are_bound_as_json() -> None:
    source = obj(["a"], a={"enum": [{"b": [1]}, 2]})
    strict = strict_form(source)
    assert strict.schema["properties"]["a"]["enum"] == ['{"b":[1]}', "2"]
    assert strict.losses == ()
    assert returns(source, {"a": {"b": [1]}}) == {"a": '{"b":[1]}'}


def test_enum_values_that_cannot_be_are_left_out() -> None:
    source = obj(["a"], a={"enum": ["x", "xyz", 1], "type": "string", "minLength": 2})
    strict = strict_form(source)
    assert strict.schema["properties"]["a"] == {"type": "string", "enum": ["xyz"]}
    assert strict.losses == ()


def test_of_several_bounds_the_tightest_is_sent() -> None:
    source = obj(["a"], a={"allOf": [{"minimum": 1}, {"exclusiveMinimum": 1}], "type": "number"})
    strict = strict_form(source)
    assert strict.schema["properties"]["a"] == {"type": "number", "exclusiveMinimum": 1}
    draft_4 = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        **obj(["a"], a={"type": "number", "maximum": 2, "exclusiveMaximum": True}),
    }
    strict = strict_form(draft_4)
    assert strict.schema["properties"]["a"] == {"type": "number", "exclusiveMaximum": 2}


def test_in_old_drafts_nothing_beside_a_reference_counts() -> None:
    source = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        **obj(["a"], a={"$ref": "#/definitions/A", "minLength": 9}),
        "definitions": {"A": {"type": "string"}},
    }
    assert strict_form(source).losses == ()


def test_beyond_ten_levels_json_is_written_as_text() -> None:
    source: dict[str, Any] = {"type": "integer"}
    value: Any = 7
    for _ in range(12):
        source, value = obj(["a"], a=source), {"a": value}
    strict = strict_form(source)
    assert {loss.reason for loss in strict.losses} == {
        "written as JSON text: nested deeper than 10 levels"
    }
    returns(source, value)


def test_enums_beyond_the_limits_are_left_to_validation_the_longest_first() -> None:
    source = obj(
        ["a", "b"],
        a={"enum": [f"v{i}" for i in range(990)]},
        b={"enum": [f"v{i}" for i in range(20)]},
    )
    strict = strict_form(source)
    assert "enum" not in strict.schema["properties"]["a"]
    assert len(strict.schema["properties"]["b"]["enum"]) == 20
    assert lost(strict) == ["/properties/a/enum"]


@pytest.mark.parametrize(
    "source",
    [
        {},
        {"type": "object"},
        {"$ref": "#"},
        {"not": {}},
        obj(["a"], a=False),
        {"enum": []},
        {"type": "string", "enum": [1]},
        {"type": "object", "properties": {f"p{i}": {"type": "string"} for i in range(5_001)}},
    ],
)
def test_a_schema_without_a_strict_form_says_so(source: dict[str, Any]) -> None:
    with pytest.raises(NotStrict):
        strict_form(source)


def test_aliases_and_annotations_are_not_sent_and_are_no_loss() -> None:
    field = {"type": "string", "x-alias": "y", "x-aliases": ["z"], "default": "d", "title": "T"}
    source = obj(["a"], a={**field, "examples": ["e"], "$comment": "c", "deprecated": True})
    strict = strict_form(source)
    assert strict.schema["properties"]["a"] == {"type": "string"}
    assert strict.losses == ()


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


@given(st.data())
def test_a_value_survives_the_way_to_the_strict_form_and_back(data: st.DataObject) -> None:
    source = data.draw(SCHEMAS)
    value = data.draw(instances(source))
    schema, strict = compile_schema(source), strict_form(source)
    sent = forward(value, strict.form)
    assert compile_schema(strict.schema).is_valid(sent)
    back = restore(sent, schema, strict.form)
    # A null that the original allows cannot be told from an absent field, and is reported.
    assert back == value or any(loss.keyword == "required" for loss in strict.losses)


@given(st.data())
def test_restoring_what_is_in_no_form_at_all_leaves_it_as_it_is(data: st.DataObject) -> None:
    source = data.draw(SCHEMAS)
    value = data.draw(instances(source))
    schema, strict = compile_schema(source), strict_form(source)
    assert restore(value, schema, strict.form) == value


def test_a_null_is_kept_where_it_may_stand_and_where_it_must_not_be_lost() -> None:
    source = obj(["a"], a={"type": "string"}, b={"type": ["string", "null"]}, c={"type": "string"})
    schema, form = compile_schema(source), strict_form(source).form
    assert restore({"a": "x", "b": None, "c": None}, schema, form) == {"a": "x", "b": None}
    assert restore({"a": None, "c": None}, schema, form) == {"a": None}
    assert restore({"a": "x", "d": None, "c": None}, schema, form) == {"a": "x", "d": None}


def test_nulls_are_left_out_behind_references_alternatives_and_lists() -> None:
    source = {
        "type": "array",
        "items": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
        "$defs": {"Node": obj(["n"], n={"type": "integer"}, note={"type": "string"})},
    }
    form = strict_form(source).form
    sent = {"value": [{"n": 1, "note": None}, None]}
    assert restore(sent, compile_schema(source), form) == [{"n": 1}, None]
