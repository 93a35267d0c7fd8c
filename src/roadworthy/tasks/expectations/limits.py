"""`max_latency_ms`, `max_cost_usd`: what one run may take."""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec

from roadworthy.tasks.expectations.answer import Answer, Verdict
from roadworthy.tasks.expectations.kind import Kind

__all__ = ["MaxCost", "MaxLatency"]


class MaxLatency(Kind, frozen=True, kw_only=True):
    """The run took no longer than this, retries and further questions included."""

    kind: ClassVar[str] = "max_latency_ms"
    needs_value: ClassVar[bool] = False
    example: ClassVar[str] = '{"max_latency_ms": 2000}'

    max_latency_ms: Annotated[float, msgspec.Meta(gt=0)]
    """Milliseconds."""

    def score(self, answer: Answer) -> Verdict:
        took = answer.latency_ms
        if took is None:
            return Verdict(passed=None, reason="its time was not measured")
        passed = took <= self.max_latency_ms
        return Verdict(passed=passed, reason="" if passed else f"it took {took:,.0f} ms")


class MaxCost(Kind, frozen=True, kw_only=True):
    """The run cost no more than this."""

    kind: ClassVar[str] = "max_cost_usd"
    needs_value: ClassVar[bool] = False
    example: ClassVar[str] = '{"max_cost_usd": 0.002}'

    max_cost_usd: Annotated[float, msgspec.Meta(ge=0)]
    """US dollars."""

    def score(self, answer: Answer) -> Verdict:
        cost = answer.cost_usd
        if cost is None:
            return Verdict(passed=None, reason="its cost is unknown; give the model a price")
        passed = cost <= self.max_cost_usd
        return Verdict(passed=passed, reason="" if passed else f"it cost {cost:.6g} USD")
