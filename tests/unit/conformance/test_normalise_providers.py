"""Anthropic's and Gemini's forms, where they differ from OpenAI's, and the report on each."""

from __future__ import annotations

from typing import Any

import pytest

from roadworthy.conformance import (
    NotStrict,
    StrictForm,
    Target,
    compile_schema,
    forward,
    loss_report,
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


def returns(source: dict[str, Any], value: Any, target: Target) -> Any:
    """The value as sent, after it was seen to be valid there and to come back unchanged."""
    schema, strict = compile_schema(source), strict_form(source, target)
    sent = forward(value, strict.form)
    assert compile_schema(strict.schema).is_valid(sent)
    assert restore(sent, schema, strict.form) == value
    return sent


NODE = {
    **obj(["name"], name={"type": "string"}, next={"$ref": "#/$defs/Node"}),
    "$defs": {"Node": obj([], child={"$ref": "#/$defs/Node"})},
}


@pytest.mark.parametrize("target", ["anthropic", "gemini"])
def test_optional_fields_stay_optional(target: Target) -> None:
    source = obj(["a"], a={"type": "string"}, b={"type": ["integer", "null"]})
    strict = strict_form(source, target)
    assert strict.schema["required"] == ["a"]
    assert (strict.losses, strict.form) == ((), "plain")


def test_anthropic_is_sent_no_bounds_and_told_of_them() -> None:
    source = obj(
        ["a", "b", "c"],
        a={"type": "integer", "minimum": 1, "multipleOf": 2},
        b={"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 3},
        c={"type": "string", "format": "uri", "pattern": "^h"},
    )
    strict = strict_form(source, "anthropic")
    assert strict.schema["properties"]["a"] == {
        "type": "integer",
        "description": "minimum: 1\nmultipleOf: 2",
    }
    assert strict.schema["properties"]["b"]["minItems"] == 1
    assert strict.schema["properties"]["c"] == source["properties"]["c"]
    assert lost(strict) == [
        "/properties/a/minimum",
        "/properties/a/multipleOf",
        "/properties/b/minItems",
        "/properties/b/maxItems",
    ]


def test_anthropic_may_change_the_case_of_enum_values() -> None:
    strict = strict_form(obj(["a"], a={"enum": ["x", "y"]}), "anthropic")
    assert strict.schema["properties"]["a"]["enum"] == ["x", "y"]
    assert lost(strict) == ["/properties/a/enum"]
    assert strict_form(obj(["a"], a={"enum": [1, None]}), "anthropic").losses == ()


def test_recursion_is_written_as_text_for_anthropic() -> None:
    value = {"name": "a", "next": {"child": {"child": {}}}}
    assert lost(strict_form(NODE, "anthropic")) == ["/$defs/Node/properties/child/$ref"]
    assert returns(NODE, value, "anthropic") == {
        "name": "a",
        "next": {"child": '{"child":{}}'},
    }


def test_gemini_takes_recursion_where_it_may_end() -> None:
    strict = strict_form(NODE, "gemini")
    assert strict.schema["$defs"]["Node"]["properties"]["child"] == {"$ref": "#/$defs/Node"}
    assert strict.losses == ()
    endless = {**NODE, "$defs": {"Node": obj(["child"], child={"type": ["null", "object"]})}}
    endless["$defs"]["Node"]["properties"]["child"] = {
        "anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]
    }
    assert lost(strict_form(endless, "gemini"))[0].endswith("/child/anyOf/0/$ref")


def test_optional_fields_beyond_anthropics_limit_become_nullable_ones() -> None:
    source = obj([], **{f"p{i}": {"type": "string"} for i in range(30)})
    strict = strict_form(source, "anthropic")
    assert len(strict.schema["required"]) == 6
    value = {"p1": "x", "p29": "y"}
    assert returns(source, value, "anthropic") == {
        **{f"p{i}": None for i in range(6)},
        **value,
    }


@pytest.mark.parametrize(
    "source",
    [
        obj([], **{f"p{i}": {"type": "string"} for i in range(41)}),
        obj(
            [f"p{i}" for i in range(17)],
            **{f"p{i}": {"type": ["string", "null"]} for i in range(17)},
        ),
    ],
)
def test_beyond_anthropics_limits_there_is_no_form(source: dict[str, Any]) -> None:
    with pytest.raises(NotStrict, match="at most"):
        strict_form(source, "anthropic")


def test_gemini_keeps_dictionaries_tuples_and_open_objects() -> None:
    source = {
        "type": "object",
        "properties": {
            "d": {"type": "object", "additionalProperties": {"type": "integer"}},
            "t": {
                "type": "array",
                "prefixItems": [{"type": "string"}, {"type": "integer"}],
                "items": False,
            },
        },
    }
    strict = strict_form(source, "gemini")
    assert (strict.losses, strict.form) == ((), "plain")
    assert strict.schema["properties"]["t"]["maxItems"] == 2
    assert returns(source, {"d": {"x": 1}, "t": ["a", 1], "more": 1}, "gemini")


def test_gemini_is_sent_enums_of_strings_and_numbers_only() -> None:
    source = obj(
        ["a", "b", "c"], a={"const": "x"}, b={"enum": [True, False, "y"]}, c={"const": True}
    )
    strict = strict_form(source, "gemini")
    a, b, c = strict.schema["properties"].values()
    assert a == {"type": "string", "enum": ["x"]}
    assert b == {"anyOf": [{"type": "string", "enum": ["y"]}, {"type": "boolean"}]}
    assert c == {"type": "boolean", "description": "const: true"}
    assert lost(strict) == ["/properties/c/const"]


def test_gemini_gets_the_next_bound_that_it_knows() -> None:
    source = obj(
        ["a", "b"],
        a={"type": "integer", "exclusiveMinimum": 0},
        b={"type": "number", "exclusiveMaximum": 1},
    )
    strict = strict_form(source, "gemini")
    assert strict.schema["properties"]["a"] == {"type": "integer", "minimum": 1}
    assert strict.schema["properties"]["b"]["maximum"] == 1
    assert lost(strict) == ["/properties/b/exclusiveMaximum"]


def test_free_form_stands_in_a_string_for_gemini_too() -> None:
    source = obj(["a"], a={"type": "object"})
    assert returns(source, {"a": {"b": [1]}}, "gemini") == {"a": '{"b":[1]}'}
    assert lost(strict_form(source, "gemini")) == ["/properties/a/type"]


@pytest.mark.parametrize("target", ["openai", "anthropic", "gemini"])
def test_the_report_on_a_target_needs_no_task(target: Target) -> None:
    source = obj(["a"], a={"type": "string", "minLength": 2})
    (loss,) = loss_report(compile_schema(source), target)
    assert (loss.mode, loss.path, loss.keyword) == (
        "strict",
        "/properties/a/minLength",
        "minLength",
    )
    assert loss_report(source, target) == (loss,)
    (none,) = loss_report({}, target)
    assert (none.path, none.keyword) == ("", "")
    assert none.reason.startswith("cannot be used")
