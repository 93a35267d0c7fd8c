from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.tasks.chain.paths import (
    ABSENT,
    EACH,
    Path,
    PathError,
    is_step_name,
    parse_path,
    variable_of,
)

NAMES = st.text(min_size=1, max_size=6)
PARTS = st.one_of(NAMES, st.integers(0, 99), st.none())
SOURCES = st.sampled_from(["input", "item", "copy", "marketing-copy", "a_1"])


@given(SOURCES, st.lists(PARTS, max_size=5))
def test_a_path_is_read_back_as_it_was_written(source: str, parts: list[Any]) -> None:
    path = Path(source, tuple(parts))
    assert parse_path(str(path)) == path


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("input", Path("input")),
        ("marketing-copy.text", Path("marketing-copy", ("text",))),
        ("a.lines[0].unit-price", Path("a", ("lines", 0, "unit-price"))),
        ("a[*].text", Path("a", (EACH, "text"))),
        ('input."unit.price"', Path("input", ("unit.price",))),
        (r'input."a\"b"', Path("input", ('a"b',))),
    ],
)
def test_a_path_is_a_source_and_the_way_from_it(text: str, path: Path) -> None:
    assert parse_path(text) == path


@pytest.mark.parametrize(
    "text",
    ["", ".", "a.", ".a", "a..b", "a b", "a[", "a[x]", "a[-1]", "a.[0]", "[0]", 'a"b"', "a]"],
)
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(PathError):
        parse_path(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("copy", {"text": "x", "lines": [{"n": 1, "tags": ["a"]}, {"tags": ["b", "c"]}]}),
        ("copy.text", "x"),
        ("copy.lines[1].tags", ["b", "c"]),
        ("copy.lines[*].n", [1]),
        ("copy.lines[*].tags", [["a"], ["b", "c"]]),
        ("copy.lines[*].tags[*]", ["a", "b", "c"]),
        ("copy.lines[2]", ABSENT),
        ("copy.title", ABSENT),
        ("copy.text.more", ABSENT),
        ("copy.text[*]", ABSENT),
        ("skipped.text", ABSENT),
        ("gone.text", ABSENT),
    ],
)
def test_a_path_gives_what_stands_there_or_that_nothing_does(text: str, value: Any) -> None:
    copy = {"text": "x", "lines": [{"n": 1, "tags": ["a"]}, {"tags": ["b", "c"]}]}
    assert parse_path(text).take({"copy": copy, "skipped": ABSENT}) == value


def test_a_null_is_a_value_and_stands_in_lists() -> None:
    assert parse_path("a[*].b").take({"a": [{"b": None}, {}]}) == [None]


def test_names_of_steps_are_such_that_conditions_can_say_them() -> None:
    names = ("copy", "marketing-copy", "_x", "item", "in", "a.b", "1st", "")
    assert [name for name in names if is_step_name(name)] == ["copy", "marketing-copy", "_x"]
    assert variable_of("marketing-copy") == "marketing_copy"
