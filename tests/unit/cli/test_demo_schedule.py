"""What the demo asks, in which order, and when it stops."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.cli.demo.comments import SENTIMENTS, Comment, bundled_comments, example_folder
from roadworthy.cli.demo.schedule import ASKED_AGAIN, AT_LEAST, Schedule, representative

BUNDLED = bundled_comments(example_folder())


def comments(count: int) -> list[Comment]:
    return [Comment(id=str(n), text=f"comment {n}") for n in range(count)]


def asked(schedule: Schedule, *, seconds_each: float) -> int:
    """How many comments a run gets to whose askings all take that long."""
    seen = set()
    for done, asking in enumerate(schedule.askings(), start=1):
        seen.add(asking.comment.id)
        if schedule.enough(done, elapsed_s=done * seconds_each):
            break
    return len(seen)


@pytest.mark.parametrize("length", [ASKED_AGAIN, AT_LEAST, 90])
def test_every_beginning_of_the_bundled_comments_is_representative(length: int) -> None:
    whole = Counter(c.expected for c in BUNDLED)
    part = Counter(c.expected for c in representative(BUNDLED)[:length])
    for label in SENTIMENTS:
        assert abs(part[label] - length * whole[label] / len(BUNDLED)) <= 1


def test_the_least_there_is_to_ask_holds_hostile_and_foreign_comments() -> None:
    tags = Counter(tag for c in representative(BUNDLED)[:AT_LEAST] for tag in c.tags)
    assert min(tags["hostile"], tags["de"], tags["irony"], tags["injection"]) >= 2


@given(st.lists(st.sampled_from([None, *SENTIMENTS]), max_size=40))
def test_ordering_loses_and_invents_nothing(labels: list[None]) -> None:
    given_ = [Comment(id=str(n), text="", expected=label) for n, label in enumerate(labels)]
    assert Counter(c.id for c in representative(given_)) == Counter(c.id for c in given_)


def test_unlabelled_comments_keep_their_order() -> None:
    assert representative(comments(7)) == comments(7)


def test_the_opening_comments_are_asked_three_times_with_others_between() -> None:
    ids = [(a.comment.id, a.round) for a in Schedule(comments=comments(4), asked_again=2).askings()]
    assert ids == [("0", 0), ("1", 0), ("0", 1), ("1", 1), ("0", 2), ("1", 2), ("2", 0), ("3", 0)]


def test_sixty_comments_are_asked_however_long_they_take() -> None:
    assert asked(Schedule(comments=comments(500)), seconds_each=60) == 60


def test_as_many_comments_as_fit_into_the_budget_are_asked() -> None:
    # 240 askings of a second fit, 40 of them repetitions.
    assert asked(Schedule(comments=comments(500)), seconds_each=1.0) == 200


def test_without_a_budget_all_comments_are_asked() -> None:
    assert asked(Schedule(comments=comments(500), budget_s=None), seconds_each=60) == 500


@pytest.mark.parametrize("count", [0, 1, 19, 20, 61])
def test_a_short_file_is_asked_whole(count: int) -> None:
    assert asked(Schedule(comments=comments(count)), seconds_each=0.01) == count


@given(st.integers(1, 300), st.floats(0.01, 20), st.sampled_from([None, 240.0]))
def test_progress_grows_to_the_end_and_not_beyond(
    count: int, seconds_each: float, budget_s: float | None
) -> None:
    schedule = Schedule(comments=comments(count), budget_s=budget_s)
    over = [
        schedule.progress(done, elapsed_s=done * seconds_each)
        for done in range(1, schedule.total() + 1)
    ]
    assert over == sorted(over)
    assert over[-1] == 1.0
