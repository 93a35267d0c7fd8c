"""Charts over time, drawn by the server as SVG: pure functions of values.

A chart is one or more panels above each other that share their columns (the points of time).
Widths are percentages and heights pixels, so a chart fills any width without distorting its
text; line paths live in a nested, stretched picture. Colours come from the style sheet, by
class. A column's hit area spans the panel, links to the calls behind it, and carries its
figures as a title; the page shows the same figures in a table.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import msgspec
from markupsafe import Markup

from roadworthy.control.drawing.formats import UNKNOWN
from roadworthy.control.drawing.svg import element, percent, picture

__all__ = ["Chart", "Column", "Layer", "Panel", "draw_panel", "nice_top", "share_bar", "sparkline"]

AXIS_PX = 18
HEADROOM_PX = 14
"""Above the topmost grid line, for its label."""

Values: TypeAlias = Sequence[float | None]


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """One series; None is unknown and leaves a gap."""

    key: str
    """The CSS class that colours it."""
    label: str
    values: Values


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """Layers on one scale."""

    key: str
    label: str
    layers: list[Layer]
    kind: Literal["bars", "steps"] = "bars"
    """Bars are stacked; steps are drawn over each other, from the first to the last."""
    show: Callable[[float], str]
    """A value as people read it."""
    height_px: int = 120
    whole: bool = False
    """Values are counts: no grid line between 0 and 1."""


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One point of time."""

    label: str
    tick: str = ""
    """What the axis says where this column begins; empty: nothing."""
    href: str | None = None


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """A picture and the same figures as a table."""

    key: str
    title: str
    description: str
    columns: list[Column]
    panels: list[Panel]
    nothing: str = "no calls"
    """What is said of a column without values."""
    centred: bool = False
    """Whether a column's tick stands below its middle, as of things that are no points of time."""

    @property
    def layers(self) -> list[tuple[Panel, Layer]]:
        return [(panel, layer) for panel in self.panels for layer in panel.layers]


