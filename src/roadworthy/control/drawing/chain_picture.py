"""A chain drawn as SVG: for a page, in its colours, and for a file of its own. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from markupsafe import Markup

from roadworthy.control.drawing.chain_graph import ChainGraph, GraphNode
from roadworthy.control.drawing.layers import Layers, Slot, layered, placed
from roadworthy.control.drawing.svg import element, picture

__all__ = ["Links", "chain_file", "chain_picture"]

Links = Callable[[str], str | None]
"""Where a step's name leads to; None: nowhere."""

_LETTER: Final = 7.6
"""Pixels that a letter takes at most, on average, of the font's size below."""
_FONT: Final = {"font_family": "system-ui, sans-serif", "font_size": 13}
_LINE, _PAD, _GAP, _CHANNEL = 18, 14, 28, 44
_SPACE: Final = 6
"""Of an edge that passes a layer."""


def chain_picture(
    graph: ChainGraph, *, identifier: str = "chain", links: Links = lambda _: None
) -> Markup:
    """The picture, in the colour of the text around it; edges say what flows when pointed at."""
    drawn = _Drawing(graph, links)
    return picture(
        identifier,
        *drawn.edges(),
        *drawn.nodes(),
        title="The steps of the chain",
        description=". ".join(_described(graph)),
        class_="chain",
        viewBox=f"-2 0 {drawn.width} {drawn.height}",
        width=drawn.width,
        height=drawn.height,
        **_FONT,
    )


def chain_file(graph: ChainGraph) -> str:
    """The picture as a file that stands alone."""
    drawn = _Drawing(graph, lambda _: None)
    ground = element("rect", x=-2, width="100%", height="100%", fill="#fff")
    inside = element("g", ground, *drawn.edges(), *drawn.nodes(), color="#1f2328", **_FONT)
    whole = element(
        "svg",
        element("title", "The steps of the chain"),
        inside,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"-2 0 {drawn.width} {drawn.height}",
        width=drawn.width,
        height=drawn.height,
    )
    return f"{whole}\n"


def _described(graph: ChainGraph) -> Iterator[str]:
    for node in graph.nodes:
        if node.after:
            yield f"{node.name} after {', '.join(node.after)}"


class _Drawing:
    def __init__(self, graph: ChainGraph, links: Links) -> None:
        self._graph = graph
        self._links = links
        self._by_name = {node.name: node for node in graph.nodes}
        self._layers = layered({node.name: list(node.after) for node in graph.nodes})
        self._widths = {slot: self._width(slot) for row in self._layers.rows for slot in row}
        self._middles = placed(self._layers, self._widths, gap=_GAP)
        self._tops = self._rows()
        ends = [self._middles[slot] + width // 2 for slot, width in self._widths.items()]
        self.width = max(ends) + 4
        top, height = self._tops[self._layers.rows[-1][0]]
        self.height = top + height + 2

    def nodes(self) -> Iterator[Markup]:
        for row in self._layers.rows:
            for slot in row:
                if slot.passing is None:
                    yield self._node(slot)

    def edges(self) -> Iterator[Markup]:
        for start, end, paths in self._graph.edges:
            way = _way(self._layers, start, end)
            points = []
            for slot in way:
                top, height = self._tops[slot]
                points.append((self._middles[slot], top, top + height))
            tip = f"{start} → {end}" + (f": {', '.join(paths)}" if paths else " (waits for it)")
            yield element(
                "path",
                element("title", tip),
                d=_curve(points),
                fill="none",
                stroke="currentColor",
                stroke_opacity="0.55",
                stroke_width="1.5",
                stroke_dasharray=None if paths else "4 4",
            )
            x, y, _ = points[-1]
            yield element(
                "path", d=f"M{x - 4} {y - 7}L{x} {y}L{x + 4} {y - 7}Z", fill="currentColor"
            )

    def _width(self, slot: Slot) -> int:
        if slot.passing:
            return _SPACE
        node = self._by_name[slot.name]
        longest = max(map(len, (node.name, *node.notes)))
        return 2 * round((longest * _LETTER + 2 * _PAD) / 2)

    def _rows(self) -> Mapping[Slot, tuple[int, int]]:
        """By slot, where it begins from the top, and how high it is."""
        tops: dict[Slot, tuple[int, int]] = {}
        y = 1
        for row in self._layers.rows:
            nodes = [self._by_name[slot.name] for slot in row if slot.passing is None]
            height = max(_height(node) for node in nodes)
            for slot in row:
                own = height if slot.passing else _height(self._by_name[slot.name])
                tops[slot] = (y, own)
            y += height + _CHANNEL
        return tops

    def _node(self, slot: Slot) -> Markup:
        node, width = self._by_name[slot.name], self._widths[slot]
        (top, height), x = self._tops[slot], self._middles[slot]
        is_step = bool(node.after) and node is not self._graph.nodes[-1]
        box = element(
            "rect",
            x=x - width // 2,
            y=top,
            width=width,
            height=height,
            rx=6 if is_step else height // 2,
            fill="currentColor",
            fill_opacity="0.06",
            stroke="currentColor",
        )
        inside = [box, *_labels(node, x, top)]
        href = self._links(node.name) if is_step else None
        return element("a", *inside, href=href) if href else element("g", *inside)


def _height(node: GraphNode) -> int:
    return _LINE * (1 + len(node.notes)) + _PAD


def _labels(node: GraphNode, x: int, top: int) -> Iterator[Markup]:
    for number, text in enumerate((node.name, *node.notes)):
        yield element(
            "text",
            text,
            x=x,
            y=top + _PAD // 2 + 13 + number * _LINE,
            text_anchor="middle",
            fill="currentColor",
            fill_opacity="0.7" if number else None,
            font_weight=None if number else "600",
        )


def _way(layers: Layers, start: str, end: str) -> list[Slot]:
    passing = [s for row in layers.rows for s in row if s.passing == (start, end)]
    return [Slot(start), *passing, Slot(end)]


def _curve(points: list[tuple[int, int, int]]) -> str:
    """Down from the first, through the others, into the last. Points: middle, top, bottom."""
    x, _, y = points[0]
    drawn = f"M{x} {y}"
    for next_x, top, bottom in points[1:]:
        half = (top - y) // 2
        drawn += f"C{x} {y + half} {next_x} {top - half} {next_x} {top}"
        if (next_x, top, bottom) != points[-1]:
            drawn += f"V{bottom}"
        x, y = next_x, bottom
    return drawn
