"""The demo's figures, from samples written by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.cli.demo.comments import Sentiment
from roadworthy.cli.demo.figures import Column, Sample, Share, column_of, percentile
from roadworthy.core import Price

GOOD = {"sentiment": "positive", "confidence": 0.5, "themes": []}


def sample(comment: str, value: Any = None, **given: Any) -> Sample:
    defaults: dict[str, Any] = {"parsed": value is not None, "latency_ms": 100.0}
    return Sample(comment_id=comment, value=value, **{**defaults, **given})


def column(*samples: Sample, price: Price | None = None, **expected: Sentiment) -> Column:
    labels = {s.comment_id: expected.get(s.comment_id) for s in samples}
    return column_of(samples, expected=labels, price=price)


def test_an_error_counts_as_a_miss_of_everything() -> None:
    figures = column(sample("a", GOOD), sample("b", outcome="output_nonconforming"), a="positive")
    assert figures.parses == figures.conforms == figures.in_range == Share(hits=1, of=2)


def test_json_that_breaks_the_promise_parses_and_does_not_conform() -> None:
    figures = column(sample("a", GOOD | {"confidence": 90}))
    assert figures.parses.hits == 1
    assert (figures.conforms.hits, figures.in_range.hits) == (0, 0)


def test_asking_again_counts_for_sameness_only() -> None:
    bad = GOOD | {"confidence": 7}
    figures = column(sample("a", GOOD), sample("a", bad, round=1, latency_ms=9e9), sample("b"))
    assert figures.conforms == Share(hits=1, of=2)
    assert figures.p95_ms == 100.0
    assert figures.same_sentiment == Share(hits=1, of=1)
    assert figures.same_answer == Share(hits=0, of=1)


def test_three_failures_are_not_the_same_answer() -> None:
    figures = column(*(sample("a", round=r) for r in range(3)))
    assert figures.same_sentiment == figures.same_answer == Share(hits=0, of=1)


@pytest.mark.parametrize(("other", "same"), [(0.5, 1), (1, 0)])
def test_whole_answers_are_compared_as_json(other: float, same: int) -> None:
    again = {"themes": [], "confidence": other, "sentiment": "positive"}
    figures = column(sample("a", GOOD), sample("a", again, round=1))
    assert figures.same_answer.hits == same


def test_a_lone_surrogate_in_an_answer_is_only_another_answer() -> None:
    figures = column(sample("a", "\ud800"), sample("a", "\ud801", round=1))
    assert figures.same_answer.hits == 0


def test_agreement_is_of_the_labelled_comments() -> None:
    figures = column(
        sample("a", GOOD), sample("b", GOOD), sample("c"), sample("d", GOOD),
        a="positive", b="negative", c="neutral",
    )  # fmt: skip
    assert figures.agrees == Share(hits=1, of=3)


def test_a_readable_sentiment_agrees_even_in_an_answer_that_does_not_conform() -> None:
    assert column(sample("a", {"sentiment": "positive"}), a="positive").agrees == Share(
        hits=1, of=1
    )


def test_without_labels_there_is_no_agreement() -> None:
    assert column(sample("a", GOOD)).agrees is None


def test_cost_is_that_of_a_thousand_mean_calls() -> None:
    calls = [
        sample(c, input_tokens=i, output_tokens=o) for c, i, o in [("a", 100, 20), ("b", 50, 10)]
    ]
    figures = column(*calls, price=Price(input_usd=0.25, output_usd=2.0))
    # 75 and 15 tokens a call: 1000 x (75 x 0.25 + 15 x 2) / 1e6 USD
    assert figures.cost_nusd == 48_750_000
    assert (figures.input_tokens, figures.output_tokens) == (75, 15)


def test_cost_is_unknown_where_tokens_or_price_are() -> None:
    price = Price(input_usd=1, output_usd=1)
    assert column(sample("a", GOOD), price=price).cost_nusd is None
    assert column(sample("a", GOOD, input_tokens=1, output_tokens=1)).cost_nusd is None


def test_no_samples_give_no_figures() -> None:
    figures = column()
    assert math.isnan(figures.p50_ms)
    assert math.isnan(figures.conforms.fraction)


def test_the_interval_is_wilsons() -> None:
    # Source: Newcombe 1998, Statistics in Medicine 17, table I, method 3.
    low, high = Share(hits=81, of=263).interval()
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    low, high = Share(hits=0, of=20).interval()
    assert (round(low, 4), round(high, 4)) == (0.0, 0.1611)


@given(st.integers(0, 50), st.integers(1, 50))
def test_the_interval_holds_the_share(hits: int, of: int) -> None:
    share = Share(hits=min(hits, of), of=of)
    low, high = share.interval()
    assert 0 <= low <= share.fraction + 1e-12
    assert share.fraction - 1e-12 <= high <= 1


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1))
def test_a_percentile_is_a_value_that_enough_others_do_not_exceed(
    values: list[float], fraction: float
) -> None:
    found = percentile(values, fraction)
    assert found in values
    assert sum(v <= found for v in values) >= fraction * len(values) - 1e-9
    assert sum(v < found for v in values) < fraction * len(values)
