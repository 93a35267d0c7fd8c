from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from roadworthy.control.drawing.charts import (
    Chart,
    Column,
    Layer,
    Panel,
    draw_panel,
    nice_top,
    share_bar,
    sparkline,
)
from roadworthy.control.drawing.formats import count
from roadworthy.control.drawing.svg import element

Values = list[float | None]


def chart_of(*layers: Values, kind: str = "bars", label: str = "14:00") -> tuple[Chart, Panel]:
    panel = Panel(
        key="p",
        label="calls",
        kind=kind,  # type: ignore[arg-type]  # a literal in every caller
        show=count,
        height_px=114,
        whole=True,
        layers=[
            Layer(key=f"k{i}", label=f"L{i}", values=values) for i, values in enumerate(layers)
        ],
    )
    columns = [Column(label=label, tick="x", href="/calls?a=1&b=2") for _ in layers[0]]
    return Chart(key="c", title="T", description="D", columns=columns, panels=[panel]), panel


def parsed(svg: Markup) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def with_class(svg: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [e for e in svg.iter() if name in e.get("class", "").split()]


@given(st.floats(1e-6, 1e15))
def test_the_top_of_a_scale_is_round_and_not_far_off(value: float) -> None:
    top = nice_top(value)
    assert value * 0.999 <= top <= value * 2.01
    assert float(f"{top:.1g}") == pytest.approx(top) or top / 2 == pytest.approx(0)


@given(st.integers(0, 10**9))
def test_the_middle_of_a_scale_of_counts_is_a_count(value: int) -> None:
    top = nice_top(value, whole=True)
    assert top >= value
    assert top == 1 or (top / 2).is_integer()


def test_bars_stack_to_the_height_of_their_sum() -> None:
    svg = parsed(draw_panel(*chart_of([1, 0], [3, 4]), axis=True))
    bars = with_class(svg, "fill")
    heights = [float(bar.get("height", "")) for bar in bars]
    assert [bar.get("class") for bar in bars] == ["fill k0", "fill k1", "fill k1"]
    assert heights == [25, 75, 100]
    assert float(bars[1].get("y", "")) == pytest.approx(14)


def test_one_failure_among_thousands_can_be_seen() -> None:
    svg = parsed(draw_panel(*chart_of([100_000], [1]), axis=False))
    assert float(with_class(svg, "k1")[0].get("height", "")) >= 1.5


def test_steps_leave_a_gap_where_the_value_is_unknown() -> None:
    svg = parsed(draw_panel(*chart_of([2, 2, None, 1], kind="steps"), axis=False))
    (path,) = (e for e in svg.iter() if e.tag == "path")
    assert path.get("d") == "M0 0.0H1V0.0H2M3 50.0H4"


def test_a_picture_says_what_it_shows() -> None:
    svg = parsed(draw_panel(*chart_of([1]), axis=True))
    assert svg.get("role") == "img"
    named = [svg.find(f".//*[@id='{i}']") for i in svg.get("aria-labelledby", "").split()]
    assert [e.text for e in named if e is not None] == ["T: calls", "D"]


def test_columns_tell_their_figures_and_lead_to_their_calls() -> None:
    svg = parsed(draw_panel(*chart_of([3, 0], [1, 0]), axis=True))
    tips = [e.findtext("title") for e in with_class(svg, "hit")]
    assert tips == ["14:00\nL0\t3\nL1\t1", "14:00\nno calls"]
    assert {a.get("href") for a in svg.iter("a")} == {"/calls?a=1&b=2"}


@pytest.mark.parametrize("values", [[], [None], [0], [0, None]])
def test_a_chart_of_nothing_is_still_a_picture(values: Values) -> None:
    for kind in ("bars", "steps"):
        parsed(draw_panel(*chart_of(values, kind=kind), axis=True))
    parsed(sparkline(values))


@pytest.mark.parametrize(("values", "told"), [([None, None], "unknown"), ([0, None], "0")])
def test_a_scale_of_nothing_says_nothing_more(values: Values, told: str) -> None:
    svg = parsed(draw_panel(*chart_of(values), axis=False))
    assert [e.text for e in with_class(svg, "tick")] == [told]
    assert with_class(svg, "grid") == []


def test_hostile_labels_stay_text() -> None:
    hostile = "</title><script>alert(1)</script>\"'"
    svg = draw_panel(*chart_of([1], label=hostile), axis=True)
    assert "<script" not in svg
    assert parsed(svg).find(".//title[.='" + "T: calls" + "']") is not None
    assert element("a", href='"><script>') == Markup('<a href="&#34;&gt;&lt;script&gt;"></a>')


def test_parts_of_a_bar_fill_it() -> None:
    svg = parsed(share_bar([("a", 1), ("b", 0), ("c", 3)], title="x"))
    assert [(e.get("x"), e.get("width")) for e in svg.iter("rect")] == [
        ("0%", "25%"),
        ("25%", "75%"),
    ]
