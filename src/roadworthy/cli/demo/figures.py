"""The demo's figures: one column for each way of asking. Pure."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from roadworthy.cli.demo.comments import Sentiment
from roadworthy.cli.demo.promise import confidence_in_range, keeps_promise, sentiment_of
from roadworthy.core import Price, Usage, cost_nusd

__all__ = ["Column", "Sample", "Share", "column_of", "percentile"]

CALLS_PRICED: Final = 1_000
Z_95: Final = 1.959964
"""Standard normal quantile of a two-sided 95 % interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What came of one asking."""

    comment_id: str
    round: int = 0
    """0: asked for the first time; then 1, 2, … for the comments that are asked again."""
    parsed: bool
    """Whether there is a value; a typed error gives none."""
    value: Any = None
    text: str = ""
    """The answer as it came, or the error's code and message."""
    outcome: str = ""
    latency_ms: float
    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """So many of so many."""

    hits: int
    of: int

    @property
    def fraction(self) -> float:
        """NaN where there was nothing to count."""
        return self.hits / self.of if self.of else math.nan

    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the fraction; NaNs where there was nothing to count.

        Source: Wilson 1927, "Probable inference, the law of succession, and statistical
        inference", JASA 22.
        """
        if not self.of:
            return math.nan, math.nan
        n, p, z = self.of, self.fraction, Z_95
        middle = p + z * z / (2 * n)
        spread = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        scale = 1 + z * z / n
        return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """The figures of one way of asking. Shares are of all comments, errors included."""

    parses: Share
    conforms: Share
    in_range: Share
    same_sentiment: Share
    """Of the comments asked again: every answer gave a sentiment, and always the same."""
    same_answer: Share
    """Of the comments asked again: every answer had a value, and always the same, whole."""
    agrees: Share | None
    """With the expected sentiment; None: these comments bear no labels."""
    p50_ms: float
    p95_ms: float
    input_tokens: float | None
    """Mean of a call; None: not reported."""
    output_tokens: float | None
    cost_nusd: int | None
    """Of 1,000 such calls at the price handed in; None: tokens or price unknown."""


def column_of(
    samples: Sequence[Sample], *, expected: Mapping[str, Sentiment | None], price: Price | None
) -> Column:
    """The figures of these samples.

    ``expected`` has every comment's label by id. Askings again count for the two shares of same
    answers only: their comments would weigh three times in the others.
    """
    first = [sample for sample in samples if sample.round == 0]
    latencies = [sample.latency_ms for sample in first]
    input_tokens = _mean(sample.input_tokens for sample in first)
    output_tokens = _mean(sample.output_tokens for sample in first)
    asked_again = _askings(samples)
    return Column(
        parses=_share(sample.parsed for sample in first),
        conforms=_share(keeps_promise(sample.value) for sample in first),
        in_range=_share(confidence_in_range(sample.value) for sample in first),
        same_sentiment=_share(_same_sentiment(group) for group in asked_again),
        same_answer=_share(_same_answer(group) for group in asked_again),
        agrees=_agreement(first, expected),
        p50_ms=percentile(latencies, 0.5),
        p95_ms=percentile(latencies, 0.95),
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cost_nusd=_cost(input_tokens, output_tokens, price),
    )


def percentile(values: Sequence[float], fraction: float) -> float:
    """The smallest value that at least this fraction of the values do not exceed; NaN of none."""
    if not values:
        return math.nan
    rank = math.ceil(fraction * len(values))
    return sorted(values)[max(rank, 1) - 1]


def _share(hits: Iterable[bool]) -> Share:
    counted = list(hits)
    return Share(hits=sum(counted), of=len(counted))


def _mean(values: Iterable[int | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _askings(samples: Iterable[Sample]) -> list[list[Sample]]:
    """The samples of each comment that was asked more than once."""
    groups: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        groups[sample.comment_id].append(sample)
    return [group for group in groups.values() if len(group) > 1]


def _same_sentiment(group: Sequence[Sample]) -> bool:
    sentiments = {sentiment_of(sample.value) for sample in group}
    return len(sentiments) == 1 and None not in sentiments


def _same_answer(group: Sequence[Sample]) -> bool:
    # Compared as JSON: to Python, 1, 1.0 and true are the same.
    answers = {json.dumps(sample.value, sort_keys=True) for sample in group}
    return len(answers) == 1 and all(sample.parsed for sample in group)


def _agreement(first: Iterable[Sample], expected: Mapping[str, Sentiment | None]) -> Share | None:
    labelled = [sample for sample in first if expected[sample.comment_id] is not None]
    if not labelled:
        return None
    return _share(sentiment_of(s.value) == expected[s.comment_id] for s in labelled)


def _cost(
    input_tokens: float | None, output_tokens: float | None, price: Price | None
) -> int | None:
    if input_tokens is None or output_tokens is None:
        return None
    usage = Usage(
        input_tokens=round(input_tokens * CALLS_PRICED),
        output_tokens=round(output_tokens * CALLS_PRICED),
    )
    return cost_nusd(usage, price)
