"""What an answer breaks, and which places that is about."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.core import Violation
from roadworthy.core.errors import ProjectError
from roadworthy.tasks import ConstraintDefinition, ConstraintSet, TaskDefinition

OUTPUT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["refund", "none"]},
        "reason": {"type": "string"},
        "total": {"type": "number"},
        "stay": {
            "type": "object",
            "properties": {"start": {"type": "integer"}, "end": {"type": "integer"}},
        },
        "lines": {
            "type": "array",
            "items": {"type": "object", "properties": {"price": {"type": "number"}}},
        },
    },
}
INPUT = {"type": "object", "properties": {"limit": {"type": "integer"}}}


def broken(output: Any, require: str, **fields: Any) -> list[Violation]:
    constraint = ConstraintDefinition(name="it", require=require, message="is wrong", **fields)
    task = TaskDefinition(
        name="t", model="m", input_schema=INPUT, output_schema=OUTPUT, constraints=(constraint,)
    )
    return list(ConstraintSet(task).violations({"limit": 3}, output))


def places(output: Any, require: str, **fields: Any) -> list[tuple[str, tuple[str, ...]]]:
    return [(v.path, v.paths) for v in broken(output, require, **fields)]


def test_what_holds_breaks_nothing() -> None:
    assert broken({"total": 3}, "output.total <= double(input.limit)") == []


def test_what_fails_says_so_in_the_words_of_its_author() -> None:
    assert broken({"total": 4}, "output.total <= double(input.limit)") == [
        Violation(path="/total", keyword="constraint", message="is wrong (constraint it)")
    ]


def test_it_is_about_what_it_reads_unless_it_says_otherwise() -> None:
    value = {"stay": {"start": 5, "end": 3}, "total": 1}
    in_order = "output.stay.start < output.stay.end"
    assert places(value, in_order) == [("/stay", ("/stay/start", "/stay/end"))]
    assert places(value, in_order, paths=("/stay/end",)) == [("/stay/end", ())]
    across = in_order + " || output.total > 1.0"
    assert places(value, across) == [("", ("/stay/start", "/stay/end", "/total"))]
    assert places(value, "output.stay.start > 9 && has(output.stay)") == [("/stay", ())]
    assert places(value, "size(output) > 9") == [("", ())]


def test_of_a_list_it_is_about_the_items_that_fail() -> None:
    value = {"lines": [{"price": 1}, {"price": -1}, {}]}
    positive = "output.lines.all(l, l.price > 0.0)"
    assert places(value, positive) == [("/lines/1", ()), ("/lines/2", ())]
    assert places(value, positive, paths=("/lines",)) == [("/lines", ())]
    assert places(value, "output.lines.exists(l, l.price > 5.0)") == [("/lines", ())]
    assert places({}, positive) == [("/lines", ())]


def test_where_it_does_not_bind_nothing_is_broken() -> None:
    has_reason = {"require": "has(output.reason)", "when": 'output.kind == "refund"'}
    assert broken({"kind": "none"}, **has_reason) == []
    assert [v.path for v in broken({"kind": "refund"}, **has_reason)] == ["/reason"]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"require": "output.total > 1.0"}, "a field that it reads is missing"),
        ({"require": "1 / output.stay.start == 1"}, "it divides by zero"),
        ({"require": "true || output.total > 1.0", "when": "output.total > 1.0"}, "missing"),
    ],
)
def test_what_cannot_be_evaluated_counts_as_broken(fields: dict[str, str], why: str) -> None:
    (found,) = broken({"stay": {"start": 0}}, **fields)
    assert found.message.startswith("is wrong (constraint it cannot be evaluated: ")
    assert why in found.message


def test_a_condition_keeps_it_from_what_it_cannot_evaluate() -> None:
    guarded = {"require": "output.total > 1.0", "when": "has(output.total)"}
    assert broken({}, **guarded) == []
    assert len(broken({"total": 1}, **guarded)) == 1


def test_more_than_can_be_held_counts_as_broken() -> None:
    (found,) = broken({"lines": [{"price": 1}] * 20_000}, "output.lines.all(l, l.price > 0.0)")
    assert "20,000 items" in found.message


def test_no_value_of_the_answer_stands_in_a_message() -> None:
    (found,) = broken({"reason": "secret"}, "int(output.reason) > 1")
    assert "secret" not in found.message


def test_a_snapshot_whose_constraint_does_not_fit_is_refused() -> None:
    with pytest.raises(ProjectError, match="task 't': a constraint does not fit: unknown field"):
        broken({}, "output.nothing > 1")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["lines", "price", "total", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON)
def test_whatever_the_output_is_nothing_is_raised(output: Any) -> None:
    schema: dict[str, Any] = {}
    sources = (
        "output.lines.all(l, l.price > 0.0 && size(l.x) < 3)",
        "sum(output.lines.map(l, l.price)) == output.total",
        "output.lines[0].price / output.total > 1.0",
        "!has(output.x) || output.x.startsWith('a')",
    )
    constraints = tuple(
        ConstraintDefinition(name=source, require=source, message="m") for source in sources
    )
    task = TaskDefinition(name="t", model="m", output_schema=schema, constraints=constraints)
    found = ConstraintSet(task).violations({}, output)
    assert all(violation.keyword == "constraint" for violation in found)
