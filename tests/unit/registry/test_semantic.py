from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.registry.semantic import in_range, is_range, newest, next_version, parse
from roadworthy.registry.version import Level

NUMBERS = st.tuples(*[st.integers(0, 30)] * 3)
LEVELS: st.SearchStrategy[Level] = st.sampled_from(["patch", "minor", "major"])


def written(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))


def test_the_first_version_is_1_0_0_whatever_its_level() -> None:
    assert {next_version(None, level) for level in ("patch", "minor", "major")} == {"1.0.0"}


@pytest.mark.parametrize(
    ("level", "following"), [("patch", "1.4.3"), ("minor", "1.5.0"), ("major", "2.0.0")]
)
def test_a_level_raises_its_own_number_and_clears_those_behind(
    level: Level, following: str
) -> None:
    assert next_version("1.4.2", level) == following


@pytest.mark.parametrize(
    ("version", "wanted", "inside"),
    [
        ("1.0.0", "^1", True),
        ("1.99.3", "^1", True),
        ("2.0.0", "^1", False),
        ("0.9.9", "^1", False),
        ("1.4.0", "^1.4", True),
        ("1.10.0", "^1.4", True),
        ("1.3.9", "^1.4", False),
        ("1.4.1", "^1.4.2", False),
        ("1.4.2", "^1.4.2", True),
        ("10.0.0", "^1", False),
        ("0.9.0", "^0.3", True),
    ],
)
def test_a_range_reaches_up_to_the_next_major_version(
    version: str, wanted: str, inside: bool
) -> None:
    assert in_range(version, wanted) is inside


@pytest.mark.parametrize(
    "text", ["1", "1.4", "v1.4.0", "1.4.0-rc1", "1.4.0+b", "01.4.0", "", "٣.1.0"]
)
def test_what_is_not_three_numbers_is_no_version(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no version; a version is three numbers"):
        parse(text)


@pytest.mark.parametrize("text", ["1", "^", "^v1", "^1.", "~1", "^1.2.3.4", "production", "^1 "])
def test_what_is_no_range_is_said_to_be_none(text: str) -> None:
    assert not is_range(text)
    with pytest.raises(ValueError, match="is no range"):
        in_range("1.0.0", text)


def test_the_newest_is_the_highest_by_number_and_not_by_text() -> None:
    assert newest(["1.9.0", "1.10.0", "1.2.30"]) == "1.10.0"
    assert newest(["1.9.0", "2.0.0"], "^1") == "1.9.0"
    assert newest(["2.0.0"], "^1") is None
    assert newest([]) is None


@given(NUMBERS, LEVELS)
def test_the_next_version_is_higher_and_leaves_the_range_only_if_callers_may_break(
    numbers: tuple[int, ...], level: Level
) -> None:
    current = written(numbers)
    following = next_version(current, level)
    assert parse(following) > parse(current)
    assert in_range(following, f"^{current}") is (level != "major")
