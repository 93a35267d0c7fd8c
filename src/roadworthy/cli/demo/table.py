"""The two columns beside each other: in the terminal, and as Markdown. Pure, but for `print_table`.

Both forms are made from the same rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from roadworthy.cli.demo.figures import Column, Share
from roadworthy.core import format_usd

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["Caption", "caption_text", "markdown_table", "rich_table", "rows_of"]

BEFORE: Final = ("before", "prompt + json.loads")
AFTER: Final = ("after", "Roadworthy task")
NONE: Final = "n/a"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """What the figures are of."""

    comments: int
    of: int
    asked_again: int
    source: str
    """Where the comments come from: a file's name."""
    model: str
    elapsed_s: float
    date: str
    """As 2026-11-21."""
    machine: str


def rows_of(before: Column, after: Column, *, priced_as: str) -> list[tuple[str, str, str]]:
    """Label, before, after; one tuple a row."""
    shares: list[tuple[str, Callable[[Column], Share | None]]] = [
        ("parses as JSON", lambda c: c.parses),
        ("conforms to the contract", lambda c: c.conforms),
        ("confidence is from 0 to 1", lambda c: c.in_range),
        ("same sentiment when asked 3 times", lambda c: c.same_sentiment),
        ("same whole answer when asked 3 times", lambda c: c.same_answer),
        ("agrees with the expected sentiment", lambda c: c.agrees),
    ]
    others: list[tuple[str, Callable[[Column], str]]] = [
        ("latency p50", lambda c: _seconds(c.p50_ms)),
        ("latency p95", lambda c: _seconds(c.p95_ms)),
        ("tokens a call, in + out", _tokens),
        (f"1,000 calls at {priced_as}'s price", lambda c: format_usd(c.cost_nusd)),
    ]
    return [
        *((label, _percent(of(before)), _percent(of(after))) for label, of in shares),
        *((label, of(before), of(after)) for label, of in others),
    ]


def rich_table(rows: Sequence[tuple[str, str, str]]) -> Table:
    """The rows for a terminal."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    table.add_column("\n".join(BEFORE), justify="right")
    table.add_column("\n".join(AFTER), justify="right", style="bold")
    for row in rows:
        table.add_row(*row)
    return table


def markdown_table(rows: Sequence[tuple[str, str, str]], caption: Caption) -> str:
    """The rows as a Markdown table, with what they are of below."""
    lines = [f"| | {': '.join(BEFORE)} | {': '.join(AFTER)} |", "|---|---:|---:|"]
    lines += [f"| {label} | {before} | {after} |" for label, before, after in rows]
    return "\n".join([*lines, "", caption_text(caption), ""])


def caption_text(caption: Caption) -> str:
    """What the figures are of, in two or three sentences."""
    return (
        f"{caption.comments} of the {caption.of} comments in {caption.source}, {caption.model},"
        f" temperature 0.7, no seed; {caption.asked_again} of them asked 3 times."
        " A typed error counts as a miss; in brackets the 95 % interval."
        f" {caption.elapsed_s:.0f} s on {caption.machine}, {caption.date}."
    )


def _percent(share: Share | None) -> str:
    if share is None or not share.of:
        return NONE
    low, high = share.interval()
    return f"{_points(share.fraction)} % ({_points(low)}–{_points(high)})"  # noqa: RUF001 - a range


def _points(fraction: float) -> int:
    """Whole points; 0 and 100 only where nothing or everything was a hit."""
    points = round(fraction * 100)
    return points if fraction in (0.0, 1.0) else min(max(points, 1), 99)


def _seconds(latency_ms: float) -> str:
    return NONE if math.isnan(latency_ms) else f"{latency_ms / 1000:.2f} s"


def _tokens(column: Column) -> str:
    if column.input_tokens is None or column.output_tokens is None:
        return NONE
    return f"{column.input_tokens:.0f} + {column.output_tokens:.0f}"
