from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.tasks.schema_fields import MAX_DEPTH, MAX_ROWS, FieldRow, field_table


def row_of(schema: dict[str, Any]) -> FieldRow:
    """The row of a field with this schema."""
    (row,) = field_table({"type": "object", "properties": {"x": schema}}).rows
    return row


def names_of(schema: dict[str, Any]) -> list[str]:
    return [row.name for row in field_table(schema).rows]


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "string"}, "string"),
        ({"type": "string", "format": "date"}, "string (date)"),
        ({"type": ["string", "null"]}, "string or null"),
        ({"type": "array", "items": {"type": "integer"}}, "array of integer"),
        ({"enum": ["a", 1, None]}, 'one of "a", 1, null'),
        ({"enum": list(range(20))}, "one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 8 more"),
        ({"const": "v1"}, 'always "v1"'),
        ({"anyOf": [{"type": "string"}, {"type": "number"}]}, "string or number"),
        ({}, "anything"),
    ],
)
def test_types_are_told_in_words(schema: dict[str, Any], told: str) -> None:
    assert row_of(schema).type == told


@pytest.mark.parametrize(
    ("schema", "rules"),
    [
        ({"minimum": 0, "maximum": 1}, ("≥ 0", "≤ 1")),
        ({"exclusiveMinimum": 0, "multipleOf": 0.5}, ("> 0", "a multiple of 0.5")),
        ({"minLength": 1, "maxLength": 80}, ("1 to 80 characters",)),
        ({"minLength": 2, "maxLength": 2}, ("2 characters",)),
        ({"maxItems": 1, "uniqueItems": True}, ("at most 1 item", "no two items alike")),
        ({"pattern": "^a"}, ("matches ^a",)),
        ({"x-alias": ["one", "two"]}, ("also read as one, two",)),
        ({"not": {"type": "null"}, "if": {}}, ("also not, if",)),
        ({"default": 3, "title": "A", "x-own": 1}, ()),
    ],
)
def test_rules_are_told_in_words(schema: dict[str, Any], rules: tuple[str, ...]) -> None:
    assert row_of(schema).rules == rules


def test_fields_within_fields_bear_the_names_of_what_encloses_them() -> None:
    line = {"type": "object", "properties": {"price": {"type": "number"}}, "required": ["price"]}
    schema = {
        "type": "object",
        "properties": {"lines": {"type": "array", "items": line}, "maker": {"$ref": "#/$defs/m"}},
        "$defs": {"m": {"additionalProperties": {"type": "string"}}},
    }
    assert names_of(schema) == ["lines", "lines[]", "lines[].price", "maker", "maker.*"]
    rows = {row.name: row for row in field_table(schema).rows}
    assert (rows["lines[].price"].depth, rows["lines[].price"].required) == (2, True)
    assert not rows["lines"].required


def test_a_schema_that_contains_itself_is_told_once() -> None:
    node = {"properties": {"left": {"$ref": "#/$defs/node"}, "value": {"type": "integer"}}}
    table = field_table({"$ref": "#/$defs/node", "$defs": {"node": node}})
    assert [row.name for row in table.rows] == [
        "left",
        "left.left",
        "left.value",
        "value",
    ]
    assert table.whole


def test_what_is_no_object_is_one_row_without_a_name() -> None:
    (row,) = field_table({"type": "string", "maxLength": 9}).rows
    assert (row.name, row.type, row.rules) == ("", "string", ("at most 9 characters",))


def test_fields_beyond_the_bounds_are_said_to_be_left_out() -> None:
    wide = field_table({"properties": {f"p{n}": {} for n in range(MAX_ROWS + 1)}})
    assert (len(wide.rows), wide.whole) == (MAX_ROWS, False)
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(MAX_DEPTH + 1):
        deep = {"properties": {"a": deep}}
    assert not field_table(deep).whole


def test_choices_that_lead_back_to_themselves_come_to_an_end() -> None:
    table = field_table({"anyOf": [{"$ref": "#"}, {"allOf": [{"$ref": "#"}]}, {"type": "string"}]})
    assert len(table.rows) <= MAX_ROWS + 1


KEYS = ["type", "properties", "items", "anyOf", "allOf", "$ref", "enum", "required", "minimum"]
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["#", "#/anyOf/0", "object"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*KEYS, "a", "maxLength", "x-alias"]), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(KEYS), JUNK, max_size=5))
def test_a_table_is_made_of_whatever_is_called_a_schema(schema: dict[str, Any]) -> None:
    assert len(field_table(schema).rows) <= MAX_ROWS + 1
