from __future__ import annotations

from typing import Any

import pytest

from roadworthy.tasks.chain.fitting import misfits
from roadworthy.tasks.chain.order import in_order
from roadworthy.tasks.chain.shapes import shape_of

TEXT = {"type": "string"}


def closed(required: tuple[str, ...] = (), **fields: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": fields,
        "required": list(required),
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("given", "taken", "said"),
    [
        (TEXT, {"type": "integer"}, "it is text, and a whole number is taken"),
        ({"type": ["string", "null"]}, TEXT, "it may be null, and text is taken"),
        ({"type": "number"}, {"type": "integer"}, "it is a number, and a whole number is taken"),
        (TEXT, {"enum": ["x"]}, 'it is any text, and one of "x" is taken'),
        ({"enum": ["x", "y"]}, {"enum": ["x"]}, 'it may be "y", and one of "x" is taken'),
        (
            {"type": "array", "items": TEXT},
            {"type": "array", "items": {"type": "boolean"}},
            "it[*] is text, and true or false is taken",
        ),
        (closed(a=TEXT), closed(("a",), a=TEXT), "it.a is required, and may be left out"),
        (closed(), closed(("a",), a=TEXT), "it.a is required, and not there"),
        (closed(b=TEXT), closed(), "it.b is not taken"),
    ],
)
def test_what_does_not_fit_is_told(given: Any, taken: Any, said: str) -> None:
    assert misfits(shape_of(given), shape_of(taken), name="it") == [said]


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({"type": "integer"}, {"type": "number"}),
        ({"enum": ["x"]}, TEXT),
        ({"const": "x"}, {"enum": ["x", "y"]}),
        ({}, {"type": "integer"}),
        (TEXT, {}),
        (TEXT, {"type": "string", "maxLength": 3}),
        (closed(("a",), a=TEXT), closed(a=TEXT, b=TEXT)),
        ({"type": "object"}, closed(a=TEXT)),
        ({"anyOf": [TEXT, {"type": "null"}]}, {"type": ["string", "null"]}),
    ],
)
def test_what_fits_or_cannot_be_told_is_let_through(given: Any, taken: Any) -> None:
    assert misfits(shape_of(given), shape_of(taken), name="it") == []


def test_names_keep_their_order_as_far_as_needs_let_them() -> None:
    assert in_order({"c": ["b"], "a": [], "b": ["elsewhere"]}) == (("a", "b", "c"), ())


def test_names_that_need_each_other_are_told_and_the_rest_is_ordered() -> None:
    needs = {"a": ["c"], "b": ["a"], "c": ["b"], "d": [], "e": ["a"]}
    assert in_order(needs) == (("d",), ("a", "c", "b", "a"))
