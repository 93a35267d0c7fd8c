"""What was written, as the schema wants it said; nothing is invented."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.conformance import REPAIRS, compile_schema, conform, read_answer
from roadworthy.conformance.convert import convert

COLOUR = {"enum": ["RED", "DARK_BLUE", "GREEN"], "x-aliases": {"RED": "rouge", "GREEN": ["vert"]}}
NAME = {"type": "string", "x-alias": "pr\u00e9nom", "default": "DEFAULT"}
PERSON = {
    "type": "object",
    "properties": {"first_name": NAME, "age": {"type": "integer"}, "tags": {"type": "array"}},
    "required": ["first_name"],
}


def value_of(schema: Any, text: str) -> Any:
    result = conform(text, schema)
    return "FAILED" if result.outcome == "failed" else result.value


def kinds(schema: Any, text: str) -> list[tuple[str, str]]:
    return [(r.path, r.kind) for r in conform(text, schema).repairs]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3", 3),
        ('"3.5"', 3.5),
        ("1,234", 1234),
        ("1,234.50", 1234.5),
        ("1.234.567,5", 1234567.5),
        ("1 234 567", 1234567),
        ("2,5", 2.5),
        ("$1,200", 1200),
        ("\u2212 4 \u20ac", -4),
        ("USD 12.50", 12.5),
        ("12 km", 12),
        ("5 m", 5),
        ("3/4", 0.75),
        ("1 1/2", 1.5),
        ("The answer is 42.", 42),
        ("Total: 7 items", 7),
        ("1e3", 1000.0),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, number: float) -> None:
    assert value_of({"type": "number"}, text) == number
    assert value_of({"type": "array", "items": {"type": "number"}}, f"[{json.dumps(text)}]") in (
        [number],
        "FAILED",
    )


@pytest.mark.parametrize(
    "text",
    ["2 million", "5k", "3.2M", "10-20", "10 to 20", "2024-01-02", "12:30", "50%", "1/0", "see [1]",
     "a dozen", "v2", "I refuse: rule 3 and 4 apply", "1.2.3", "\u0663 \u0664", "", "1,23,4"],
)  # fmt: skip
def test_what_would_change_the_amount_is_left_alone(text: str) -> None:
    assert value_of({"type": "number"}, json.dumps(text)) == "FAILED"
    assert value_of({"type": "number"}, text) == "FAILED"


def test_an_integer_is_not_rounded() -> None:
    assert value_of({"type": "integer"}, "3.0") == 3
    assert value_of({"type": "integer"}, "3.5") == "FAILED"
    assert value_of({"type": "number", "maximum": 1}, "85 %") == 0.85


@pytest.mark.parametrize(
    ("text", "flag"),
    [("Yes.", True), ('"FALSE"', False), ("1", True), ("**True**", True),
     ("The answer is no", False)],
)  # fmt: skip
def test_booleans_are_read_in_words(text: str, flag: bool) -> None:
    assert value_of({"type": "boolean"}, text) is flag


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("red", "RED"),
        ('"Dark-Blue!"', "DARK_BLUE"),
        ("dark blue", "DARK_BLUE"),
        ("Rouge", "RED"),
        ("vert", "GREEN"),
        ("I would say it is green.", "GREEN"),
        ("The colour is **RED**, as asked." + " It has many uses." * 30, "RED"),
        ('{"colour": "red"}', "RED"),
        ('["red"]', "RED"),
    ],
)
def test_an_option_is_known_by_case_marks_alias_and_in_a_sentence(text: str, option: str) -> None:
    assert value_of(COLOUR, text) == option


@pytest.mark.parametrize(
    "text",
    ["It is not red.", "red or green", "reddish", "Infrared", "Neither.", '["red", "green"]',
     "It isn't really red, is it?", "Rather than green", '{"a": "red", "b": "green"}', '"re'],
)  # fmt: skip
def test_a_denied_or_doubtful_option_is_no_answer(text: str) -> None:
    assert value_of(COLOUR, text) == "FAILED"


def test_options_that_differ_only_in_case_are_never_confused() -> None:
    schema = {"enum": ["us", "US"]}
    assert value_of(schema, '"US"') == "US"
    assert value_of(schema, '"Us"') == "FAILED"


@pytest.mark.parametrize("name", ["first_name", "pr\u00e9nom", "PRENOM", "First-Name", "firstName"])
def test_properties_are_known_by_alias_case_accents_and_marks(name: str) -> None:
    assert value_of(PERSON, json.dumps({name: "Ada"})) == {"first_name": "Ada"}


def test_a_property_under_its_own_name_is_never_replaced() -> None:
    text = '{"pr\u00e9nom": "Eva", "first_name": "Ada", "age": "36"}'
    assert value_of(PERSON, text)["first_name"] == "Ada"


def test_an_alias_is_mapped_even_where_the_answer_is_valid_without() -> None:
    optional = {"type": "object", "properties": {"n": {"type": "integer", "x-alias": "count"}}}
    assert value_of(optional, '{"count": 3}') == {"n": 3}
    assert kinds(optional, '{"count": 3}') == [("/n", "key")]
    assert conform('{"n": 3}', optional).outcome == "first_pass"


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ({"type": "array", "items": {"type": "integer"}}, "7", [7]),
        ({"type": "array", "items": COLOUR}, "It is red.", ["RED"]),
        ({"type": "array", "items": {"type": "object"}}, '{"a": 1}', [{"a": 1}]),
        ({"type": "array", "items": PERSON}, 'A {"first_name": "A"} B {"first_name": "B"}',
         [{"first_name": "A"}, {"first_name": "B"}]),
        ({"type": "integer"}, "[7]", 7),
        (PERSON, '[{"first_name": "A"}]', {"first_name": "A"}),
        (PERSON, '{"result": {"first_name": "A"}}', {"first_name": "A"}),
        (PERSON, json.dumps(json.dumps({"first_name": "A"})), {"first_name": "A"}),
        (PERSON, '{\\"first_name\\": \\"A\\"}', {"first_name": "A"}),
        ({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}, "12",
         {"n": 12}),
        ({"type": "object", "properties": {"p": {"type": "string"}}}, "{p: {a: 1,  b: x}}",
         {"p": "{a: 1,  b: x}"}),
        ({"type": "object", "properties": {"p": {"type": "string"}}}, '{"p": 1.50}', {"p": "1.50"}),
        (PERSON, '<think>{"first_name": "draft"}</think>{"first_name": "A"}', {"first_name": "A"}),
    ],
)  # fmt: skip
def test_a_level_too_many_or_too_few_is_mended(schema: Any, text: str, value: Any) -> None:
    assert value_of(schema, text) == value


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "array", "items": {"type": "string"}}, "I cannot say."),
        ({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}, "Sorry."),
        (PERSON, '{"age": 3}'),
        (PERSON, '{"first_name": null}'),
        (PERSON, "{}"),
    ],
)
def test_nothing_is_invented(schema: Any, text: str) -> None:
    assert value_of(schema, text) == "FAILED"


def test_of_a_union_the_alternative_that_fits_best_is_taken() -> None:
    cat = {"type": "object", "properties": {"kind": {"const": "cat"}, "lives": {"type": "integer"}},
           "required": ["kind", "lives"]}  # fmt: skip
    dog = {"type": "object", "properties": {"kind": {"const": "dog"}, "name": {"type": "string"}},
           "required": ["kind", "name"]}  # fmt: skip
    union = {"anyOf": [cat, dog, {"type": "string", "pattern": "^x"}]}
    assert value_of(union, "{kind: Dog, name: Rex, lives: 1}")["kind"] == "dog"
    assert value_of(union, '{"kind": "CAT", "lives": "nine lives: 9"}') == {
        "kind": "cat",
        "lives": 9,
    }
    assert value_of({"anyOf": [{"type": "integer"}, {"type": "string"}]}, '"7"') == "7"


def test_repairs_name_their_places() -> None:
    text = "{'first_name': 'A', age: '3', tags: x}"
    assert kinds(PERSON, text) == [
        ("", "quotes"),
        ("", "unquoted"),
        ("/first_name", "quotes"),
        ("/age", "quotes"),
        ("/age", "number"),
        ("/tags", "wrapped"),
        ("/tags/0", "unquoted"),
    ]


# --- whatever the text, what is delivered stems from it -----------------------------------------

SCHEMAS = [
    PERSON,
    {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "string"}, COLOUR]}},
    {"type": "object", "properties": {"c": COLOUR, "ok": {"type": "boolean", "default": True},
     "n": {"type": ["number", "null"], "default": 77177}}, "required": ["c"],
     "additionalProperties": False},
    {"anyOf": [{"type": "number"}, PERSON, {"type": "null"}]},
]  # fmt: skip
PIECES = st.sampled_from(
    ["{", "}", "[", "]", '"', "'", ":", ",", " ", "\n", "first_name", "c", "n", "ok", "age", "red",
     "rouge", "dark blue", "true", "No", "None", "12", "1,5", "-3 km", "1/2", "Ada L", "```json",
     "tags", '"c": "RED"', '{"first_name": "Bo"}', "//x", "(", ")", "x: "]
)  # fmt: skip
WORDS_OF_TRUTH = ("true", "false", "yes", "no", "1", "0")


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def stems_from(leaf: Any, text: str) -> bool:
    if leaf in ("RED", "DARK_BLUE", "GREEN"):
        return True
    if isinstance(leaf, bool):
        return any(word in text.casefold() for word in WORDS_OF_TRUTH)
    if leaf is None:
        return "none" in text.casefold()
    if isinstance(leaf, str):
        return " ".join(leaf.split()) in " ".join(text.split())
    return str(math.floor(abs(leaf)))[:1] in text or "/" in text


@given(st.lists(PIECES, max_size=25).map("".join), st.sampled_from(SCHEMAS))
def test_every_leaf_stems_from_the_text_or_an_option_and_never_from_a_default(
    text: str, schema: Any
) -> None:
    compiled = compile_schema(schema)
    reading = read_answer(text, compiled)
    assert reading == read_answer(text, compiled)
    assert {repair.kind for repair in reading.repairs} <= REPAIRS.keys()
    if reading.conforms:
        assert compiled.is_valid(reading.value)
        found = list(leaves(reading.value))
        assert 77177 not in found
        assert "DEFAULT" not in found
        assert all(stems_from(leaf, text) for leaf in found), (text, reading.value)


def test_what_the_validator_reports_is_still_converted_where_fitting_cannot_see() -> None:
    assert convert("3", ["integer"], {}) is not None
    schema = {
        "type": "object",
        "if": {"properties": {"kind": {"const": "n"}}},
        "then": {"properties": {"v": {"type": "integer"}}},
    }
    assert value_of(schema, '{"kind": "n", "v": "3"}') == {"kind": "n", "v": 3}


@pytest.mark.parametrize("text", ['"pay', "I would say [", "{\n 'kind': 'pay"])
def test_what_was_cut_off_is_not_taken_for_the_shorter_option(text: str) -> None:
    options = {"anyOf": [{"const": "pay"}, {"const": "pay_later"}]}
    assert value_of(options, text) == "FAILED"
    assert value_of({"type": "array", "items": options}, text) == "FAILED"
    named = {"type": "object", "properties": {"kind": {"enum": ["pay", "pay_later"]}}}
    assert value_of(named, text) == "FAILED"
    assert value_of(named, "{'kind': 'pay'") == {"kind": "pay"}
