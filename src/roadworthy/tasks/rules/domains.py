"""Sets of values that one place of an input may have, for deciding what can never be. Pure.

A set is always at least as large as what it stands for: whatever is found to be empty is empty.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

__all__ = ["EVERYTHING", "KINDS", "NOTHING", "Domain", "Span", "numbers", "others", "texts"]

Span: TypeAlias = tuple[float, bool, float, bool]
"""From (open?) to (open?)."""

_LINE: Final[Span] = (-math.inf, False, math.inf, False)
MAX_SPANS: Final = 16


@dataclass(frozen=True)
class Domain:
    """Numbers within spans; texts, either these or all but these; and other kinds, by name:
    `KINDS`."""

    spans: tuple[Span, ...] = ()
    texts: frozenset[str] = frozenset()
    all_texts_but: bool = False
    others: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Whether no value is in it."""
        return not (self.spans or self.texts or self.all_texts_but or self.others)

    def __and__(self, other: Domain) -> Domain:
        if self.all_texts_but and other.all_texts_but:
            texts = self.texts | other.texts
        elif self.all_texts_but:
            texts = other.texts - self.texts
        elif other.all_texts_but:
            texts = self.texts - other.texts
        else:
            texts = self.texts & other.texts
        met = [span for a in self.spans for b in other.spans if (span := _met(a, b)) is not None]
        return Domain(
            spans=tuple(met) if len(met) <= MAX_SPANS else (_LINE,),
            texts=texts,
            all_texts_but=self.all_texts_but and other.all_texts_but,
            others=self.others & other.others,
        )

    def __or__(self, other: Domain) -> Domain:
        if self.all_texts_but and other.all_texts_but:
            found = self.texts & other.texts
        elif self.all_texts_but:
            found = self.texts - other.texts
        elif other.all_texts_but:
            found = other.texts - self.texts
        else:
            found = self.texts | other.texts
        return Domain(
            spans=self.spans + other.spans,
            texts=found,
            all_texts_but=self.all_texts_but or other.all_texts_but,
            others=self.others | other.others,
        )

    def __invert__(self) -> Domain:
        left = Domain(spans=(_LINE,))
        for low, low_open, high, high_open in self.spans:
            below: Span = (-math.inf, False, low, not low_open)
            above: Span = (high, not high_open, math.inf, False)
            beside = [span for span in (below, above) if _met(span, span) is not None]
            left &= Domain(spans=tuple(beside))
        return Domain(left.spans, self.texts, not self.all_texts_but, KINDS - self.others)

    def whole_numbers(self) -> Domain:
        """Without spans in which no whole number is."""
        spans = (_whole(span) for span in self.spans)
        kept = tuple(span for span in spans if span is not None)
        return Domain(kept, self.texts, self.all_texts_but, self.others)


def numbers(*spans: Span) -> Domain:
    """The numbers within these spans."""
    return Domain(spans=spans)


def texts(values: Iterable[str], *, but: bool = False) -> Domain:
    """These texts, or all but these."""
    return Domain(texts=frozenset(values), all_texts_but=but)


def others(*names: str) -> Domain:
    """Values of these kinds."""
    return Domain(others=frozenset(names))


KINDS: Final = frozenset(("absent", "null", "true", "false", "list", "map", "error"))
"""``error``: the place cannot be asked for."""
EVERYTHING: Final = Domain(spans=(_LINE,), all_texts_but=True, others=KINDS)
NOTHING: Final = Domain()


def _met(one: Span, other: Span) -> Span | None:
    low, low_open = max((one[0], one[1]), (other[0], other[1]))
    high, high_closed = min((one[2], not one[3]), (other[2], not other[3]))
    if low > high or (low == high and (low_open or not high_closed)):
        return None
    return low, low_open, high, not high_closed


def _whole(span: Span) -> Span | None:
    low, low_open, high, high_open = span
    if math.isfinite(low):
        low, low_open = math.floor(low) + 1 if low_open else math.ceil(low), False
    if math.isfinite(high):
        high, high_open = math.ceil(high) - 1 if high_open else math.floor(high), False
    return None if low > high else (low, low_open, high, high_open)
