"""What conditions come out as, and when they have no value."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.expressions import EvaluationError, Expression, ExpressionError, Scope
from roadworthy.expressions.closures import MAX_SEARCHED
from roadworthy.expressions.expression import MAX_WALKED_TWICE
from roadworthy.expressions.values import MAX_ITEMS

OPEN: dict[str, Any] = {"output": {"type": "object"}}


def typed(**fields: Any) -> dict[str, dict[str, Any]]:
    return {"output": {"type": "object", "properties": fields}}


def holds(source: str, output: Any, schemas: dict[str, dict[str, Any]] = OPEN) -> bool:
    scope = Scope(schemas)
    expression = scope.compile(source)
    return expression.holds(scope.bind({"output": output}))


def test_a_number_is_a_double_whether_or_not_it_was_written_whole() -> None:
    schemas = typed(share={"type": "number"}, count={"type": "integer"})
    for share in (3, 3.0):
        assert holds("output.share / 2.0 == 1.5", {"share": share}, schemas)
        assert holds("output.x / 2.0 == 1.5", {"x": share})
    for count in (3, 3.0):
        assert holds("output.count / 2 == 1", {"count": count}, schemas)


def test_a_text_is_measured_in_characters_and_a_list_in_items() -> None:
    assert holds("size(output.a) == 5 && output.a.size() == 5", {"a": "héllo"})
    assert holds("size(output.a) == 2", {"a": [1, 2]})


@pytest.mark.parametrize(
    "source",
    [
        "sum(output.l) == 6 && sum([]) == 0 && sum(output.l) + 0.5 == 6.5",
        "min(output.l) == 1 && max(output.l) == 3 && min(2, 1) == 1 && max(2.5, 1.5) == 2.5",
        "abs(-2) == 2 && abs(-2.5) == 2.5 && round(2.5) == 3.0 && round(-0.125, 2) == -0.13",
        "trim(' a ') == 'a' && 'ÄB'.lowerAscii() == 'Äb' && 'äb'.upperAscii() == 'äB'",
        "output.l.all(x, x > 0) && output.l.exists(x, x == 3.0) && !output.l.exists_one(x, x > 1)",
        "output.l.map(x, x > 1, x * 2.0) == [4.0, 6.0] && output.l.filter(x, x > 2).size() == 1",
        "output.t.startsWith('a') && output.t.endsWith('c') && output.t.contains('b')",
        "timestamp('2026-01-02T00:00:00Z') - timestamp('2026-01-01T00:00:00Z') == duration('24h')",
        "has(output.t) && !has(output.u) && ('t' in output) && output['t'] == 'abc'",
    ],
)
def test_functions_give_what_their_names_say(source: str) -> None:
    assert holds(source, {"l": [1, 2, 3], "t": "abc"})


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("output.missing > 1", "missing"),
        ("output.a / 0 == 1", "divides by zero"),
        ("output.l[5] == 1.0", "beyond the end"),
        ("output.t > 1", "a value is of a type"),
        ("size(output.nothing) > 1", "or null"),
        ("sum(output.l) > 1", "a value is of a type"),
        ("int(output.t) == 3", "cannot be read"),
        ("output.t ? output.t : 1", "a value"),
        ("dyn(1)", "neither true nor false"),
        ("output.huge > 1", "too large"),
    ],
)
def test_what_has_no_value_says_so_and_quotes_nothing(
    source: str, reason: str, capfd: pytest.CaptureFixture[str]
) -> None:
    schemas = typed(
        **{name: {} for name in ("missing", "t", "nothing", "huge")},
        a={"type": "integer"},
        l={"type": "array"},
    )
    output = {"a": 1, "l": [1, "secret"], "t": "secret", "nothing": None, "huge": 10**400}
    scope = Scope(schemas)
    expression = scope.compile(source)
    with pytest.raises(EvaluationError, match=reason) as caught:
        expression.holds(scope.bind({"output": output}))
    assert "secret" not in str(caught.value) + capfd.readouterr().err


def test_an_absence_that_is_asked_for_is_no_error() -> None:
    schemas = typed(a={"type": "integer"})
    assert holds("!has(output.a) || output.a > 1", {}, schemas)
    assert not holds("has(output.a) && output.a > 1", {"a": 1}, schemas)


def lines_of(expression: Expression, scope: Scope, prices: list[Any]) -> list[int]:
    return expression.failing_items(scope.bind({"output": {"lines": prices}}))


def test_of_a_condition_on_every_item_those_that_fail_are_named() -> None:
    item = {"type": "object", "properties": {"price": {"type": "number"}}}
    scope = Scope(typed(lines={"type": "array", "items": item}))
    every = scope.compile("output.lines.all(l, l.price > 0.0)")
    other = scope.compile("size(output.lines) > 1")
    assert lines_of(every, scope, [{"price": 1}, {"price": -1}, {}, {"price": 2.5}]) == [1, 2]
    assert lines_of(other, scope, [{"price": -1}]) == []


def test_long_lists_are_refused_rather_than_walked_for_seconds() -> None:
    with pytest.raises(EvaluationError, match="10,001 items"):
        holds("output.l.all(x, x > 0)", {"l": [1] * (MAX_ITEMS + 1)})
    with pytest.raises(EvaluationError, match="this condition reads 1,000"):
        holds("output.l.all(x, x in output.l)", {"l": [1] * (MAX_SEARCHED + 1)})
    by_engine = "output.l.map(x, timestamp(x)).size() > 0"
    with pytest.raises(EvaluationError, match="map, filter and in look through"):
        holds(by_engine, {"l": ["2026-01-01T00:00:00Z"] * (MAX_WALKED_TWICE + 1)})


def test_the_longer_a_condition_on_items_the_fewer_it_reads() -> None:
    body = " && ".join(["x > 0.5"] * 50)
    with pytest.raises(EvaluationError, match=r"a list has 5,000 items; this condition reads \d,"):
        holds(f"output.l.all(x, {body})", {"l": [1] * 5_000})


@pytest.mark.parametrize("pattern", [r"^\\d+$", "^[[:digit:]]+$", "^[0-9]+$"])
def test_a_pattern_is_found_in_a_text_or_not(pattern: str) -> None:
    source = f"output.t.matches('{pattern}')"
    assert [holds(source, {"t": text}) for text in ("12", "1a", "")] == [True, False, False]


def test_a_pattern_that_is_read_from_a_value_may_be_none() -> None:
    with pytest.raises(EvaluationError, match="cannot be read"):
        holds("'a'.matches(output.t)", {"t": "("})


def test_only_what_is_read_reaches_the_engine() -> None:
    scope = Scope(OPEN)
    scope.compile("duration(output.a.b) > duration('1s') && output.l.all(x, x.n > 1)")
    bound = scope.bind({"output": {"a": {"b": "2s", "c": 2}, "l": [{"n": 1, "m": 2}], "d": 3}})
    context, _ = bound.context()
    assert context.variables == {"output": {"a": {"b": "2s"}, "l": [{"n": 1, "m": 2}]}}


def test_a_wrong_expression_does_not_compile() -> None:
    with pytest.raises(ExpressionError, match="unknown name"):
        Scope(OPEN).compile("nothing.a == 1")


def test_the_engine_comes_without_its_command_line() -> None:
    code = (
        "import sys; from roadworthy.expressions import Scope;"
        "assert 'cel' not in sys.modules;"
        "Scope({'output': {}}).compile('output.a == 1');"
        "assert not {'cel', 'prompt_toolkit', 'rich', 'typer'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


ATOMS = ["1", "2.5", "'a'", "true", "null", "output.a", "output['b']", "[1, 2]", "x", "{'k': 1}"]
EXPRESSIONS = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "==", "&&", "in", "<"]), inner),
        st.builds("{}.size()".format, inner),
        st.builds("!{}".format, inner),
        st.builds("[1].all(x, {})".format, inner),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
    ),
    max_leaves=6,
)


@given(EXPRESSIONS, st.dictionaries(st.sampled_from("abk"), st.integers() | st.text(), max_size=3))
def test_whatever_is_written_comes_out_true_or_false_or_is_a_typed_error(
    source: str, output: dict[str, Any]
) -> None:
    try:
        assert holds(source, output) in (True, False)
    except (ExpressionError, EvaluationError):
        return
