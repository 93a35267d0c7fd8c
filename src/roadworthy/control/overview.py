"""What the overview page says: remarks, headline figures, charts, tasks. Pure.

It answers, in this order: is it holding? what veers off? which calls show it?
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec
from markupsafe import Markup

from roadworthy.control.drawing.charts import Chart, Column, Layer, Panel, share_bar, sparkline
from roadworthy.control.drawing.formats import compact, count, duration_ms, iso_time, share
from roadworthy.control.drawing.time_axis import time_column
from roadworthy.control.links import link
from roadworthy.control.outcomes import OUTCOMES, not_answered, style_of
from roadworthy.control.query import SPANS, OverviewQuery
from roadworthy.core import ANSWERED, NUSD_PER_USD, format_usd
from roadworthy.storage.views import Figures, Overview

__all__ = ["Card", "OverviewPage", "OverviewTask", "Remark", "overview_page"]


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence of the verdict."""

    tone: Literal["good", "attention", "quiet"]
    text: str
    outcomes: list[tuple[str, int, str]] = []
    """Outcome, number of calls and the address that lists them."""


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """One headline figure."""

    label: str
    value: str
    notes: list[str]
    before: str
    """The same figure over the span before; empty: there were no calls."""
    spark: Markup


class OverviewTask(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table of tasks."""

    task: str
    href: str
    figures: Figures
    bar: Markup
    lost: int
    """Calls without an answer."""
    conforming: str
    conforming_before: str
    p95_before: str


class OverviewPage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the page, in words."""

    overview: Overview
    span_name: str
    remarks: list[Remark]
    cards: list[Card]
    charts: dict[str, Chart]
    tasks: list[OverviewTask]


def overview_page(overview: Overview, *, before: Overview, query: OverviewQuery) -> OverviewPage:
    """The page of these figures; `before` are those of the span before, for comparison."""
    return OverviewPage(
        overview=overview,
        span_name=SPANS[query.span][0],
        remarks=_remarks(overview, query),
        cards=_cards(overview, before.total, of_all=query.task is None),
        charts=_charts(overview, query),
        tasks=_tasks(overview, before, query),
    )


def _remarks(overview: Overview, query: OverviewQuery) -> list[Remark]:
    total = overview.total
    if not total.calls:
        return []
    remarks = [_conformance_remark(total)]
    lost = [
        (name, n, _calls(query, outcome=name)) for name, n in not_answered(total.outcomes).items()
    ]
    withheld = [part for part in lost if style_of(part[0]).family == "withheld"]
    callers = [part for part in lost if style_of(part[0]).family == "caller"]
    all_calls = count(total.calls)
    if withheld:
        text = f"{_sum(withheld)} of {all_calls} calls got no answer"
        remarks.append(Remark(tone="attention", text=text, outcomes=withheld))
    elif not callers:
        text = f"Every call was answered: {all_calls} of {all_calls}."
        remarks.append(Remark(tone="good", text=text))
    if callers:
        text = f"{_sum(callers)} of {all_calls} calls ended on the caller's side"
        remarks.append(Remark(tone="quiet", text=text, outcomes=callers))
    return remarks


def _sum(parts: list[tuple[str, int, str]]) -> str:
    return count(sum(number for _, number, _ in parts))


def _conformance_remark(total: Figures) -> Remark:
    if not total.checked:
        text = "Nothing was checked: no model's answer here had an output schema to conform to."
        return Remark(tone="quiet", text=text)
    if total.conforming == total.checked:
        number = count(total.checked)
        return Remark(tone="good", text=f"Every checked answer conforms: {number} of {number}.")
    missed = total.checked - total.conforming
    of = f"of {count(total.checked)} checked answers"
    text = f"{count(missed)} {of} could not be made to conform, and were not delivered."
    return Remark(tone="attention", text=text)


def _calls(query: OverviewQuery, **parameters: object) -> str:
    given = {"task": query.task, "since": query.span, **parameters}
    return link("/calls", **given)


def _cards(overview: Overview, before: Figures, *, of_all: bool) -> list[Card]:
    total = overview.total
    # The last point is still filling, and would end every line in a fall.
    earlier = overview.series[:-1]
    series = earlier if any(figures.calls for figures in earlier) else overview.series
    known = before.calls > 0
    return [
        Card(
            label="Calls",
            value=count(total.calls),
            notes=_call_notes(total, of_all=of_all),
            before=count(before.calls) if known else "",
            spark=sparkline([figures.calls for figures in series]),
        ),
        Card(
            label="Conforming",
            value=share(total.conforming, total.checked),
            notes=[_conforming_note(total)],
            before=share(before.conforming, before.checked) if known else "",
            spark=sparkline([_conforming_share(figures) for figures in series]),
        ),
        Card(
            label="Latency, p95",
            value=duration_ms(total.p95_ms),
            notes=[f"p50 {duration_ms(total.p50_ms)} · p99 {duration_ms(total.p99_ms)}"],
            before=duration_ms(before.p95_ms) if known else "",
            spark=sparkline([figures.p95_ms for figures in series]),
        ),
        Card(
            label="Cost",
            value=format_usd(total.cost_nusd),
            notes=_cost_notes(total),
            before=format_usd(before.cost_nusd) if known else "",
            spark=sparkline([figures.cost_nusd for figures in series]),
        ),
    ]


def _call_notes(total: Figures, *, of_all: bool) -> list[str]:
    notes = [f"{count(total.answered)} answered ({share(total.answered, total.calls)})"]
    if total.nested:
        told = "beside them, as steps of chains" if of_all else "of them as steps"
        notes.append(f"{count(total.nested)} {told}")
    return notes


def _conforming_note(total: Figures) -> str:
    if not total.checked:
        return "no answer had a schema to conform to"
    return f"{count(total.conforming)} of {count(total.checked)} checked answers"


def _conforming_share(figures: Figures) -> float | None:
    return figures.conforming / figures.checked if figures.checked else None


def _cost_notes(total: Figures) -> list[str]:
    notes = [f"tokens: {compact(total.input_tokens)} in, {compact(total.output_tokens)} out"]
    if total.unpriced:
        noun = "call" if total.unpriced == 1 else "calls"
        notes.append(f"without {count(total.unpriced)} {noun} of unknown cost")
    return notes


def _charts(overview: Overview, query: OverviewQuery) -> dict[str, Chart]:
    columns = [_column(figures, overview, query) for figures in overview.series]
    over = f"over the last {SPANS[query.span][0]}, in {len(columns)} points"
    charts = (
        Chart(
            key="outcomes",
            title="Outcomes",
            description=f"How calls ended, {over}; calls without an answer on their own scale.",
            columns=columns,
            panels=_outcome_panels(overview),
        ),
        Chart(
            key="latency",
            title="Latency",
            description=f"The median and the 95th percentile of durations, {over}; rejected and "
            "cancelled calls are left out.",
            columns=columns,
            panels=[_latency_panel(overview)],
        ),
        Chart(
            key="spend",
            title="Tokens and cost",
            description=f"Tokens in and out, and what they cost, {over}.",
            columns=columns,
            panels=_spend_panels(overview),
        ),
    )
    return {chart.key: chart for chart in charts}


def _column(figures: Figures, overview: Overview, query: OverviewQuery) -> Column:
    href = link(
        "/calls",
        task=query.task,
        since=iso_time(figures.start_us),
        until=iso_time(figures.start_us + overview.bucket_us),
    )
    return time_column(
        figures.start_us,
        width_us=overview.bucket_us,
        until_us=overview.until_us,
        span=query.span,
        href=href if figures.calls else None,
    )


def _outcome_panels(overview: Overview) -> list[Panel]:
    """Answered calls above; the others below on a scale of their own, since one in a thousand
    is what someone looks for and would be invisible in one stack."""
    seen = {name for figures in overview.series for name, n in figures.outcomes.items() if n}
    # Those that occurred, in the table's order, then those this version does not know.
    names = [*(name for name in OUTCOMES if name in seen), *sorted(seen - OUTCOMES.keys())]
    answered = [name for name in names if name in ANSWERED]
    lost = [name for name in names if name not in ANSWERED]
    panels = []
    for key, label, group, height in (
        ("answered", "answered", answered, 130),
        ("lost", "not answered", lost, 64),
    ):
        layers = [
            Layer(
                key=f"o-{name}",
                label=style_of(name).label,
                values=[figures.outcomes.get(name, 0) for figures in overview.series],
            )
            for name in group
        ]
        if layers:
            panels.append(
                Panel(key=key, label=label, layers=layers, show=count, height_px=height, whole=True)
            )
    return panels


def _latency_panel(overview: Overview) -> Panel:
    return Panel(
        key="latency",
        label="duration",
        kind="steps",
        show=duration_ms,
        height_px=176,
        layers=[
            Layer(key="p50", label="p50", values=[f.p50_ms for f in overview.series]),
            Layer(key="p95", label="p95", values=[f.p95_ms for f in overview.series]),
        ],
    )


def _spend_panels(overview: Overview) -> list[Panel]:
    series = overview.series
    return [
        Panel(
            key="tokens",
            label="tokens",
            show=compact,
            whole=True,
            height_px=80,
            layers=[
                Layer(key="t-in", label="Input tokens", values=[f.input_tokens for f in series]),
                Layer(key="t-out", label="Output tokens", values=[f.output_tokens for f in series]),
            ],
        ),
        Panel(
            key="cost",
            label="cost",
            show=_usd,
            height_px=64,
            layers=[Layer(key="cost", label="Cost", values=[f.cost_nusd for f in series])],
        ),
    ]


def _usd(nusd: float) -> str:
    """A grid line's cost, with no more digits than it has."""
    usd = nusd / NUSD_PER_USD
    if usd == 0:
        return "$0"
    return f"${usd:,.2f}" if usd >= 10 else f"${usd:.3g}" if usd >= 0.0001 else f"${usd:.7f}"


def _tasks(overview: Overview, before: Overview, query: OverviewQuery) -> list[OverviewTask]:
    earlier = {item.task: item.figures for item in before.tasks}
    rows = []
    for item in overview.tasks:
        figures, was = item.figures, earlier.get(item.task)
        rows.append(
            OverviewTask(
                task=item.task,
                href=link("/", task=item.task, span=query.span),
                figures=figures,
                bar=_outcome_bar(figures),
                lost=sum(not_answered(figures.outcomes).values()),
                conforming=share(figures.conforming, figures.checked),
                conforming_before=_changed(
                    was, lambda f: share(f.conforming, f.checked), now=figures
                ),
                p95_before=_changed(was, lambda f: duration_ms(f.p95_ms), now=figures),
            )
        )
    return rows


def _outcome_bar(figures: Figures) -> Markup:
    names = [*OUTCOMES, *sorted(figures.outcomes.keys() - OUTCOMES.keys())]
    parts = [(f"o-{name}", figures.outcomes.get(name, 0)) for name in names]
    told = ", ".join(
        f"{style_of(name).label} {count(figures.outcomes[name])}"
        for name in names
        if figures.outcomes.get(name)
    )
    return share_bar(parts, title=told or "no calls")


def _changed(was: Figures | None, show: Callable[[Figures], str], *, now: Figures) -> str:
    """How the figure read before; empty where there was none, or where it reads the same."""
    if was is None or not was.calls:
        return ""
    return "" if show(was) == show(now) else show(was)
