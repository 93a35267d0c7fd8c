"""What one call may spend: `max_cost_usd` of its task, and of the chains that it is a step of."""

from __future__ import annotations

from typing import Final

from roadworthy.core import NUSD_PER_USD
from roadworthy.core.errors import CostLimitReached

__all__ = ["Purse", "purse_of"]

_DIGITS: Final = 6
"""After the point, of an amount in a message: a millionth of a dollar."""


class Purse:
    """Counts what is spent under one limit, and under those around it.

    Nothing begins once the limit is reached. What an attempt will cost is known when it has ended,
    so the last one may exceed it. Attempts whose cost is unknown count nothing.
    """

    __slots__ = ("_around", "_limit_nusd", "_spent_nusd", "_task")

    def __init__(self, limit_nusd: int, task: str, around: Purse | None = None) -> None:
        self._limit_nusd = limit_nusd
        self._task = task
        self._around = around
        self._spent_nusd = 0

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left, here or around."""
        here = self._spent_nusd >= self._limit_nusd
        return here or (self._around is not None and self._around.is_spent)

    def require(self) -> None:
        """
        Raises:
            CostLimitReached: nothing is left, here or around.
        """
        if self._spent_nusd >= self._limit_nusd:
            raise CostLimitReached(
                f"the call of {self._task!r} has spent ${_usd(self._spent_nusd)}, and may spend"
                f" ${_usd(self._limit_nusd)}; raise max_cost_usd of {self._task!r}, or ask for less"
            )
        if self._around is not None:
            self._around.require()

    def spend(self, nusd: int | None) -> None:
        """None: the cost is not known."""
        self._spent_nusd += nusd or 0
        if self._around is not None:
            self._around.spend(nusd)


def purse_of(max_cost_usd: float | None, task: str, around: Purse | None) -> Purse | None:
    """What a call of this task may spend within the purse of the chain around it; None: no
    limit."""
    if max_cost_usd is None:
        return around
    return Purse(round(max_cost_usd * NUSD_PER_USD), task, around)


def _usd(nusd: int) -> str:
    return f"{nusd / NUSD_PER_USD:.{_DIGITS}f}".rstrip("0").rstrip(".")
