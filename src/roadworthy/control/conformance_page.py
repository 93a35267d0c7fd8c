"""What the page of conformance says: does it hold, where not, why not, and which calls show it.

Pure; `roadworthy.control.conformance_routes` fetches and `conformance.html` lays out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import msgspec
from markupsafe import Markup

from roadworthy.control.conformance_query import DEFAULT_BY, ConformanceQuery
from roadworthy.control.drawing.charts import Chart, Layer, Panel, share_bar, sparkline
from roadworthy.control.drawing.formats import compact, count, iso_time, share
from roadworthy.control.drawing.time_axis import time_column
from roadworthy.control.links import call_link, link
from roadworthy.control.outcomes import style_of
from roadworthy.control.overview import Card, Remark
from roadworthy.control.query import SPANS
from roadworthy.core import format_usd
from roadworthy.monitoring import Change, ConformanceLine, ConformanceReport, Share
from roadworthy.storage.ledger import OTHER, Tally
from roadworthy.storage.ledger_views import ReasonCount

__all__ = ["ConformancePage", "conformance_page"]

DELIVERED: Final = ("first_pass", "repaired", "reasked")
WITHHELD: Final = ("failed", "refused", "truncated")
PRESETS: Final = (
    ("Model and mode", DEFAULT_BY),
    ("Version", "task,version"),
    ("Schema", "task,schema"),
    ("Everything", "task,version,provider,model,mode,schema"),
)
LED_TO: Final = {
    "repair": ("repaired", "Repaired"),
    "reask": ("reasked", "Asked again"),
    "failure": ("failed", "Not delivered"),
}
_SHOWN_DIGEST: Final = 10


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """The value of one dimension in a line, which narrows the page to it."""

    label: str
    text: str
    href: str
    """Empty: it cannot be narrowed further."""


class LineView(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table."""

    cells: list[Cell]
    line: ConformanceLine
    bar: Markup
    interval: str
    first_pass: str
    change: str
    """In points; empty: nothing was checked before."""
    change_interval: str
    calls: str
    """The address that lists its calls; empty: they cannot be told apart."""


