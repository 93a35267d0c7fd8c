"""A chain drawn with the characters of a terminal. Pure.

Lines from one box leave it at one place and part below it; lines that reach one box join above
it. A box is entered beside its middle where another line stands above that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from roadworthy.control.drawing.chain_graph import ChainGraph, GraphNode
from roadworthy.control.drawing.layers import Slot, layered, placed

__all__ = ["chain_text"]

_NORTH, _EAST, _SOUTH, _WEST = 1, 2, 4, 8
_LINES: Final = " ╵╶└╷│┌├╴┘─┴┐┤┬┼"
_GAP: Final = 3


def chain_text(graph: ChainGraph) -> str:
    """The picture, several lines."""
    nodes = {node.name: node for node in graph.nodes}
    layers = layered({node.name: list(node.after) for node in graph.nodes})
    widths = {
        slot: 1 if slot.passing else _width(nodes[slot.name]) for row in layers.rows for slot in row
    }
    middles = placed(layers, widths, gap=_GAP)
    canvas = _Canvas()
    y = 0
    for number, row in enumerate(layers.rows):
        height = max(2 + _height(nodes[slot.name]) for slot in row if slot.passing is None)
        for slot in row:
            if slot.passing:
                canvas.line(middles[slot], y, middles[slot], y + height - 1)
            else:
                canvas.box(nodes[slot.name], middles[slot] - widths[slot] // 2, y, height)
        y += height
        if number + 1 < len(layers.rows):
            joins = [(a, b) for a, b in layers.joins if a in row]
            y = _channel(canvas, joins, middles, y)
    return canvas.text()


def _width(node: GraphNode) -> int:
    return max(map(len, (node.name, *node.notes))) + 4 | 1


def _height(node: GraphNode) -> int:
    return 1 + len(node.notes)


def _channel(
    canvas: _Canvas, joins: list[tuple[Slot, Slot]], middles: Mapping[Slot, int], top: int
) -> int:
    """Draw what joins two layers; the row below it."""
    targets: dict[Slot, list[Slot]] = {}
    for upper, lower in joins:
        targets.setdefault(upper, []).append(lower)
    doors = _doors(targets, middles)
    tracks = _tracks(targets, middles, doors)
    bottom = top + max(tracks.values(), default=-1) + 2
    for upper, lowers in targets.items():
        x, track = middles[upper], top + tracks.get(upper, 0)
        canvas.line(x, top - 1, x, track)
        for lower in lowers:
            canvas.line(x, track, doors[lower], track)
            canvas.line(doors[lower], track, doors[lower], bottom)
    for lower in {lower for lowers in targets.values() for lower in lowers}:
        if lower.passing:
            canvas.line(doors[lower], bottom - 1, middles[lower], bottom - 1)
            canvas.line(middles[lower], bottom - 1, middles[lower], bottom)
        else:
            canvas.put(doors[lower], bottom - 1, "▼")
    return bottom


def _tracks(
    targets: Mapping[Slot, list[Slot]], middles: Mapping[Slot, int], doors: Mapping[Slot, int]
) -> dict[Slot, int]:
    """The row on which each slot's line goes sideways. Lines to the same slots share theirs, and
    so do those that stay clear of each other; what goes straight down has none."""
    groups: dict[frozenset[Slot], list[Slot]] = {}
    for upper, lowers in targets.items():
        groups.setdefault(frozenset(lowers), []).append(upper)
    spans = []
    for together, uppers in groups.items():
        columns = [doors[lower] for lower in together] + [middles[upper] for upper in uppers]
        if len(set(columns)) > 1:
            spans.append((min(columns), max(columns), uppers))
    rows: list[int] = []
    tracks: dict[Slot, int] = {}
    for start, end, uppers in sorted(spans, key=lambda span: span[:2]):
        row = next((n for n, taken in enumerate(rows) if taken < start - 1), len(rows))
        rows[row : row + 1] = [end]
        tracks |= dict.fromkeys(uppers, row)
    return tracks


def _doors(targets: Mapping[Slot, list[Slot]], middles: Mapping[Slot, int]) -> dict[Slot, int]:
    """Where each slot is entered: in its middle, unless that would run into another's line."""
    doors: dict[Slot, int] = {}
    for lower in dict.fromkeys(lower for lowers in targets.values() for lower in lowers):
        taken = {
            middles[upper]
            for upper, lowers in targets.items()
            if lower not in lowers or len(lowers) > 1
        }
        own = middles[lower]
        straight = [upper for upper, lowers in targets.items() if lower in lowers]
        if len(straight) == 1 and middles[straight[0]] == own:
            taken.discard(own)
        beside = () if lower.passing else (own + 1, own - 1)  # the narrowest box has three
        choices = (own, *beside)
        doors[lower] = next((x for x in choices if x not in taken), own)
    return doors


class _Canvas:
    def __init__(self) -> None:
        self._masks: dict[tuple[int, int], int] = {}
        self._texts: dict[tuple[int, int], str] = {}

    def put(self, x: int, y: int, text: str) -> None:
        for offset, letter in enumerate(text):
            self._texts[x + offset, y] = letter

    def line(self, x0: int, y0: int, x1: int, y1: int) -> None:
        """A line along a row or a column; of one place, nothing."""
        for y in range(min(y0, y1), max(y0, y1)):
            self._add(x0, y, _SOUTH)
            self._add(x0, y + 1, _NORTH)
        for x in range(min(x0, x1), max(x0, x1)):
            self._add(x, y0, _EAST)
            self._add(x + 1, y0, _WEST)

    def box(self, node: GraphNode, x: int, y: int, height: int) -> None:
        width = _width(node)
        right, bottom = x + width - 1, y + height - 1
        for row in (y, bottom):
            self.line(x, row, right, row)
        for column in (x, right):
            self.line(column, y, column, bottom)
        for number, text in enumerate((node.name, *node.notes)):
            self.put(x + (width - len(text)) // 2, y + 1 + number, text)

    def _add(self, x: int, y: int, direction: int) -> None:
        self._masks[x, y] = self._masks.get((x, y), 0) | direction

    def text(self) -> str:
        ends: dict[int, int] = {}
        for x, y in (*self._masks, *self._texts):
            ends[y] = max(x, ends.get(y, 0))
        return "\n".join(self._row(y, ends.get(y, -1)) for y in range(max(ends) + 1))

    def _row(self, y: int, end: int) -> str:
        letters = (
            self._texts.get((x, y)) or _LINES[self._masks.get((x, y), 0)] for x in range(end + 1)
        )
        return "".join(letters).rstrip()
