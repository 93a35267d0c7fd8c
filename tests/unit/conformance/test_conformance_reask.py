"""Asking again for what failed, and merging it back."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.conformance import Reading, Reask, compile_schema, merge, plan_reask, read_answer
from roadworthy.conformance.pointer import parts_of, pointer_of, value_at
from roadworthy.conformance.reask import MAX_PATHS

SOURCE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "confidence": {"$ref": "#/$defs/Share"},
        "themes": {"type": "array", "items": {"type": "string", "maxLength": 5}, "maxItems": 3},
        "who": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
            "required": ["name"],
            "minProperties": 1,
        },
        "pet": {"anyOf": [{"properties": {"kind": {"const": "cat"}}}, {"type": "null"}]},
    },
    "required": ["confidence"],
    "additionalProperties": False,
    "$defs": {"Share": {"type": "number", "maximum": 1}, "Unused": {"type": "null"}},
}
SCHEMA = compile_schema(SOURCE)
ASKED = [{"role": "user", "content": "What do you think?"}]


def ask(value: Any, source: dict[str, Any] = SOURCE) -> Reask:
    text, schema = json.dumps(value), compile_schema(source)
    reading = read_answer(text, schema, repair="none")
    assert not reading.conforms
    return plan_reask(schema, reading, messages=ASKED, text=text)


def test_only_the_failing_places_are_asked_for() -> None:
    again = ask({"confidence": 90, "themes": ["short", "far too long"], "who": {"age": 3}})
    assert again.paths == ("/confidence", "/themes/1", "/who/name")
    assert again.names == ("confidence", "themes_1", "who_name")
    assert again.schema == {
        "type": "object",
        "properties": {
            "confidence": {"$ref": "#/$defs/Share"},
            "themes_1": {"type": "string", "maxLength": 5},
            "who_name": {"type": "string"},
        },
        "required": ["confidence", "themes_1", "who_name"],
        "additionalProperties": False,
        "$defs": {"Share": {"type": "number", "maximum": 1}},
    }


def test_the_model_is_shown_what_is_kept_what_failed_and_why() -> None:
    value = {"confidence": 90, "themes": []}
    again = ask(value)
    assert again.messages[:1] == ASKED
    shown, request = again.messages[1:]
    assert json.loads(shown["content"]) == value
    assert request["role"] == "user"
    assert "confidence is greater than the maximum of 1" in request["content"]
    assert json.dumps(again.schema, separators=(",", ":")) in request["content"]


def test_a_failure_of_a_whole_object_asks_for_that_object() -> None:
    assert ask({"confidence": 1, "themes": ["a", "b", "c", "d"]}).paths == ("/themes",)
    assert ask({"confidence": 1, "pet": {"kind": "dog"}}).paths == ("/pet",)


def test_of_places_inside_each_other_the_outer_one_is_asked_for() -> None:
    again = ask({"confidence": 1, "themes": ["too long indeed", "b", "c", "d"]})
    assert again.paths == ("/themes",)


@pytest.mark.parametrize("value", [[1], "text", 3, {"confidence": 1, "mood": "fine"}])
def test_a_failure_of_the_root_asks_for_the_whole(value: Any) -> None:
    again = ask(value)
    assert (again.whole, again.paths, again.schema) == (True, ("",), SOURCE)


def test_an_answer_that_was_not_read_is_asked_for_whole_and_shown_in_part() -> None:
    text = "I think, I think, " * 1_000
    reading = read_answer(text, SCHEMA)
    again = plan_reask(SCHEMA, reading, messages=ASKED, text=text)
    assert again.whole
    assert len(again.messages[1]["content"]) == 1_000
    assert "holds no JSON" in again.messages[2]["content"]


def test_an_empty_answer_is_not_shown() -> None:
    again = plan_reask(SCHEMA, read_answer("", SCHEMA), messages=ASKED, text="")
    assert [m["role"] for m in again.messages] == ["user", "user"]


def test_where_most_would_be_repeated_the_whole_is_asked_for() -> None:
    source = {"type": "array", "items": {"type": "integer"}}
    assert not ask(["x"] * MAX_PATHS, source).whole
    assert ask(["x"] * (MAX_PATHS + 1), source).whole


@pytest.mark.parametrize(
    "source",
    [
        {"properties": {"a": {"$ref": "#/properties/b"}, "b": {"type": "integer"}}},
        {"properties": {"a": {"$ref": "#b"}}, "$defs": {"b": {"$anchor": "b", "type": "integer"}}},
    ],
)
def test_a_part_that_cannot_stand_alone_is_asked_for_whole(source: dict[str, Any]) -> None:
    assert ask({"a": "x"}, source).whole


def test_what_json_cannot_hold_is_asked_for_whole() -> None:
    text = '{"confidence": 1, "themes": ["\\ud800"]}'
    again = plan_reask(SCHEMA, read_answer(text, SCHEMA), messages=[], text=text + "\ud800")
    assert again.whole
    json.dumps(again.messages).encode()


def test_names_are_plain_and_never_the_same() -> None:
    fields = ["a/b", "a b", "a_b", "ä" * 80, "", "a.b"]
    source = {"properties": {name: {"type": "integer"} for name in fields}}
    again = ask({name: "x" for name in fields if name}, source)
    assert len(set(again.names)) == len(again.names) == 5
    assert all(re.fullmatch("[A-Za-z0-9_-]{1,64}", name) for name in again.names)


def test_merging_puts_each_place_in_and_ignores_what_was_not_asked() -> None:
    value = {"confidence": 90, "themes": ["a", "far too long"], "who": {"age": 3}}
    again = ask(value)
    patch = {"confidence": 0.9, "themes_1": "b", "who_name": "Ann", "themes": "x"}
    assert merge(value, patch, again) == {
        "confidence": 0.9,
        "themes": ["a", "b"],
        "who": {"age": 3, "name": "Ann"},
    }
    assert value == {"confidence": 90, "themes": ["a", "far too long"], "who": {"age": 3}}


def test_a_patch_that_lacks_a_place_leaves_it() -> None:
    again = ask({"confidence": 90, "themes": ["far too long"]})
    merged = merge({"confidence": 90, "themes": ["far too long"]}, {"themes_0": "b"}, again)
    assert merged == {"confidence": 90, "themes": ["b"]}


VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=15,
)


def leaves(value: Any, at: tuple[str | int, ...] = ()) -> dict[str, Any]:
    """Every scalar and empty container, by its pointer."""
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    below: dict[str, Any] = {}
    for part, item in items:
        below |= leaves(item, (*at, part))
    return below or {pointer_of(at): value}


@given(st.data())
def test_merging_changes_the_places_asked_for_and_no_other_leaf(data: st.DataObject) -> None:
    value = data.draw(VALUES.filter(lambda v: isinstance(v, dict | list) and bool(v)))
    before = leaves(value)
    chosen = data.draw(st.sets(st.sampled_from(sorted(before)), min_size=1))
    paths = tuple(sorted(chosen))
    again = Reask(
        messages=[], schema={}, paths=paths, names=tuple(f"n{i}" for i in range(len(paths)))
    )
    marks = {name: f"mark {name}" for name in again.names}
    merged = merge(value, marks, again)
    after = leaves(merged)
    assert {p: v for p, v in after.items() if p not in chosen} == {
        p: v for p, v in before.items() if p not in chosen
    }
    assert [value_at(merged, parts_of(p)) for p in paths] == list(marks.values())
    assert leaves(value) == before


def test_a_reading_with_repairs_is_the_base_of_the_next_question() -> None:
    text = '{"confidence": 90, "themes": "one"}'
    reading: Reading = read_answer(text, SCHEMA)
    again = plan_reask(SCHEMA, reading, messages=ASKED, text=text)
    assert again.paths == ("/confidence",)
    assert json.loads(again.messages[1]["content"]) == {"confidence": 90, "themes": ["one"]}
