from __future__ import annotations

from typing import get_args

from roadworthy.control.outcomes import OUTCOMES, not_answered, style_of
from roadworthy.core import ANSWERED, Outcome


def test_every_outcome_has_a_name_and_an_icon_of_its_own() -> None:
    assert set(OUTCOMES) == set(get_args(Outcome))
    assert len({style.label for style in OUTCOMES.values()}) == len(OUTCOMES)
    assert len({style.icon for style in OUTCOMES.values()}) == len(OUTCOMES)


def test_families_agree_with_what_counts_as_answered() -> None:
    answered = {name for name, style in OUTCOMES.items() if style.family == "answered"}
    assert answered == ANSWERED


def test_an_outcome_of_a_later_version_shows_by_its_name() -> None:
    assert style_of("cached_twice").label == "Cached twice"


def test_unanswered_calls_come_most_frequent_first() -> None:
    counts = {"first_pass": 9, "failed": 1, "errored": 4, "refused": 0}
    assert list(not_answered(counts).items()) == [("errored", 4), ("failed", 1)]
