from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from roadworthy.core import Price, Usage, cost_nusd, format_usd

PRICE = Price(input_usd=0.25, output_usd=2.0, cached_input_usd=0.025)


def test_a_million_tokens_cost_the_listed_price() -> None:
    usage = Usage(input_tokens=1_000_000, output_tokens=1_000_000)
    assert cost_nusd(usage, PRICE) == 2_250_000_000


def test_tokens_read_from_the_providers_cache_cost_their_own_price() -> None:
    usage = Usage(input_tokens=1_000_000, output_tokens=0, cached_input_tokens=400_000)
    assert cost_nusd(usage, PRICE) == 150_000_000 + 10_000_000


def test_an_unknown_price_is_not_free() -> None:
    assert cost_nusd(Usage(input_tokens=1, output_tokens=1), None) is None


def test_unreported_tokens_have_no_cost() -> None:
    assert cost_nusd(Usage(output_tokens=5), PRICE) is None


@given(*[st.none() | st.integers(0, 10**9)] * 2)
def test_adding_usage_keeps_what_is_known(left: int | None, right: int | None) -> None:
    total = (Usage(input_tokens=left) + Usage(input_tokens=right)).input_tokens
    known = [n for n in (left, right) if n is not None]
    assert total == (sum(known) if known else None)


def test_costs_read_well() -> None:
    assert [format_usd(n) for n in (None, 0, 12_300_000, 12_340_000_000, 12_000)] == [
        "unknown",
        "$0",
        "$0.0123",
        "$12.34",
        "$0.000012",
    ]
