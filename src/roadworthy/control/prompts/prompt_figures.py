"""What tests have measured, and what the gate says of it, as people read it. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec

from roadworthy.control.drawing.formats import UNKNOWN, duration_ms
from roadworthy.registry import Evidence, Figures, Miss, Share
from roadworthy.tasks.gate import Gate

__all__ = ["EvidenceView", "FigureRow", "evidence_view", "figure_rows", "percent_of", "points"]


class FigureRow(msgspec.Struct, frozen=True, kw_only=True):
    """One figure, what it had to reach, and whether it did."""

    name: str
    value: str
    interval: str = ""
    """``88.1 to 97.3 %``; empty where there is none."""
    n: str = ""
    """Of how many cases or runs."""
    wanted: str = ""
    """``at least 90%``; empty: no threshold binds."""
    reached: bool | None = None
    """None: nothing was asked of it."""
    short_by: str = ""
    tag: bool = False
    """Whether it is the pass rate of one tag."""


class EvidenceView(msgspec.Struct, frozen=True, kw_only=True):
    """What a move relies on, ready to be shown."""

    evidence: Evidence
    rows: tuple[FigureRow, ...]
    measured: bool

    @property
    def misses(self) -> tuple[Miss, ...]:
        return self.evidence.misses


def percent_of(value: float | None) -> str:
    """``93.7%``: rounded down, so that only all are 100 %."""
    if value is None:
        return UNKNOWN
    if value in (0, 1):
        return f"{100 * value:.0f}%"
    return f"{math.floor(value * 1000 + 1e-9) / 10:.1f}%"


def points(difference: float) -> str:
    """``3.2 points``, of a difference between shares; never told as none."""
    return f"{max(100 * abs(difference), 0.1):.1f} points"


def figure_rows(
    figures: Figures, gate: Gate | None = None, misses: tuple[Miss, ...] = ()
) -> tuple[FigureRow, ...]:
    """The figures in the order of the gate, tags after the whole; thresholds beside them."""
    gate = gate or Gate()
    missed = {miss.figure: miss for miss in misses}
    rows = [_share_row("pass rate", figures.pass_rate, gate.pass_rate, missed.get("pass_rate"))]
    for tag in sorted({*figures.tags, *gate.tags}):
        miss = missed.get(f"tags.{tag}")
        rows.append(_share_row(tag, figures.tags.get(tag), gate.tags.get(tag), miss, tag=True))
    miss = missed.get("conformance")
    rows.append(_share_row("conformance", figures.conformance, gate.conformance, miss))
    rows += _plain_rows(figures, gate, missed)
    return tuple(row for row in rows if row.value != UNKNOWN or row.wanted)


def evidence_view(evidence: Evidence, gate: Gate | None = None) -> EvidenceView:
    """The evidence with the thresholds that it was held against."""
    rows = figure_rows(evidence.figures, gate, evidence.misses)
    return EvidenceView(evidence=evidence, rows=rows, measured=bool(evidence.figures.runs))


def _share_row(
    name: str, share: Share | None, least: float | None, miss: Miss | None, *, tag: bool = False
) -> FigureRow:
    wanted = least if miss is None else miss.wanted
    return FigureRow(
        name=name,
        value=UNKNOWN if share is None else percent_of(share.value),
        interval=""
        if share is None
        else f"{percent_of(share.low)} to {percent_of(share.high)}".replace("% to", " to"),
        n="" if share is None else f"{share.n:,}",
        wanted="" if wanted is None else f"at least {percent_of(wanted)}",
        reached=None if wanted is None else miss is None,
        short_by=""
        if miss is None or miss.found is None
        else f"{points(miss.wanted - miss.found)} short",
        tag=tag,
    )


def _plain_rows(figures: Figures, gate: Gate, missed: dict[str, Miss]) -> Iterator[FigureRow]:
    miss = missed.get("stability")
    wanted = gate.stability if miss is None else miss.wanted
    yield FigureRow(
        name="stability",
        value=percent_of(figures.stability),
        wanted="" if wanted is None else f"at least {percent_of(wanted)}",
        reached=None if wanted is None else miss is None,
        short_by=""
        if miss is None or miss.found is None
        else f"{points(miss.wanted - miss.found)} short",
    )
    for name, value, most, key, show in (
        ("p95", figures.p95_ms, gate.p95_ms, "p95_ms", duration_ms),
        ("cost of a run", figures.cost_usd, gate.cost_usd, "cost_usd", _dollars),
    ):
        miss = missed.get(key)
        wanted = most if miss is None else miss.wanted
        yield FigureRow(
            name=name,
            value=show(value),
            wanted="" if wanted is None else f"at most {show(wanted)}",
            reached=None if wanted is None else miss is None,
            short_by=""
            if miss is None or miss.found is None
            else f"{show(miss.found - miss.wanted)} over",
        )


def _dollars(value: float | None) -> str:
    """``$0.0021``: enough digits for the price of one call."""
    if value is None:
        return UNKNOWN
    return "$0" if value == 0 else f"${value:.{max(2, 1 - math.floor(math.log10(value)))}f}"
