"""A span of time cut into points that people can read, and the sums that fill them; pure."""

from __future__ import annotations

from copy import copy
from typing import Final

from roadworthy.core.errors import InvalidRequest
from roadworthy.storage.rollups import WIDTHS_S

__all__ = ["MAX_BUCKETS", "Buckets"]

MAX_BUCKETS: Final = 1_000
_SECOND_US: Final = 1_000_000
_NICE_S: Final = (
    *(60, 120, 300, 600, 1_200, 1_800),
    *(3_600, 7_200, 10_800, 21_600, 43_200),
    *(86_400, 172_800, 345_600, 604_800, 1_209_600, 2_592_000),
)
"""Widths of a bucket that people can read; beyond the last, whole multiples of it."""


class Buckets:
    """A span, widened to whole buckets: at most ``buckets`` and one.

    Raises:
        InvalidRequest: the span is empty, or ``buckets`` is not from 1 to `MAX_BUCKETS`.
    """

    def __init__(self, since_us: int, until_us: int, buckets: int) -> None:
        if until_us <= since_us or not 1 <= buckets <= MAX_BUCKETS:
            raise InvalidRequest(
                f"there is no overview of {until_us - since_us} µs in {buckets} buckets. Give an"
                f" until later than since, and from 1 to {MAX_BUCKETS} buckets."
            )
        self.width_us = _nice_us((until_us - since_us) / buckets)
        self.since_us = since_us // self.width_us * self.width_us
        self.until_us = -(-until_us // self.width_us) * self.width_us
        # The widest of which whole ones fill a bucket.
        self.rollup_s = max(w for w in WIDTHS_S if self.width_us % (w * _SECOND_US) == 0)

    def with_before(self) -> Buckets:
        """As many buckets more, before these."""
        longer = copy(self)
        longer.since_us -= self.until_us - self.since_us
        return longer

    def starts(self) -> range:
        return range(self.since_us, self.until_us, self.width_us)


def _nice_us(at_least_us: float) -> int:
    for width_s in _NICE_S:
        if width_s * _SECOND_US >= at_least_us:
            return width_s * _SECOND_US
    longest_us = _NICE_S[-1] * _SECOND_US
    return int(-(-at_least_us // longest_us)) * longest_us
