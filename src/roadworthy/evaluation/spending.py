"""A limit on what a test may cost, kept before money is spent, not after."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec

from roadworthy.core import NUSD_PER_USD, Price
from roadworthy.core.errors import RoadworthyError
from roadworthy.models import Model
from roadworthy.tasks import TaskDefinition
from roadworthy.tasks.asked_models import embedded_tasks

__all__ = ["Estimator", "MaxCostReached", "Purse", "Ticket"]

_CHARACTERS_A_TOKEN: Final = 3
"""Fewer than the usual four, so that an estimate is rather too high."""
_TOKENS_IF_UNLIMITED: Final = 1_000
"""Of an answer whose task names no limit."""
_ENOUGH_SEEN: Final = 3


class MaxCostReached(RoadworthyError):
    """The next call could exceed --max-cost. Raise it and run the same command: what was measured
    is kept."""

    status = 409
    code = "max_cost_reached"


@dataclass(slots=True)
class Ticket:
    """Money set aside for one call. What it cost is written into it."""

    estimate_nusd: int
    cost_nusd: int | None = None


class _Asking(NamedTuple):
    """One question that a call of the task puts to a model."""

    price: Price
    prompt_characters: int
    max_tokens: int
    times: int

    def usd_millionths(self, given_characters: int) -> float:
        asked = self.prompt_characters + given_characters
        once = asked / _CHARACTERS_A_TOKEN * self.price.input_usd
        return (once + self.max_tokens * self.price.output_usd) * self.times


@dataclass(slots=True)
class Estimator:
    """What a call of one task will cost: the dearest seen, once a few were; else what its length
    and its token limit allow, with those of all tasks that it runs."""

    _asking: tuple[_Asking, ...] = ()
    _dearest: int = 0
    _seen: int = 0

    @classmethod
    def of(cls, definition: TaskDefinition, models: Mapping[str, Model]) -> Estimator:
        """``models`` are those that the task may ask, by logical name."""
        return cls(tuple(_askings(definition, models)))

    def estimate(self, given: dict[str, Any]) -> int:
        """Nano-dollars."""
        if self._seen >= _ENOUGH_SEEN:
            return self._dearest
        characters = len(msgspec.json.encode(given))
        usd_millionths = sum(asking.usd_millionths(characters) for asking in self._asking)
        return round(usd_millionths * NUSD_PER_USD / 1_000_000)

    def learn(self, cost_nusd: int | None) -> None:
        if cost_nusd is not None:
            self._dearest, self._seen = max(self._dearest, cost_nusd), self._seen + 1


def _askings(definition: TaskDefinition, models: Mapping[str, Model]) -> Iterator[_Asking]:
    """Of a step that runs for each item of a list, one: how many there are is not known."""
    for task in embedded_tasks(definition).values():
        yield from _askings(task, models)
    price = models[definition.model].price if definition.model else None
    if price is None:
        return
    limits = (definition.parameters.get(k) for k in ("max_tokens", "max_completion_tokens"))
    known = [limit for limit in limits if isinstance(limit, int)]
    fixed = [template.source for template in definition.templates]
    fixed += definition.blocks.values()
    schema = msgspec.json.encode(definition.output_schema or {})
    candidates = definition.votes or definition.best_of
    yield _Asking(
        price=price,
        prompt_characters=sum(map(len, fixed)) + len(schema),
        max_tokens=min(known, default=_TOKENS_IF_UNLIMITED),
        times=1 if candidates is None else candidates.n,
    )


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
            MaxCostReached: it would exceed the limit, and nothing is under way any more.
        """
        async with self._settled:
            while not self._fits(estimate_nusd):
                if not self.reserved_nusd:
                    self.refused = True
                    raise MaxCostReached
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
