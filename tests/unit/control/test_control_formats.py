from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.control.drawing import formats


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (0, 0, "unknown"),
        (0, 9, "0%"),
        (9, 9, "100%"),
        (1, 3, "33.3%"),
        (99_999, 100_000, "99.99%"),
        (1, 100_000, "<0.1%"),
    ],
)
def test_a_share_says_what_it_is_of(part: int, whole: int, shown: str) -> None:
    assert formats.share(part, whole) == shown


@given(whole=st.integers(2, 10**12), missing=st.integers(1, 10**12))
def test_only_all_of_them_are_a_hundred_percent(whole: int, missing: int) -> None:
    part = max(0, whole - missing)
    assert formats.share(part, whole) != "100%"
    assert (formats.share(part, whole) == "0%") == (part == 0)


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [
        (None, "unknown"),
        (0.84, "840 µs"),
        (0.9999, "1.0 ms"),
        (12.4, "12 ms"),
        (999.7, "1.00 s"),
        (1_240, "1.24 s"),
        (59_960, "1 min 0 s"),
        (125_000, "2 min 5 s"),
        (7_260_000, "2 h 1 min"),
    ],
)
def test_durations_read_in_the_unit_that_fits(milliseconds: float | None, shown: str) -> None:
    assert formats.duration_ms(milliseconds) == shown


@pytest.mark.parametrize(
    ("number", "shown"), [(None, "unknown"), (950, "950"), (12_340, "12.3k"), (999_999, "1M")]
)
def test_large_numbers_are_shortened(number: int | None, shown: str) -> None:
    assert formats.compact(number) == shown


def test_times_are_utc_and_relative_to_the_reader() -> None:
    us = 1_795_232_467_000_000
    assert formats.utc_time(us) == "2026-11-21 03:41:07 UTC"
    assert formats.iso_time(us) == "2026-11-21T03:41:07Z"
    assert formats.ago(us, us + 200_000_000) == "3 min ago"
    assert formats.ago(us, us - 60_000_000) == "just now"


@given(st.integers(-(2**63), 2**63))
def test_no_moment_is_too_far_off_to_be_shown(us: int) -> None:
    assert formats.utc_time(us).endswith(" UTC")


@given(st.text(st.characters(codec=None)))
def test_what_is_shown_can_be_encoded_and_hides_nothing(text: str) -> None:
    shown = formats.visible(text)
    shown.encode()
    assert not set(shown) & set("\u202e\u2066\x00\x1b\r\ufeff\u200b")


def test_characters_that_turn_text_around_are_spelled_out() -> None:
    assert formats.visible("a\u202egnp.exe\x00") == "a⟦U+202E⟧gnp.exe⟦U+0000⟧"
    joined = "שלום\u200c مرحب 👩\u200d🔬\n\tx"
    assert formats.visible(joined) == joined


def test_json_that_cannot_be_written_as_it_is_still_shows() -> None:
    deep: list[object] = []
    for _ in range(50_000):
        deep = [deep]
    assert formats.pretty_json(deep) == "(nested too deep to show)"
    assert formats.pretty_json("\ud800") == r'"\ud800"'


def test_a_clipped_text_says_how_much_is_missing() -> None:
    assert formats.clip("x" * 25_000) == ("x" * 20_000, 5_000)
    assert formats.short("m" * 200).endswith("m…")
    assert len(formats.short("m" * 200)) == 80