def nice_top(value: float, *, whole: bool = False) -> float:
    """The least round number that is not below the value and whose half is round too; of
    `whole` values the half is whole."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    steps = (1, 2, 4, 6, 8, 10, 20) if whole and power < 10 else (1, 2, 3, 4, 6, 8, 10, 20)
    top = next(power * step for step in steps if power * step >= value * (1 - 1e-12))
    return max(top, 1.0) if whole else top


def draw_panel(chart: Chart, panel: Panel, *, axis: bool) -> Markup:
    """One panel of the chart; `axis` adds the times below it."""
    highest = _highest(panel)
    top = nice_top(highest or 0, whole=panel.whole)
    plot_px = panel.height_px
    draw = _bars if panel.kind == "bars" else _steps
    identifier = f"{chart.key}-{panel.key}"
    return picture(
        identifier,
        _grid(panel, top if highest else 0),
        draw(panel, top, len(chart.columns)),
        _scale(panel, top) if highest else _flat(panel, highest),
        _hits(chart, panel),
        _axis(chart, plot_px) if axis else "",
        title=f"{chart.title}: {panel.label}",
        description=chart.description,
        class_=f"plot {panel.kind}",
        width="100%",
        height=plot_px + (AXIS_PX if axis else 2),
    )


def _highest(panel: Panel) -> float | None:
    """The highest value, of bars the highest stack; None: nothing is known."""
    known = [v for layer in panel.layers for v in layer.values if v is not None]
    if panel.kind == "bars" and known:
        stacks = zip(*(layer.values for layer in panel.layers), strict=True)
        return max(sum(v or 0 for v in stack) for stack in stacks)
    return max(known, default=None)


def _levels(panel: Panel, top: float) -> list[tuple[float, float]]:
    """Where the lines stand: shares of the scale, and their distance from the top in pixels."""
    shares: tuple[float, ...] = (0.0, 1.0) if panel.whole and top == 1 else (0.0, 0.5, 1.0)
    if not top:
        shares = (0.0,)
    room = panel.height_px - HEADROOM_PX
    return [(part, round(panel.height_px - part * room, 1)) for part in shares]


def _grid(panel: Panel, top: float) -> Markup:
    return Markup("").join(
        element("line", x1="0", x2="100%", y1=y, y2=y, class_="grid" if part else "base")
        for part, y in _levels(panel, top)
    )


def _scale(panel: Panel, top: float) -> Markup:
    """What the lines stand for; over the bars, since the first bar would hide it."""
    return Markup("").join(
        element("text", panel.show(part * top), x="0", y=y - 3, class_="tick")
        for part, y in _levels(panel, top)
        if part
    )


def _flat(panel: Panel, value: float | None) -> Markup:
    """What to say where there is nothing to draw: that it is nothing, or that it is unknown."""
    text = UNKNOWN if value is None else panel.show(value)
    return element("text", text, x="0", y=panel.height_px - 5, class_="tick")


def _bars(panel: Panel, top: float, columns: int) -> Markup:
    room = panel.height_px - HEADROOM_PX
    bars = []
    for index in range(columns):
        y = float(panel.height_px)
        for layer in panel.layers:
            value = layer.values[index] or 0
            if value <= 0:
                continue
            # One failure among thousands must still be seen.
            height = max(value / top * room, 1.5)
            y -= height
            bars.append(
                element(
                    "rect",
                    x=percent((index + 0.1) / columns),
                    y=round(y, 2),
                    width=percent(0.8 / columns),
                    height=round(height, 2),
                    class_=f"fill {layer.key}",
                )
            )
    return Markup("").join(bars)


def _steps(panel: Panel, top: float, columns: int) -> Markup:
    room = panel.height_px - HEADROOM_PX
    lines = [
        element("path", d=_step_path(layer.values, top=top, room=room), class_=f"line {layer.key}")
        for layer in panel.layers
    ]
    return element(
        "svg",
        *lines,
        x="0",
        y=HEADROOM_PX,
        width="100%",
        height=room,
        viewBox=f"0 0 {max(columns, 1)} {room}",
        preserveAspectRatio="none",
        class_="stretched",
    )


def _step_path(values: Values, *, top: float, room: float) -> str:
    """Each value as a level stretch, joined to its neighbour; a gap where it is unknown."""
    path, joined = [], False
    for index, value in enumerate(values):
        if value is None:
            joined = False
            continue
        y = round(room - value / top * room, 2)
        path.append(f"{'V' if joined else f'M{index} '}{y}H{index + 1}")
        joined = True
    return "".join(path)


def _hits(chart: Chart, panel: Panel) -> Markup:
    """Invisible columns that say their figures, and lead to the calls behind them.

    They are out of the tab order: the table below has the same links, in reading order.
    """
    width = 1 / max(len(chart.columns), 1)
    hits = []
    for index, column in enumerate(chart.columns):
        area = element(
            "rect",
            element("title", _tip(chart, index)),
            x=percent(index * width),
            y="0",
            width=percent(width),
            height=panel.height_px,
            class_="hit",
            data_column=index,
        )
        if column.href:
            area = element("a", area, href=column.href, tabindex="-1")
        hits.append(area)
    return element("g", *hits, aria_hidden="true")


def _tip(chart: Chart, index: int) -> str:
    lines = [chart.columns[index].label]
    for panel, layer in chart.layers:
        value = layer.values[index]
        if value:
            lines.append(f"{layer.label}\t{panel.show(value)}")
    return "\n".join(lines if len(lines) > 1 else [*lines, chart.nothing])


def _axis(chart: Chart, plot_px: int) -> Markup:
    marks = []
    for index, column in enumerate(chart.columns):
        if not column.tick:
            continue
        x = percent((index + chart.centred / 2) / len(chart.columns))
        anchor = "start" if index == 0 and not chart.centred else "middle"
        marks.append(element("line", x1=x, x2=x, y1=plot_px, y2=plot_px + 4, class_="base"))
        marks.append(
            element("text", column.tick, x=x, y=plot_px + 15, class_="tick", text_anchor=anchor)
        )
    return Markup("").join(marks)


def sparkline(values: Values) -> Markup:
    """A line without axes beside a figure; purely decorative, the chart says it in full."""
    top = max((v for v in values if v is not None), default=0) or 1
    path = _step_path(values, top=top, room=30)
    return element(
        "svg",
        element("path", d=path, class_="line"),
        class_="spark",
        viewBox=f"0 -1 {max(len(values), 1)} 32",
        preserveAspectRatio="none",
        aria_hidden="true",
    )


def share_bar(parts: Sequence[tuple[str, int]], *, title: str) -> Markup:
    """Shares of a whole as one bar: pairs of CSS class and count, in order."""
    whole = sum(number for _, number in parts) or 1
    drawn, left = [], 0.0
    for key, number in parts:
        if number:
            width = number / whole
            drawn.append(
                element(
                    "rect",
                    x=percent(left),
                    y="0",
                    width=percent(width),
                    height="100%",
                    class_=f"fill {key}",
                )
            )
            left += width
    return element(
        "svg", element("title", title), *drawn, class_="share", role="img", aria_label=title
    )
