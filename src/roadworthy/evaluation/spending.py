"""A limit on what a test may cost, kept before money is spent, not after."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from roadworthy.core import NUSD_PER_USD, Price
from roadworthy.core.errors import RoadworthyError
from roadworthy.tasks import TaskDefinition

__all__ = ["CostLimitReached", "Estimator", "Purse", "Ticket"]

_CHARACTERS_A_TOKEN: Final = 3
"""Fewer than the usual four, so that an estimate is rather too high."""
_TOKENS_IF_UNLIMITED: Final = 1_000
"""Of an answer whose task names no limit."""
_ENOUGH_SEEN: Final = 3


class CostLimitReached(RoadworthyError):
    """The next call could exceed --max-cost. Raise it and run the same command: what was measured
    is kept."""

    status = 409
    code = "cost_limit_reached"


@dataclass(slots=True)
class Ticket:
    """Money set aside for one call. What it cost is written into it."""

    estimate_nusd: int
    cost_nusd: int | None = None


@dataclass(slots=True)
class Estimator:
    """What a call of one task will cost: the dearest seen, once a few were; else what its length
    and its token limit allow."""

    price: Price | None
    prompt_characters: int
    max_tokens: int
    _dearest: int = 0
    _seen: int = 0

    @classmethod
    def of(cls, definition: TaskDefinition, price: Price | None) -> Estimator:
        limits = (definition.parameters.get(k) for k in ("max_tokens", "max_completion_tokens"))
        known = [limit for limit in limits if isinstance(limit, int)]
        fixed = [template.source for template in definition.templates]
        fixed += definition.blocks.values()
        schema = msgspec.json.encode(definition.output_schema or {})
        return cls(
            price=price,
            prompt_characters=sum(map(len, fixed)) + len(schema),
            max_tokens=min(known, default=_TOKENS_IF_UNLIMITED),
        )

    def estimate(self, given: dict[str, Any]) -> int:
        """Nano-dollars."""
        if self._seen >= _ENOUGH_SEEN:
            return self._dearest
        if self.price is None:
            return 0
        asked = self.prompt_characters + len(msgspec.json.encode(given))
        usd_millionths = asked / _CHARACTERS_A_TOKEN * self.price.input_usd
        usd_millionths += self.max_tokens * self.price.output_usd
        return round(usd_millionths * NUSD_PER_USD / 1_000_000)

    def learn(self, cost_nusd: int | None) -> None:
        if cost_nusd is not None:
            self._dearest, self._seen = max(self._dearest, cost_nusd), self._seen + 1


@dataclass(slots=True)
class Purse:
    """What is spent, and set aside for calls under way. Within one event loop."""

    limit_nusd: int | None = None
    spent_nusd: int = 0
    reserved_nusd: int = 0
    refused: bool = False
    """Whether a call was not made because of the limit."""
    _settled: asyncio.Condition = field(default_factory=asyncio.Condition)

    @asynccontextmanager
    async def reserve(self, estimate_nusd: int) -> AsyncIterator[Ticket]:
        """Set the estimate aside until the block ends; waits while calls under way may turn out
        cheaper than theirs.

        Raises:
            CostLimitReached: it would exceed the limit, and nothing is under way any more.
        """
        async with self._settled:
            while not self._fits(estimate_nusd):
                if not self.reserved_nusd:
                    self.refused = True
                    raise CostLimitReached
                await self._settled.wait()
            self.reserved_nusd += estimate_nusd
        ticket = Ticket(estimate_nusd)
        try:
            yield ticket
        finally:
            self.reserved_nusd -= estimate_nusd
            self.spent_nusd += ticket.cost_nusd or 0
            async with self._settled:
                self._settled.notify_all()

    def _fits(self, estimate_nusd: int) -> bool:
        if self.limit_nusd is None:
            return True
        return self.spent_nusd + self.reserved_nusd + estimate_nusd <= self.limit_nusd
