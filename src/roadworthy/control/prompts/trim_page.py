"""What the page of a prompt says of the last time that it was trimmed. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from roadworthy.control.drawing.formats import clip, count, visible
from roadworthy.core import NUSD_PER_USD, format_usd
from roadworthy.evaluation.trimming import TrimPart, TrimReport

__all__ = ["Clipped", "TrimRow", "TrimView", "trim_view"]

MAX_ROWS: Final = 200
MAX_PATCH_CHARS: Final = 20_000


class Clipped(NamedTuple):
    """A text of a bounded length."""

    shown: str
    hidden: int


class TrimRow(msgspec.Struct, frozen=True, kw_only=True):
    """One part that was left out."""

    name: str
    place: str
    verdict: str
    reason: str
    tokens: str
    month: str
    difference: str
    interval: str


class TrimView(msgspec.Struct, frozen=True, kw_only=True):
    """The whole section."""

    sentence: str
    at_us: int
    current: bool
    """Whether the prompt is still the one that was trimmed."""
    rows: tuple[TrimRow, ...]
    patch: Clipped


def trim_view(report: TrimReport | None, *, digest: str) -> TrimView | None:
    """``digest`` is that of the prompt that the page shows; None: it was never trimmed."""
    if report is None:
        return None
    proposal = report.proposal
    patch, hidden = clip("" if proposal is None else proposal.patch, limit=MAX_PATCH_CHARS)
    return TrimView(
        sentence=_sentence(report),
        at_us=report.at_us,
        current=report.definition == digest,
        rows=tuple(_row(part) for part in report.parts[:MAX_ROWS]),
        patch=Clipped(visible(patch), hidden),
    )


def _sentence(report: TrimReport) -> str:
    proposal = report.proposal
    if proposal is None:
        return f"Nothing was seen to be spare on {count(report.cases)} cases."
    rate = proposal.pass_rate
    saved = "" if proposal.usd_a_month is None else f", {_usd(proposal.usd_a_month)} a month"
    number = len(proposal.parts)
    parts = f"{number} part{'s' * (number != 1)}"
    return (
        f"Without {parts} a call is {count(round(proposal.tokens))} tokens"
        f" shorter{saved}, and the pass rate {_points(rate.difference)} points (95 % interval"
        f" {_points(rate.low)} to {_points(rate.high)}) on {count(rate.cases)} cases."
    )


def _row(part: TrimPart) -> TrimRow:
    rate = part.pass_rate
    return TrimRow(
        name=visible(part.name),
        place=visible(f"{part.file}:{part.line}"),
        verdict="goes" if part.proposed else part.verdict,
        reason=visible(part.reason),
        tokens=f"{part.tokens:,.0f}",
        month="" if part.usd_a_month is None else _usd(part.usd_a_month),
        difference="" if rate is None else _points(rate.difference),
        interval="" if rate is None else f"{_points(rate.low)} to {_points(rate.high)}",
    )


def _points(difference: float) -> str:
    return f"{100 * difference:+.1f}"


def _usd(amount: float) -> str:
    return format_usd(round(amount * NUSD_PER_USD))
