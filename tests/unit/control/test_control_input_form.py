from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.control.prompts.input_form import (
    FieldInput,
    form_of_input,
    form_of_texts,
    read_input,
)

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "comment": {"type": "string", "description": "As it was written."},
        "stars": {"type": "integer", "minimum": 1, "maximum": 5},
        "weight": {"type": ["number", "null"]},
        "urgent": {"type": "boolean", "default": False},
        "channel": {"enum": ["shop", "mail"]},
        "lines": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["comment", "stars"],
}

texts = st.text(st.characters(codec="utf-8"), max_size=30)
inputs = st.fixed_dictionaries(
    {"comment": texts.filter(lambda text: "\r" not in text)},
    optional={
        "stars": st.integers(-(10**6), 10**6),
        "weight": st.floats(allow_nan=False, allow_infinity=False),
        "urgent": st.booleans(),
        "channel": st.sampled_from(["shop", "mail"]),
        "lines": st.lists(texts, max_size=3),
        "unknown": st.dictionaries(texts, st.integers(), min_size=1, max_size=2),
    },
)


def sent(form: tuple[FieldInput, ...]) -> dict[str, str]:
    """What a browser sends of these controls."""
    return {field.control: field.value for field in form}


def fields_of(value: dict[str, Any] | None) -> dict[str, FieldInput]:
    return {field.name: field for field in form_of_input(SCHEMA, value).fields}


def test_each_field_has_the_control_of_its_type() -> None:
    kinds = {name: field.kind for name, field in fields_of(None).items()}
    assert kinds == {
        "comment": "text",
        "stars": "integer",
        "weight": "number",
        "urgent": "boolean",
        "channel": "choice",
        "lines": "json",
    }


def test_a_field_tells_its_type_its_rules_and_whether_it_is_required() -> None:
    stars = fields_of(None)["stars"]
    assert (stars.required, stars.type, stars.rules) == (True, "integer", "≥ 1; ≤ 5")
    assert fields_of(None)["comment"].description == "As it was written."


@given(inputs)
def test_an_input_comes_back_from_its_form_unchanged(value: dict[str, Any]) -> None:
    if value["comment"].strip() == "":
        value["comment"] = "x"
    read, problems = read_input(SCHEMA, sent(form_of_input(SCHEMA, value).fields))
    assert problems == {}
    assert read == {"urgent": False} | value


@given(inputs)
def test_an_input_comes_back_from_its_json_unchanged(value: dict[str, Any]) -> None:
    form = form_of_input(SCHEMA, value, as_json=True)
    assert read_input(SCHEMA, {"input": form.text}) == (value, {})


def test_what_is_left_empty_is_left_out() -> None:
    read, _ = read_input(SCHEMA, {"f.comment": "", "f.weight": " ", "f.channel": ""})
    assert read == {"comment": ""}


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("stars", "four", "this is no integer: four"),
        ("stars", "true", "this is no integer: true"),
        ("weight", "NaN", "this is no number: NaN"),
        ("urgent", "1", "this is no boolean: 1"),
        ("lines", '["a"', "this is not JSON: "),
        ("lines", "[" * 100_000, "it is nested too deep"),
    ],
)
def test_what_cannot_be_read_is_told_beside_the_field(name: str, text: str, told: str) -> None:
    read, problems = read_input(SCHEMA, {"f.comment": "fine", f"f.{name}": text})
    assert read is None
    assert told in problems[name]
    assert list(problems) == [name]


def test_a_form_that_cannot_be_read_keeps_every_word() -> None:
    texts = {"f.comment": "  as typed\n", "f.stars": "four", "f.gone": "still here"}
    _, problems = read_input(SCHEMA, texts)
    form = form_of_texts(SCHEMA, texts, problems)
    kept = {field.control: field.value for field in form.fields if field.value}
    assert kept == texts | {"f.urgent": "false"}
    assert form.problems


def test_a_field_that_the_schema_does_not_know_stays_and_says_so() -> None:
    form = form_of_input(SCHEMA, {"comment": "a", "tone": "b"})
    assert [(f.name, f.declared, f.value) for f in form.fields][-1] == ("tone", False, '"b"')


@pytest.mark.parametrize("schema", [{}, {"type": "object"}, {"anyOf": [{"type": "object"}]}])
def test_a_schema_without_fields_takes_json(schema: dict[str, Any]) -> None:
    form = form_of_input(schema, {"a": 1})
    assert not form.by_field
    assert not form.possible
    assert json.loads(form.text) == {"a": 1}


@pytest.mark.parametrize("text", ["", "[]", "nothing", "{", "NaN"])
def test_json_that_is_no_object_is_told(text: str) -> None:
    read, problems = read_input(SCHEMA, {"input": text})
    assert read is None
    assert "JSON" in problems["input"]
    assert form_of_texts(SCHEMA, {"input": text}, problems).text == text


def test_a_lone_surrogate_does_not_break_the_page() -> None:
    value = {"comment": "\ud800", "lines": ["\ud800"]}
    for form in (form_of_input(SCHEMA, value), form_of_input(SCHEMA, value, as_json=True)):
        "".join([form.text, *(field.value for field in form.fields)]).encode()
