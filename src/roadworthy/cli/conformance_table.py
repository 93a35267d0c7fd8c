"""The ledger of conformance as text. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from roadworthy.core import format_usd
from roadworthy.monitoring import Change, ConformanceLine, ConformanceReport, Share
from roadworthy.storage.ledger import Tally
from roadworthy.storage.ledger_views import ReasonCount

__all__ = ["percent", "table_of"]

FEW_REASONS = 10
_LED_TO = {"repair": "repaired", "reask": "asked again", "failure": "not delivered"}


def table_of(report: ConformanceReport, *, all_reasons: bool = False) -> str:
    """Sections, the first of which says what all of it comes to."""
    if not report.total.tally.calls:
        return (
            f"No call with an output schema {_when(report)}.\n"
            "A task with an [output], or a chat request with a json_schema, makes one."
        )
    sections = [_head(report)]
    if report.lines:
        sections.append(_lines(report))
    shown = report.reasons if all_reasons else report.reasons[:FEW_REASONS]
    if shown:
        sections.append(_reasons(shown, report))
    return "\n\n".join(sections)


def percent(share: float | None) -> str:
    """``99.9%``: rounded down, so that only all of them are 100 %; ``unknown`` for None."""
    if share is None:
        return "unknown"
    return f"{math.floor(share * 1000 + 1e-9) / 10:.1f}%"


def _head(report: ConformanceReport) -> str:
    total = report.total
    tally, share = total.tally, total.share
    low, high = _bounds(share)
    lines = [
        f"{share.conforming:,} of {share.checked:,} checked answers conform:"
        f" {percent(share.value)} (95 % interval {low}% to {high}%) {_when(report)}.",
        f"Before: {_before(total)}.",
    ]
    unjudged = [
        f"{number:,} {name}"
        for name, number in (
            ("errored", tally.errored),
            ("cancelled", tally.cancelled),
            ("ended otherwise", tally.otherwise),
        )
        if number
    ]
    if unjudged:
        lines.append(f"Not counted, because there was no answer to check: {', '.join(unjudged)}.")
    if tally.reasks:
        lines.append(f"Asked again: {_reasks(tally)}.")
    return "\n".join(lines)


def _when(report: ConformanceReport) -> str:
    since, until = (
        datetime.fromtimestamp(us / 1e6, UTC) for us in (report.since_us, report.until_us)
    )
    return f"from {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC"


def _before(line: ConformanceLine) -> str:
    if not line.before.checked:
        return "no answer was checked in the span of equal length before"
    was = f"{percent(line.before.value)} of {line.before.checked:,}"
    return f"{was}, a change of {_change(line.change)}"


def _reasks(tally: Tally) -> str:
    noun = "question" if tally.reasks == 1 else "questions"
    tokens = " → ".join(
        "?" if n is None else f"{n:,}"
        for n in (tally.reask_input_tokens, tally.reask_output_tokens)
    )
    known = tally.reask_cost_nusd is not None
    cost = format_usd(tally.reask_cost_nusd) if known else "cost unknown"
    if tally.reasks_unpriced and known:
        cost += f" without {tally.reasks_unpriced:,} of unknown cost"
    return f"{tally.reasks:,} {noun}, {tokens} tokens, {cost}"


def _bounds(share: Share) -> tuple[str, str]:
    """The interval in percent, rounded outwards, so that it never promises too much."""
    low, high = math.floor(share.low * 1000) / 10, math.ceil(share.high * 1000) / 10
    return f"{low:.1f}", f"{high:.1f}"


def _change(change: Change) -> str:
    if change.value is None:
        return ""
    points = f"{100 * change.value:+.1f} ({100 * change.low:+.1f} to {100 * change.high:+.1f})"
    return f"{points}, {change.verdict}"


def _lines(report: ConformanceReport) -> str:
    counts = ("first_pass", "repaired", "reasked", "failed", "refused", "truncated")
    head = [
        *(("HOUR (UTC)" if name == "time" else name.upper()) for name in report.by),
        *("CHECKED", "CONFORM", "95 %"),
        *("FIRST", "REPAIRED", "RE-ASKED", "FAILED", "REFUSED", "CUT OFF"),
    ]
    by_time = "time" in report.by
    rows = []
    for line in report.lines:
        share = line.share
        interval = " to ".join(_bounds(share)) if share.checked else ""
        row = [
            *(_name(name, value) for name, value in line.key.items()),
            f"{share.checked:,}",
            percent(share.value),
            interval,
            *(f"{getattr(line.tally, name):,}" for name in counts),
        ]
        rows.append(row if by_time else [*row, _change(line.change)])
    if not by_time:
        head.append("CHANGE")
    return _grid([head, *rows], left=len(report.by))


def _name(dimension: str, value: str) -> str:
    if dimension == "time":
        return value[:16].replace("T", " ")
    if dimension == "schema":
        value = value[:12]
    return value[:28] or "none"


def _reasons(reasons: Sequence[ReasonCount], report: ConformanceReport) -> str:
    checked, before = report.total.share.checked, report.total.before.checked
    rows = [["WHY", "WHAT", "WHERE", "CALLS", "SHARE", "BEFORE", "EXAMPLE"]]
    rows += [
        [
            _LED_TO.get(reason.kind, reason.kind),
            reason.name,
            reason.path or "/",
            f"{reason.calls:,}",
            percent(reason.calls / checked if checked else None),
            percent(reason.before / before if before else None),
            reason.example[:18],
        ]
        for reason in reasons
    ]
    more = len(report.reasons) - len(reasons)
    rest = f"\nand {more} more: --by reason" if more > 0 else ""
    return _grid(rows, left=3, also_left=(6,)) + rest


def _grid(rows: Sequence[Sequence[str]], *, left: int, also_left: Sequence[int] = ()) -> str:
    """Columns as wide as what they hold; the first ``left`` and a last one of words to the left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]

    def cells(row: Sequence[str]) -> Iterator[str]:
        for i, cell in enumerate(row):
            words = i < left or i in also_left or rows[0][i] == "CHANGE"
            yield cell.ljust(widths[i]) if words else cell.rjust(widths[i])

    return "\n".join("  ".join(cells(row)).rstrip() for row in rows)
