"""Asking again for what failed, and merging it back."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.conformance import Reading, Reask, compile_schema, merge, plan_reask, read_answer
from roadworthy.conformance.excerpt import MAX_EXCERPT_CHARS, excerpt, room_for
from roadworthy.conformance.pointer import parts_of, pointer_of, value_at
from roadworthy.conformance.reask import MAX_PATHS
from roadworthy.core import Violation

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
    assert ask({"confidence": 1, "who": {}}).paths == ("/who",)


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
    assert not ask(["a long text in place of a number", *range(20, 60)], source).whole
    assert ask(["x"] * 9, source).whole


LINE = {
    "type": "object",
    "properties": {"sku": {"type": "string"}, "price": {"type": "number"}, "about": {}},
    "required": ["sku", "price"],
}
ORDER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "lines": {"type": "array", "items": LINE, "uniqueItems": True},
        "stay": {
            "type": "object",
            "properties": {"start": {"type": "integer"}, "end": {"type": "integer"}},
        },
        "note": {"type": "string"},
    },
}


def order(lines: int, **fields: Any) -> dict[str, Any]:
    rows = [{"sku": f"s{i}", "price": i + 0.5, "about": "x" * 60} for i in range(lines)]
    return {"id": "o-1", "lines": rows, "stay": {"start": 1, "end": 3}, "note": "fine", **fields}


def test_of_many_items_the_failing_ones_are_asked_for_and_shown_with_their_neighbours() -> None:
    value = order(100)
    value["lines"][40]["price"] = "dear"
    value["lines"][70] = "s70"
    again = ask(value, ORDER)
    assert again.paths == ("/lines/40/price", "/lines/70")
    assert again.names == ("lines_40_price", "lines_70")
    shown, request = again.messages[1]["content"], again.messages[2]["content"]
    assert len(shown) < 2_000
    assert all(f'"s{i}"' in shown for i in (39, 40, 41, 69, 71))
    assert '"s50"' not in shown
    assert "(at /lines/40/price)" in request
    assert '"…" stands for what is not shown' in request


def test_of_items_that_are_the_same_the_later_ones_are_asked_for() -> None:
    value = order(30)
    value["lines"][20] = dict(value["lines"][3])
    again = ask(value, ORDER)
    assert again.paths == ("/lines/20",)
    assert "is the same as item 3" in again.messages[-1]["content"]


def test_what_several_places_say_alike_is_said_once() -> None:
    value = order(40)
    for index in (5, 6, 7):
        value["lines"][index] = "none"
    again = ask(value, ORDER)
    assert again.schema["properties"] == {f"lines_{i}": {"$ref": "#/$defs/item"} for i in (5, 6, 7)}
    assert again.schema["$defs"] == {"item": LINE}


def test_where_most_items_of_a_list_fail_the_list_is_asked_for() -> None:
    value = order(12, note="x" * 20_000)
    value["lines"] = [{"sku": 1, "price": 2} for _ in range(11)] + value["lines"][:1]
    assert ask(value, ORDER).paths == ("/lines",)
    value["lines"] = [{"sku": 1, "price": i} for i in range(5)] + order(60)["lines"]
    assert ask(value, ORDER).paths == tuple(f"/lines/{i}/sku" for i in range(5))


def test_of_a_very_long_list_no_more_is_asked_for_than_fails() -> None:
    value = order(3_000)
    for index in range(0, 3_000, 50):
        value["lines"][index]["price"] = "dear"
    again = ask(value, ORDER)
    assert again.paths == tuple(f"/lines/{i}/price" for i in range(0, 3_000, 50))
    assert len(again.messages[1]["content"]) <= room_for(60)
    assert '"s2950"' in again.messages[1]["content"]


def test_more_places_than_can_be_named_give_way_to_their_list() -> None:
    value = order(400, note="x" * 200_000)
    for index in range(MAX_PATHS + 1):
        value["lines"][index] = "none"
    assert ask(value, ORDER).paths == ("/lines",)


CAT = {
    "properties": {"is": {"const": "cat"}, "age": {"type": "integer"}, "name": {"type": "string"}},
    "required": ["is", "age"],
}
DOG = {"properties": {"is": {"const": "dog"}, "size": {"enum": ["S", "L"]}}, "required": ["is"]}
TEXT = {"type": "string"}
PETS = {
    "properties": {
        "a": TEXT,
        "pet": {"oneOf": [CAT, DOG]},
        "size": {"anyOf": [{"type": "object", "required": ["w", "h"]}, TEXT]},
    }
}
LONG = "a text that is long enough to be worth keeping as it stands, " * 5


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"pet": {"is": "cat", "age": "old", "name": LONG}}, "/pet/age"),
        ({"pet": {"is": "cat", "name": LONG}}, "/pet/age"),
        ({"pet": {"is": "dog", "size": "M", "x": LONG}}, "/pet/size"),
        ({"pet": {"is": "hound", "size": "L"}}, "/pet/is"),
        ({"pet": {"is": "cow"}}, "/pet/is"),
        ({"pet": {"age": 3}}, "/pet"),
        ({"pet": [1]}, "/pet"),
        ({"size": {"w": 1}}, "/size"),
        ({"size": 3}, "/size"),
    ],
)
def test_inside_a_union_the_failing_place_of_the_plain_alternative_is_asked_for(
    fields: dict[str, Any], path: str
) -> None:
    assert ask({"a": LONG, **fields}, PETS).paths == (path,)


CONDITIONAL: dict[str, Any] = {
    "properties": {
        "a": TEXT,
        "stay": {
            "type": "object",
            "properties": {"kind": TEXT, "days": {"type": "integer"}, "more": TEXT},
            "if": {"properties": {"kind": {"const": "long"}}},
            "then": {"properties": {"days": {"minimum": 30}}, "required": ["why"]},
        },
        "card": {"type": "object", "dependentRequired": {"number": ["address"]}},
    },
    "if": {"properties": {"mood": {"const": "bad"}}, "required": ["mood"]},
    "then": {"properties": {"reason": TEXT}, "required": ["reason"]},
}


def test_a_failure_under_a_condition_asks_for_the_smallest_object_that_holds_both() -> None:
    stay = {"kind": "long", "days": 3, "why": "x"}
    assert ask({"a": LONG, "stay": stay}, CONDITIONAL).paths == ("/stay",)
    card = {"a": LONG, "card": {"number": 123456}}
    assert ask(card, CONDITIONAL).paths == ("/card",)


def test_where_that_object_holds_much_else_only_what_is_concerned_is_asked_for() -> None:
    stay = {"kind": "long", "days": 3, "why": "x", "more": LONG}
    assert ask({"stay": stay}, CONDITIONAL).paths == ("/stay/days", "/stay/kind")
    again = ask({"a": LONG, "mood": "bad", "stay": {"kind": "x"}}, CONDITIONAL)
    assert again.whole or set(again.paths) == {"/reason", "/mood"}


def constrained(value: Any, *paths: str, at: str) -> Reask:
    text, schema = json.dumps(value), compile_schema(ORDER)
    violation = Violation(path=at, keyword="constraint", message="must fit", paths=paths)
    reading = Reading(value, True, (), (violation,))
    return plan_reask(schema, reading, messages=ASKED, text=text)


def test_a_constraint_over_several_places_asks_for_them_together() -> None:
    both = ("/stay/start", "/stay/end")
    assert constrained(order(9), *both, at="/stay").paths == ("/stay",)
    apart = constrained(order(9), "/stay/end", "/note", at="")
    assert apart.paths == ("/stay/end", "/note")
    assert apart.messages[-1]["content"].count("must fit") == 2
    assert constrained(order(9), at="/stay/end").paths == ("/stay/end",)


def test_a_place_that_was_asked_for_in_vain_is_asked_for_with_what_encloses_it() -> None:
    value = order(9)
    value["lines"][4]["price"] = "dear"
    text, schema = json.dumps(value), compile_schema(ORDER)
    reading = read_answer(text, schema, repair="none")
    asked: list[Reask] = []
    for _ in range(4):
        asked.append(plan_reask(schema, reading, messages=ASKED, text=text, before=asked))
    assert [again.paths for again in asked] == [
        ("/lines/4/price",),
        ("/lines/4",),
        ("/lines",),
        ("",),
    ]


def test_where_a_question_mended_something_the_rest_is_asked_for_once_more() -> None:
    schema = compile_schema(ORDER)
    value = order(9, note=3)
    value["lines"][4]["price"] = "dear"
    asked: list[Reask] = []
    for note in (3, "fine", "fine"):
        text = json.dumps(value | {"note": note})
        reading = read_answer(text, schema, repair="none")
        asked.append(plan_reask(schema, reading, messages=ASKED, text=text, before=asked))
    assert [again.paths for again in asked] == [
        ("/lines/4/price", "/note"),
        ("/lines/4/price",),
        ("/lines/4",),
    ]


def test_a_mode_that_sends_the_schema_needs_no_words_for_it() -> None:
    again = ask({"confidence": 90, "themes": [LONG, "b"]})
    assert "JSON Schema" in again.messages[-1]["content"]
    assert "JSON Schema" not in again.without_words()[-1]["content"]
    assert again.without_words()[:-1] == again.messages[:-1]


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


SCHEMAS = st.recursive(
    st.sampled_from([{"type": "integer"}, {"type": "string"}, {"enum": ["a", "b"]}]),
    lambda inner: (
        st.dictionaries(st.text(max_size=4), inner, min_size=1, max_size=4).map(
            lambda fields: {"type": "object", "properties": fields, "required": sorted(fields)[:2]}
        )
        | inner.map(lambda item: {"type": "array", "items": item})
        | st.lists(inner, min_size=2, max_size=3).map(lambda found: {"anyOf": found})
    ),
    max_leaves=8,
)


@given(SCHEMAS, VALUES)
def test_a_question_asks_for_places_that_fail_and_its_answer_leaves_all_others(
    source: dict[str, Any], value: Any
) -> None:
    schema = compile_schema(source)
    text = json.dumps(value)
    reading = read_answer(text, schema, repair="none")
    if reading.conforms:
        return
    again = plan_reask(schema, reading, messages=ASKED, text=text)
    if again.whole:
        return
    failing = [parts_of(v.path) for v in schema.violations(value)]
    for path in map(parts_of, again.paths):
        assert any(f[: len(path)] == path or path[: len(f)] == f for f in failing)
    merged = merge(value, dict.fromkeys(again.names, "new"), again)
    outside = {
        p for p in leaves(value) if not any((p + "/").startswith(a + "/") for a in again.paths)
    }
    kept = leaves(merged)
    assert {p: kept[p] for p in outside if p in kept} == {
        p: v for p, v in leaves(value).items() if p in outside and p in kept
    }
    assert all(value_at(merged, parts_of(path)) == "new" for path in again.paths)


@given(VALUES, st.integers(0, 300), st.data())
def test_what_is_shown_is_bounded(value: Any, repeats: int, data: st.DataObject) -> None:
    big = {"list": [value] * repeats, "text": "x" * repeats * 100, "value": value}
    places = data.draw(st.lists(st.sampled_from(sorted(leaves(big))).map(parts_of), max_size=16))
    shown = excerpt(big, places)
    assert shown is not None
    assert len(shown.text) <= MAX_EXCERPT_CHARS
    assert shown.cut or json.loads(shown.text) == big


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
