"""List prices of hosted models, from the table that `genai-prices` carries in its wheel.

Importing that table takes most of a second, so only the keeper and the command line come here;
gateways find the price in their snapshot. Nothing is fetched: the package's updater stays off.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import msgspec

from roadworthy.core import Price
from roadworthy.models.upstream import Model

__all__ = ["price_of", "with_price"]

EMBEDDED = Price(input_usd=0.0, output_usd=0.0, source="embedded")
UNPRICED = frozenset({"ollama", "vllm", "openai-compatible"})
"""Providers without list prices: what they cost, only the project knows."""


def price_of(model: Model) -> Price | None:
    """The list price of the model at its provider; None: not known, which is not free.

    Where a price has tiers (long contexts), the base tier's. Where it varies by time of day,
    the dearest, so that a cost is never understated.
    """
    if model.provider == "embedded":
        return EMBEDDED
    if model.provider in UNPRICED:
        return None
    from genai_prices.data_snapshot import get_snapshot

    try:
        _, info = get_snapshot().find_provider_model(model.upstream, None, model.provider, None)
    except LookupError:
        return None
    return _dearest(_prices_now(info))


def with_price(model: Model) -> Model:
    """The model with its list price, unless the project set one of its own."""
    if model.price is not None:
        return model
    return msgspec.structs.replace(model, price=price_of(model))


def _prices_now(info: Any) -> Iterable[Any]:
    """Every table of prices that may hold today."""
    if not isinstance(info.prices, list):
        return [info.prices]
    from genai_prices.types import StartDateConstraint

    today = datetime.now(UTC)
    dated = [
        p
        for p in info.prices
        if p.constraint is None or isinstance(p.constraint, StartDateConstraint)
    ]
    standing = [p for p in dated if p.constraint is None or p.constraint.active(today)]
    by_hour = [p for p in info.prices if p not in dated]
    return [p.prices for p in (standing[-1:] + by_hour)]


def _dearest(tables: Iterable[Any]) -> Price | None:
    known = [price for price in map(_price, tables) if price is not None]
    return max(known, key=lambda price: price.input_usd + price.output_usd, default=None)


def _price(table: Any) -> Price | None:
    input_usd, output_usd = _base(table.input_mtok), _base(table.output_mtok)
    if input_usd is None or output_usd is None:
        return None
    return Price(
        input_usd=input_usd,
        output_usd=output_usd,
        cached_input_usd=_base(table.cache_read_mtok),
        source=f"genai-prices {version('genai-prices')}",
    )


def _base(price: Any) -> float | None:
    """A Decimal or a tiered price, as USD per million tokens."""
    base = getattr(price, "base", price)
    return None if base is None else float(base)
