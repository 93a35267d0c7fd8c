from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.stats import pairwise_agreement, pass_at_k, pass_hat_k, share_identical

RUNS = st.lists(st.booleans(), min_size=1, max_size=9)


@given(RUNS, st.data())
def test_both_figures_are_what_enumerating_every_choice_of_k_runs_gives(
    runs: list[bool], data: st.DataObject
) -> None:
    k = data.draw(st.integers(1, len(runs)))
    chosen = list(combinations(runs, k))
    some = sum(any(runs) for runs in chosen) / len(chosen)
    every = sum(all(runs) for runs in chosen) / len(chosen)
    assert pass_at_k(len(runs), sum(runs), k=k) == pytest.approx(some)
    assert pass_hat_k(len(runs), sum(runs), k=k) == pytest.approx(every)


@given(st.lists(st.sampled_from("abc"), min_size=2, max_size=9))
def test_agreement_is_what_enumerating_every_pair_gives(answers: list[str]) -> None:
    pairs = list(combinations(answers, 2))
    assert pairwise_agreement(answers) == pytest.approx(sum(a == b for a, b in pairs) / len(pairs))


def test_one_answer_agrees_with_itself() -> None:
    assert share_identical(["a"]) == pairwise_agreement(["a"]) == 1
    assert share_identical([]) == pairwise_agreement([]) == 1


def test_the_share_of_identical_answers_counts_the_most_frequent_one() -> None:
    assert share_identical(["a", "b", "a", "c"]) == 0.5


@pytest.mark.parametrize(("runs", "passed", "k"), [(3, 4, 1), (3, 1, 4), (3, 1, 0), (0, 0, 1)])
def test_more_runs_than_there_were_are_an_error(runs: int, passed: int, k: int) -> None:
    with pytest.raises(ValueError, match="no k"):
        pass_at_k(runs, passed, k=k)
    with pytest.raises(ValueError, match="no k"):
        pass_hat_k(runs, passed, k=k)