class ReasonView(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table of reasons."""

    outcome: str
    """Whose icon goes with it."""
    led_to: str
    reason: ReasonCount
    where: str
    share: str
    before: str
    example: str
    calls: str
    """The address that lists calls which ended so."""


class ConformancePage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the page, in words."""

    report: ConformanceReport
    span_name: str
    dimensions: tuple[str, ...]
    narrowed: list[Cell]
    """The conditions that hold; each address drops one."""
    presets: list[tuple[str, str, bool]]
    """Name, address, and whether it is chosen."""
    remarks: list[Remark]
    cards: list[Card]
    chart: Chart
    lines: list[LineView]
    reasons: list[ReasonView]


def conformance_page(report: ConformanceReport, query: ConformanceQuery) -> ConformancePage:
    """The page of this report."""
    return ConformancePage(
        report=report,
        span_name=SPANS[query.span][0],
        dimensions=report.by,
        narrowed=_narrowed(query),
        presets=[(name, _here(query, by=by), by == query.by) for name, by in PRESETS],
        remarks=_remarks(report, query),
        cards=_cards(report),
        chart=_chart(report, query),
        lines=[_line(line, query) for line in report.lines],
        reasons=[_reason(reason, report, query) for reason in report.reasons],
    )


def _here(query: ConformanceQuery, **changes: str | None) -> str:
    """This page with other parameters."""
    given = {**query.model_dump(by_alias=True), **changes}
    return link("/conformance", **{k: v for k, v in given.items() if (k, v) != ("by", DEFAULT_BY)})


def _calls(query: ConformanceQuery, **parameters: str | None) -> str:
    """The list of these calls. Whom they were answered by is not among its conditions."""
    given = {"since": query.span, **query.filter_parameters(), **parameters}
    given.pop("provider", None)
    return link("/calls", **given)


def _narrowed(query: ConformanceQuery) -> list[Cell]:
    return [
        Cell(label=name, text=_short(name, value), href=_here(query, **{name: None}))
        for name, value in query.filter_parameters().items()
        if value is not None and name != "task"
    ]


def _short(dimension: str, value: str) -> str:
    if dimension == "schema" and value != OTHER:
        return value[:_SHOWN_DIGEST]
    return value


def _remarks(report: ConformanceReport, query: ConformanceQuery) -> list[Remark]:
    total = report.total
    conforming = total.share
    if not conforming.checked:
        return []
    whole = conforming.conforming == conforming.checked
    of = f"{count(conforming.conforming)} of {count(conforming.checked)}"
    told = (
        f"Every checked answer conforms: {of}."
        if whole
        else f"{share(conforming.conforming, conforming.checked)} of the checked answers conform:"
        f" {of}."
    )
    sure = f" With 95 % certainty it is between {_interval(conforming)}."
    remarks = [Remark(tone="good" if whole else "attention", text=told + sure)]
    remarks.append(_moved(total.change, SPANS[query.span][0]))
    tally = total.tally
    if tally.reasks:
        noun = "question" if tally.reasks == 1 else "questions"
        text = f"Asking again took {count(tally.reasks)} {noun}: {_spent(tally)}."
        remarks.append(Remark(tone="quiet", text=text))
    return remarks


def _moved(change: Change, span_name: str) -> Remark:
    if change.value is None:
        text = f"Nothing was checked in the {span_name} before, so there is nothing to compare."
        return Remark(tone="quiet", text=text)
    points = f"{_points(change.value)} points ({_points(change.low)} to {_points(change.high)})"
    since = f"against the {span_name} before"
    if change.verdict == "worse":
        return Remark(tone="attention", text=f"It got worse {since}: {points}.")
    if change.verdict == "better":
        return Remark(tone="good", text=f"It got better {since}: {points}.")
    return Remark(tone="quiet", text=f"Whether it moved {since} cannot be told: {points}.")


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"


def _interval(of: Share) -> str:
    """Rounded outwards, so that it never promises too much."""
    low, high = math.floor(of.low * 1000) / 10, math.ceil(of.high * 1000) / 10
    return f"{low:g} and {high:g} %"


def _spent(tally: Tally) -> str:
    tokens = f"{compact(tally.reask_input_tokens)} tokens in, {compact(tally.reask_output_tokens)}"
    cost = format_usd(tally.reask_cost_nusd)
    if tally.reasks_unpriced and tally.reask_cost_nusd is not None:
        cost += f" without {count(tally.reasks_unpriced)} of unknown cost"
    return f"{tokens} out, {'cost unknown' if cost == 'unknown' else cost}"


def _cards(report: ConformanceReport) -> list[Card]:
    total = report.total
    checked, tally = total.share.checked, total.tally
    # The last point is still filling, and would end every line in a fall.
    earlier = report.series[:-1]
    series = earlier if any(point.checked for point in earlier) else report.series
    before = share(total.before.conforming, total.before.checked)
    withheld = checked - total.share.conforming
    cards = (
        ("Conforming", total.share.conforming, _conforming_note(total.share), before),
        ("First pass", tally.first_pass, "as the model wrote them", ""),
        ("Repaired, re-asked", tally.repaired + tally.reasked, _mended_note(tally), ""),
        ("Not delivered", withheld, _withheld_note(tally), ""),
    )
    parts = (
        [point.conforming for point in series],
        [point.first_pass for point in series],
        [point.repaired + point.reasked for point in series],
        [point.checked - point.conforming for point in series],
    )
    return [
        Card(
            label=label,
            value=share(number, checked),
            notes=[note],
            before=was,
            spark=sparkline([_part(n, p.checked) for n, p in zip(of, series, strict=True)]),
        )
        for (label, number, note, was), of in zip(cards, parts, strict=True)
    ]


def _part(number: int, whole: int) -> float | None:
    return number / whole if whole else None


def _conforming_note(of: Share) -> str:
    return f"{count(of.conforming)} of {count(of.checked)} checked answers"


def _mended_note(tally: Tally) -> str:
    return f"{count(tally.repaired)} repaired, {count(tally.reasked)} asked again"


def _withheld_note(tally: Tally) -> str:
    parts = [
        f"{count(number)} {style_of(name).label.lower()}"
        for name in WITHHELD
        if (number := getattr(tally, name))
    ]
    return ", ".join(parts) or "none"


def _chart(report: ConformanceReport, query: ConformanceQuery) -> Chart:
    points = len(report.series)
    return Chart(
        key="conformance",
        title="Conformance over time",
        description=f"Shares of the checked answers over the last {SPANS[query.span][0]}, in"
        f" {points} points: delivered, not delivered on a scale of its own, and how many there"
        " were.",
        columns=[
            time_column(
                start_us := report.since_us + index * report.bucket_us,
                width_us=report.bucket_us,
                until_us=report.until_us,
                span=query.span,
                href=_calls(
                    query, since=iso_time(start_us), until=iso_time(start_us + report.bucket_us)
                )
                if point.calls
                else None,
            )
            for index, point in enumerate(report.series)
        ],
        panels=list(_panels(report.series)),
    )


def _panels(series: list[Tally]) -> Iterator[Panel]:
    """What was not delivered has a scale of its own: one in a thousand is what someone looks
    for."""
    for key, label, names, height in (
        ("delivered", "delivered", DELIVERED, 130),
        ("withheld", "not delivered", WITHHELD, 56),
    ):
        layers = [
            Layer(
                key=f"o-{name}",
                label=style_of(name).label,
                values=[_part(getattr(point, name), point.checked) for point in series],
            )
            for name in names
            if any(getattr(point, name) for point in series)
        ]
        if layers:
            yield Panel(key=key, label=label, layers=layers, show=_percent, height_px=height)
    checked = Layer(key="n", label="Checked answers", values=[point.checked for point in series])
    yield Panel(
        key="checked", label="how many", layers=[checked], show=count, height_px=44, whole=True
    )


def _percent(value: float) -> str:
    """A grid line's or a point's share, with no more digits than it has."""
    return f"{100 * value:.3g}%"


def _line(line: ConformanceLine, query: ConformanceQuery) -> LineView:
    key, tally, of = line.key, line.tally, line.share
    known = all(value not in (OTHER, "") for name, value in key.items() if name != "time")
    return LineView(
        cells=[_cell(name, value, query) for name, value in key.items()],
        line=line,
        bar=_bar(tally),
        interval=_interval(of).replace(" and ", " to ") if of.checked else "",
        first_pass=share(tally.first_pass, of.checked),
        change="" if line.change.value is None else _points(line.change.value),
        change_interval=f"{_points(line.change.low)} to {_points(line.change.high)}",
        calls=_calls(query, **_call_parameters(key)) if known else "",
    )


def _cell(name: str, value: str, query: ConformanceQuery) -> Cell:
    fixed = value in (OTHER, "") or name == "time" or query.filter_parameters()[name] == value
    return Cell(
        label=name,
        text=_short(name, value) or "none",
        href="" if fixed else _here(query, **{name: value}),
    )


def _call_parameters(key: dict[str, str]) -> dict[str, str | None]:
    return {name: value for name, value in key.items() if name not in ("provider", "time")}


def _bar(tally: Tally) -> Markup:
    names = (*DELIVERED, *WITHHELD)
    told = ", ".join(
        f"{style_of(name).label} {count(getattr(tally, name))}"
        for name in names
        if getattr(tally, name)
    )
    return share_bar([(f"o-{n}", getattr(tally, n)) for n in names], title=told or "none checked")


def _reason(reason: ReasonCount, report: ConformanceReport, query: ConformanceQuery) -> ReasonView:
    outcome, led_to = LED_TO.get(reason.kind, ("failed", reason.kind))
    if reason.name in WITHHELD:
        outcome = reason.name
    where = "the whole answer" if not reason.path else reason.path
    return ReasonView(
        outcome=outcome,
        led_to=led_to,
        reason=reason,
        where="not known, or one of many" if reason.path == OTHER else where,
        share=share(reason.calls, report.total.share.checked),
        before=share(reason.before, report.total.before.checked),
        example=call_link(reason.example),
        calls=_calls(query, outcome=outcome),
    )
