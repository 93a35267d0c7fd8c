"""Quantiles of many values in few bytes, mergeable: pages read percentiles of any time span.

Source: Masson, Rim, Lee: DDSketch: A Fast and Fully-Mergeable Quantile Sketch with
Relative-Error Guarantees. PVLDB 12(12), 2019, sections 2.1 and 2.2. Bins are never collapsed:
from a microsecond to a day there are 1,260 of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import accumulate, pairwise
from typing import Final

import msgspec

__all__ = ["RELATIVE_ERROR", "QuantileSketch"]

RELATIVE_ERROR: Final = 0.01
_GAMMA: Final = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_PER_LN: Final = 1 / math.log(_GAMMA)
_FORMAT: Final = 1
_Encoded = tuple[int, int, int, list[int], list[int]]
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Encoded)


class QuantileSketch:
    """Counts positive values in bins whose bounds grow by a constant factor.

    Zero and negative values are counted as zero.
    """

    __slots__ = ("bins", "zeros")

    def __init__(self, values: Iterable[float] = ()) -> None:
        self.zeros = 0
        self.bins: dict[int, int] = {}
        for value in values:
            self.add(value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, QuantileSketch):
            return NotImplemented
        return self.zeros == other.zeros and self.bins == other.bins

    __hash__ = None  # type: ignore[assignment]  # it changes

    @property
    def count(self) -> int:
        return self.zeros + sum(self.bins.values())

    def add(self, value: float) -> None:
        """Count one finite value."""
        if value <= 0:
            self.zeros += 1
            return
        index = math.ceil(math.log(value) * _PER_LN)
        self.bins[index] = self.bins.get(index, 0) + 1

    def merge(self, other: QuantileSketch) -> None:
        """Count also what another sketch counted: the same as adding its values one by one."""
        self.zeros += other.zeros
        bins = self.bins
        for index, count in other.bins.items():
            bins[index] = bins.get(index, 0) + count

    def quantile(self, q: float) -> float | None:
        """The value at rank ``floor(q * (count - 1))`` of the sorted values, within
        `RELATIVE_ERROR` of it; None without values. ``q`` is from 0 to 1."""
        count = self.count
        if count == 0:
            return None
        rank = math.floor(q * (count - 1))
        seen = self.zeros
        if rank < seen:
            return 0.0
        for index in sorted(self.bins):
            seen += self.bins[index]
            if rank < seen:
                break
        # The point of the bin that is equally far, relatively, from both of its bounds.
        return 2 * math.exp(index / _PER_LN) / (_GAMMA + 1)

    def to_bytes(self) -> bytes:
        """MessagePack: format, zeros, first bin, gaps between bins, counts."""
        indexes = sorted(self.bins)
        gaps = [b - a for a, b in pairwise(indexes)]
        counts = [self.bins[index] for index in indexes]
        first = indexes[0] if indexes else 0
        return _ENCODER.encode((_FORMAT, self.zeros, first, gaps, counts))

    def merge_bytes(self, data: bytes) -> None:
        """Merge what `to_bytes` wrote.

        Raises:
            ValueError: these bytes are not a sketch.
        """
        try:
            version, zeros, first, gaps, counts = _DECODER.decode(data)
        except msgspec.MsgspecError as error:
            raise ValueError(f"not a quantile sketch: {error}") from error
        if version != _FORMAT or len(gaps) != max(0, len(counts) - 1):
            raise ValueError(f"not a quantile sketch of format {_FORMAT}: format {version}")
        self.zeros += zeros
        bins = self.bins
        for index, count in zip(accumulate(gaps, initial=first), counts, strict=False):
            bins[index] = bins.get(index, 0) + count

    @classmethod
    def from_bytes(cls, data: bytes) -> QuantileSketch:
        """The sketch that `to_bytes` wrote.

        Raises:
            ValueError: these bytes are not one.
        """
        sketch = cls()
        sketch.merge_bytes(data)
        return sketch
