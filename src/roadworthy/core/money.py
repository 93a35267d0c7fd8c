"""Money as whole nano-dollars, so that sums are exact in SQL, in JSON and in Python.

1 USD = 1,000,000,000 nano-dollars (nusd). The cheapest hosted tokens cost about 10 nusd;
a 64-bit column holds 9.2 billion USD. None means *unknown* and is never read as zero.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

__all__ = ["NUSD_PER_USD", "Price", "Usage", "cost_nusd", "format_usd"]

NUSD_PER_USD: Final = 1_000_000_000


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """What a model's tokens cost, in USD per million tokens."""

    input_usd: float
    output_usd: float
    cached_input_usd: float | None = None
    """Input read from the provider's own prompt cache; None: as `input_usd`."""
    source: str = "project"
    """Where the price stands: ``project`` (models.toml) or ``genai-prices VERSION``."""


class Usage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Tokens of one attempt or one call. None is *not reported*, which is not zero."""

    input_tokens: int | None = None
    """All input tokens, those read from a cache included."""
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    reasoning_tokens: int | None = None
    """The part of `output_tokens` that a reasoning model kept to itself."""
    estimated: bool = False

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            input_tokens=_add(self.input_tokens, other.input_tokens),
            output_tokens=_add(self.output_tokens, other.output_tokens),
            cached_input_tokens=_add(self.cached_input_tokens, other.cached_input_tokens),
            reasoning_tokens=_add(self.reasoning_tokens, other.reasoning_tokens),
            estimated=self.estimated or other.estimated,
        )


def cost_nusd(usage: Usage, price: Price | None) -> int | None:
    """The cost of these tokens in nano-dollars; None if price or usage is unknown."""
    if price is None or usage.input_tokens is None or usage.output_tokens is None:
        return None
    cached = min(usage.cached_input_tokens or 0, usage.input_tokens)
    cached_usd = price.input_usd if price.cached_input_usd is None else price.cached_input_usd
    usd_millionths = (
        (usage.input_tokens - cached) * price.input_usd
        + cached * cached_usd
        + usage.output_tokens * price.output_usd
    )
    return round(usd_millionths * (NUSD_PER_USD // 1_000_000))


def format_usd(nusd: int | None) -> str:
    """A cost for people: ``$0.0123``, ``$12.34``, or ``unknown``."""
    if nusd is None:
        return "unknown"
    usd = nusd / NUSD_PER_USD
    if usd == 0:
        return "$0"
    if abs(usd) >= 1:
        return f"${usd:,.2f}"
    two_digits = 1 - math.floor(math.log10(abs(usd)))
    return f"${usd:.{max(4, two_digits)}f}"


def _add(left: int | None, right: int | None) -> int | None:
    if left is None or right is None:
        return left if right is None else right
    return left + right
