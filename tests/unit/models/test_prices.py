"""List prices."""

from __future__ import annotations

import pytest

from roadworthy.core import Price
from roadworthy.models import LOCAL_MODEL, Model, price_of, with_price


def model(provider: str, upstream: str, price: Price | None = None) -> Model:
    return Model(name="m", provider=provider, upstream=upstream, price=price)


def test_a_hosted_model_has_a_list_price() -> None:
    price = price_of(model("openai", "gpt-4o-mini"))
    assert price is not None
    assert (price.input_usd, price.output_usd, price.cached_input_usd) == (0.15, 0.6, 0.075)
    assert price.source.startswith("genai-prices ")


def test_a_tiered_price_is_that_of_the_base_tier() -> None:
    price = price_of(model("openai", "gpt-5.4"))
    assert price is not None
    assert (price.input_usd, price.output_usd) == (2.5, 15.0)


def test_a_price_that_varies_by_hour_is_the_dearest() -> None:
    price = price_of(model("deepseek", "deepseek-chat"))
    assert price is not None
    assert (price.input_usd, price.output_usd) == (0.27, 1.1)


def test_of_dated_prices_the_one_in_force_counts() -> None:
    price = price_of(model("mistral", "mistral-small-latest"))
    assert price is not None
    assert price.output_usd == 0.6


@pytest.mark.parametrize("provider", ["openrouter", "groq", "together", "mistral", "deepseek"])
def test_providers_are_known_to_the_table_by_the_same_name(provider: str) -> None:
    from genai_prices.data_snapshot import find_provider_by_id, get_snapshot

    found = find_provider_by_id(get_snapshot().providers, provider)
    assert found is not None
    assert found.id == provider


def test_the_embedded_model_is_free() -> None:
    price = price_of(LOCAL_MODEL)
    assert price == Price(input_usd=0.0, output_usd=0.0, source="embedded")


@pytest.mark.parametrize(
    ("provider", "upstream"),
    [("openai", "no-such-model"), ("ollama", "gpt-4o"), ("openai-compatible", "gpt-4o")],
)
def test_an_unknown_price_is_not_zero(provider: str, upstream: str) -> None:
    assert price_of(model(provider, upstream)) is None
    assert with_price(model(provider, upstream)).price is None


def test_the_projects_own_price_wins() -> None:
    own = Price(input_usd=9, output_usd=9)
    assert with_price(model("openai", "gpt-4o-mini", own)).price == own
    assert with_price(model("openai", "gpt-4o-mini")).price is not None
