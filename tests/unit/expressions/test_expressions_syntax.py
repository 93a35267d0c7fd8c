"""What is read as CEL is what the engine reads as CEL."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.expressions.faults import ExpressionError
from roadworthy.expressions.native import engine
from roadworthy.expressions.syntax import Call, Literal, parse

WORDS = [
    *(
        "a",
        "has",
        "in",
        "true",
        "size",
        "let",
        "x.y",
        "f(",
        "all(x,",
        "1",
        "2u",
        "0x1F",
        ".5",
        "1e3",
    ),
    *('"t"', "'t'", 'r"\\d"', '"""a"b"""', 'b"x"', '"\\n\\u00e9"', '"\\d"', "// no\n"),
    *("+", "-", "*", "%", "!", "!!", "--", "&&", "||", "==", "<=", "?", ":", ".", ",", "(", ")"),
    *("[", "]", "{", "}", "@", "&"),
]


def is_read(source: str) -> bool:
    try:
        parse(source)
    except ExpressionError:
        return False
    return True


def is_read_by_the_engine(source: str) -> bool:
    try:
        engine().compile(source)
    except ValueError:
        return False
    return True


@given(st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join))
def test_nothing_is_accepted_that_the_engine_does_not_read(source: str) -> None:
    if is_read(source):
        assert is_read_by_the_engine(source)


@pytest.mark.parametrize(
    "source",
    [
        "a || b && c == d + e * -f",
        "a ? b : c ? d : e",
        "a.b[c].d(e, f)[0]",
        "[1, 2,].size() == {'k': 1,}.size()",
        "!!a && --1 == 1",
        "x.map(y, y > 1, y)",
        "'its' != ''",
        '"""many\nlines""" + r\'\\raw\'',
        "0xFFu > 1e-3 // and so on",
    ],
)
def test_what_the_engine_reads_is_read(source: str) -> None:
    assert is_read_by_the_engine(source)
    assert is_read(source)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("'a\\n\\t\\\\\\''", "a\n\t\\'"),
        ('"\\x41\\u00e9\\U0001F600\\101"', "Aé😀A"),
        ('r"a\\n"', "a\\n"),
        ("'''it's'''", "it's"),
    ],
)
def test_texts_are_read_as_the_engine_reads_them(source: str, value: str) -> None:
    tree = parse(source)
    assert isinstance(tree, Literal)
    assert tree.value == value == engine().evaluate(source)


def test_operators_bind_as_in_the_language() -> None:
    tree = parse("1 + 2 * 3 == 7 && !false || false")
    assert isinstance(tree, Call)
    assert tree.function == "_||_"
    assert engine().evaluate("1 + 2 * 3 == 7 && !false || false") is True
