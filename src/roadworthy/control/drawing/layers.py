"""A graph without cycles, laid out in layers: what stands beside what, and in which order. Pure.

Source: Sugiyama, Tagawa, Toda, "Methods for Visual Understanding of Hierarchical System
Structures", IEEE SMC-11 (1981): layers by the longest way from a source, edges over several
layers broken by dummies, crossings lessened by sweeps over the means of neighbours' places.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

__all__ = ["Layers", "Slot", "layered", "placed"]

_SWEEPS: Final = 8
_PASSES: Final = 4


@dataclass(frozen=True)
class Slot:
    """A place in a layer: a node, or where an edge passes it by."""

    name: str
    passing: tuple[str, str] | None = None
    """The edge that passes; None: a node."""


@dataclass(frozen=True)
class Layers:
    """Slots by layer, from the top and from the left, and what joins those of adjacent layers."""

    rows: tuple[tuple[Slot, ...], ...]
    joins: tuple[tuple[Slot, Slot], ...]


def layered(needs: Mapping[str, Collection[str]]) -> Layers:
    """The layout of nodes, given with those that they come after; each after all of these."""
    level: dict[str, int] = {}
    for name, before in needs.items():
        level[name] = 1 + max((level[other] for other in before), default=-1)
    rows: list[list[Slot]] = [[] for _ in range(max(level.values(), default=-1) + 1)]
    for name, at in level.items():
        rows[at].append(Slot(name))
    joins: list[tuple[Slot, Slot]] = []
    for name, before in needs.items():
        for other in before:
            upper = Slot(other)
            for at in range(level[other] + 1, level[name]):
                passing = Slot(f"{other}→{name}@{at}", (other, name))
                rows[at].append(passing)
                joins.append((upper, passing))
                upper = passing
            joins.append((upper, Slot(name)))
    return Layers(_untangled(rows, joins), tuple(joins))


def placed(layers: Layers, widths: Mapping[Slot, int], *, gap: int) -> dict[Slot, int]:
    """Where each slot's middle is, from the left: near the mean of what it is joined to, none
    nearer to its neighbour than the gap."""
    middles: dict[Slot, float] = {}
    for row in layers.rows:
        at = 0
        for slot in row:
            middles[slot] = at + widths[slot] / 2
            at += widths[slot] + gap
    near: dict[Slot, list[Slot]] = {}
    for upper, lower in layers.joins:
        near.setdefault(upper, []).append(lower)
        near.setdefault(lower, []).append(upper)
    for rows in (layers.rows, layers.rows[::-1]) * _PASSES:
        for row in rows:
            wanted = [
                sum(middles[o] for o in near[slot]) / len(near[slot])
                if near.get(slot)
                else middles[slot]
                for slot in row
            ]
            middles |= dict(zip(row, _apart(row, wanted, widths, gap), strict=True))
    whole = {slot: math.floor(middle + 0.5) for slot, middle in middles.items()}
    least = min(middle - widths[slot] // 2 for slot, middle in whole.items())
    return {slot: middle - least for slot, middle in whole.items()}


def _apart(
    row: Sequence[Slot], wanted: Sequence[float], widths: Mapping[Slot, int], gap: int
) -> list[float]:
    """The wanted places, moved as little to the right, then all to the left, as they must."""
    found: list[float] = []
    for index, slot in enumerate(row):
        least = wanted[index]
        if index:
            half = (widths[row[index - 1]] + widths[slot] + 1) // 2 + gap
            least = max(least, found[-1] + half)
        found.append(least)
    shift = sum(a - b for a, b in zip(found, wanted, strict=True)) / len(row)
    return [middle - shift for middle in found]


def _untangled(
    rows: list[list[Slot]], joins: Sequence[tuple[Slot, Slot]]
) -> tuple[tuple[Slot, ...], ...]:
    """The order within each row with the fewest crossings that the sweeps came by."""
    above: dict[Slot, list[Slot]] = {}
    below: dict[Slot, list[Slot]] = {}
    for upper, lower in joins:
        above.setdefault(lower, []).append(upper)
        below.setdefault(upper, []).append(lower)
    best = [list(row) for row in rows]
    fewest = _crossings(best, below)
    for sweep in range(_SWEEPS):
        downwards = sweep % 2 == 0
        order = range(1, len(rows)) if downwards else range(len(rows) - 2, -1, -1)
        for at in order:
            fixed = rows[at - 1 if downwards else at + 1]
            _sort(
                rows[at], {slot: n for n, slot in enumerate(fixed)}, above if downwards else below
            )
        crossings = _crossings(rows, below)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    return tuple(tuple(row) for row in best)


def _sort(row: list[Slot], places: Mapping[Slot, int], near: Mapping[Slot, list[Slot]]) -> None:
    own = {slot: float(n) for n, slot in enumerate(row)}

    def mean(slot: Slot) -> float:
        found = [places[other] for other in near.get(slot, ()) if other in places]
        return sum(found) / len(found) if found else own[slot]

    row.sort(key=mean)


def _crossings(rows: Sequence[Sequence[Slot]], below: Mapping[Slot, list[Slot]]) -> int:
    count = 0
    for upper, lower in pairwise(rows):
        places = {slot: n for n, slot in enumerate(lower)}
        ends = [sorted(places[other] for other in below.get(slot, ())) for slot in upper]
        for at, mine in enumerate(ends):
            for others in ends[at + 1 :]:
                count += sum(other < own for own in mine for other in others)
    return count
