from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from published import INDEX
from roadworthy.core.errors import UnknownTask
from roadworthy.pipeline.selectors import select_version
from roadworthy.tasks import VersionIndex


def selected(selector: str, index: VersionIndex | None = INDEX) -> str:
    return select_version("triage", index, selector).version


def why_not(selector: str, index: VersionIndex | None = INDEX) -> str:
    with pytest.raises(UnknownTask) as raised:
        select_version("triage", index, selector)
    return raised.value.message


@pytest.mark.parametrize(
    ("selector", "version"),
    [
        ("1.2.0", "1.2.0"),  # published, never promoted: an exact pin reaches it
        ("production", "1.1.0"),
        ("staging", "2.0.0"),
        ("^1", "1.1.0"),
        ("^1.0", "1.1.0"),
        ("^1.1.0", "1.1.0"),
    ],
)
def test_a_selector_takes_a_version(selector: str, version: str) -> None:
    assert selected(selector) == version


def test_a_range_below_production_takes_the_newest_that_was_there() -> None:
    index = msgspec.structs.replace(
        INDEX, channels={"production": "2.0.0"}, released=("1.0.0", "1.1.0", "2.0.0")
    )
    assert selected("^1", index) == "1.1.0"


def test_a_range_takes_production_even_where_a_newer_version_was_there_before() -> None:
    index = msgspec.structs.replace(
        INDEX, channels={"production": "1.0.0"}, released=("1.0.0", "1.1.0")
    )
    assert selected("^1", index) == "1.0.0"


def test_a_range_does_not_reach_what_was_never_in_production_and_says_how_it_would() -> None:
    message = why_not("^2")
    assert "roadworthy promote triage 2.0.0 --to production" in message
    assert "'@2.0.0'" in message


@pytest.mark.parametrize(
    ("selector", "says"),
    [
        ("1.2.1", "no version '1.2.1'; the nearest is 1.2.0, published: 2.0.0, 1.2.0"),
        ("1.2", r"did you mean '@\^1\.2'"),
        ("v1", r"did you mean '@\^1'"),
        ("stagin", "did you mean '@staging'"),
        ("canary", "no channel 'canary'; published: .*channels: production .1.1.0., staging"),
        ("^3", "no version in \\^3; published"),
        ("../../etc/passwd", "no channel '../../etc/passwd'"),
        ("", "no channel ''"),
    ],
)
def test_an_unknown_selector_is_told_what_comes_nearest(selector: str, says: str) -> None:
    with pytest.raises(UnknownTask, match=says):
        select_version("triage", INDEX, selector)


def test_a_task_out_of_production_says_how_to_get_it_there() -> None:
    index = msgspec.structs.replace(INDEX, channels={})
    assert "`roadworthy promote triage 2.0.0 --to production`" in why_not("production", index)
    assert "no channel points to any" in why_not("staging", index)


@pytest.mark.parametrize("index", [None, VersionIndex()])
def test_a_task_without_versions_says_how_to_make_one(index: VersionIndex | None) -> None:
    assert '`roadworthy publish triage -m "…"`' in why_not("1.0.0", index)


def test_a_channel_that_points_nowhere_is_a_typed_error() -> None:
    assert "not published" in why_not(
        "production", VersionIndex(digests={"1.0.0": "a"}, channels={"production": "9.0.0"})
    )


def test_many_versions_are_counted_not_listed() -> None:
    index = VersionIndex(digests={f"1.{minor}.0": "a" * 64 for minor in range(40)})
    assert "and 35 more" in why_not("7.0.0", index)


@given(st.text(max_size=60))
def test_any_selector_takes_a_version_of_the_index_or_is_a_typed_error(selector: str) -> None:
    try:
        pin = select_version("triage", INDEX, selector)
    except UnknownTask:
        return
    assert INDEX.digests[pin.version] == pin.digest


@given(st.text(min_size=100, max_size=5_000).map(lambda text: "x" + text))
def test_a_long_selector_makes_no_long_message(selector: str) -> None:
    assert len(why_not(selector)) < 400
