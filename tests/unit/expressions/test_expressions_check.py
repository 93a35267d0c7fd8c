"""What is found wrong with a condition before it ever runs."""

from __future__ import annotations

from typing import Any

import pytest

from roadworthy.expressions import check_expression

LINE: dict[str, Any] = {
    "type": "object",
    "properties": {"price": {"type": "number"}, "qty": {"type": "integer"}},
}
VARIABLES: dict[str, dict[str, Any]] = {
    "input": {"type": "object", "properties": {"limit": {"type": "number"}}},
    "output": {
        "type": "object",
        "properties": {
            "mood": {"enum": ["good", "bad"]},
            "share": {"type": "number"},
            "count": {"type": "integer"},
            "note": {"type": ["string", "null"]},
            "lines": {"type": "array", "items": LINE},
            "stay": {"$ref": "#/$defs/stay"},
            "extra": {"type": "object", "additionalProperties": {"type": "boolean"}},
            "pet": {"oneOf": [{"properties": {"cat": {}}}, {"properties": {"dog": {}}}]},
        },
        "$defs": {"stay": {"properties": {"start": {"type": "integer"}}}},
    },
}


def faults(source: str) -> list[str]:
    return [fault.message for fault in check_expression(source, VARIABLES)]


@pytest.mark.parametrize(
    "source",
    [
        "output.share > 1",
        "output.share * 2.0 <= input.limit",
        "output.count % 2 == 0 || !(output.count in [1, 3])",
        "has(output.note) && size(output.note) < 5",
        "output.note == null || output.note.matches('^[a-z]+$')",
        "output.lines.all(l, l.price > 0.0 && l.qty > 0)",
        "output.lines.filter(l, l.qty > 1).all(l, l.price > 1.0)",
        "sum(output.lines.map(l, l.price * double(l.qty))) <= input.limit",
        "output.lines[0].price > output.lines[1].price",
        "output.stay['start'] > 1",
        "output.extra.anything && output.extra.all(name, name != '')",
        "has(output.pet.cat) != has(output.pet.dog)",
        "output.mood == 'good' ? output.share > 0.5 : output.share < 0.5",
        "timestamp(output.note) > timestamp('2026-01-01T00:00:00Z') + duration('24h')",
        "abs(round(output.share, 1) - 0.5) < 0.1 // close enough",
    ],
)
def test_what_is_right_has_no_faults(source: str) -> None:
    assert faults(source) == []


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("output.shar > 1", 'unknown field "output.shar"; did you mean "share"?'),
        ("outputs.share > 1", 'unknown name "outputs"; did you mean "output"?'),
        ("output.lines.all(l, l.prize > 1)", '"output.lines[].prize"; did you mean "price"?'),
        ("output.stay.begin > 1", 'unknown field "output.stay.begin"; known here: start'),
        ("output.mood == 'goood'", '"goood" is none of the allowed values; did you mean "good"?'),
        ("output.mood in ['good', 'awful']", '"awful" is none of the allowed values'),
        ("sise(output.note) > 1", 'unknown function "sise"; did you mean "size"?'),
        ("output.share", "must come out true or false"),
        ("output.lines.all(l, l.price)", "all wants true or false; this is a number"),
        ("output.count + output.share > 1.0", "does not mix an integer and a number; write 2.0"),
        ("output.count && true", "&& does not take an integer and a boolean"),
        ("output.mood > 3", "> does not take a text and an integer"),
        ("output.count == 'three'", "an integer never equals a text"),
        ("output.count != null", "ask has(…) whether an optional field is there"),
        ("3 in output.lines", "an integer never equals an object"),
        ("output.share.cents > 1", "a number has no fields"),
        ("output.note.matches('(')", "no regular expression"),
        ("output.lines.all(l, output.lines.exists(m, m.qty == l.qty))", "inside another"),
        ("output.lines.all(output, true)", '"output" is taken'),
        ("output.lines.map(l).size() > 1", "takes a variable and a condition"),
        ("output.share >", "a value must stand here, found the end"),
        ("output.share > 1 1", "ends too late"),
        ("output.share # 1", "'#' is not understood"),
        ("has(output)", "has takes one field"),
        ("output.note == 'a\\d'", "no escape"),
        ("(" * 70 + "true" + ")" * 70, "nested deeper"),
        ("true" + " && true" * 1_000, "longer than"),
        ("1" + "+1" * 1_500 + " > 0", "too long"),
    ],
)
def test_a_fault_says_what_is_wrong_and_what_was_meant(source: str, message: str) -> None:
    found = faults(source)
    assert len(found) == 1
    assert message in found[0]


def test_a_fault_names_its_place() -> None:
    source = "output.share > 1 && output.shar < 2"
    assert [fault.at for fault in check_expression(source, VARIABLES)] == [source.index("shar <")]


def test_all_faults_of_an_expression_are_reported_together() -> None:
    assert len(faults("output.a == 1 && output.b == 2 && foo(output.share)")) == 3
