"""The stages of one call, and the attempts within them, laid out along the call's time."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from markupsafe import Markup

from roadworthy.control.drawing.svg import element, percent
from roadworthy.core import Attempt, Call, Stage

__all__ = ["WaterfallRow", "span_bar", "waterfall"]


class WaterfallRow(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch of the call."""

    name: str
    note: str
    start_us: int
    duration_us: int
    attempt: int | None = None
    """The attempt's number, from 1; None for a stage."""
    bar: Markup


def waterfall(call: Call) -> list[WaterfallRow]:
    """Stages in the order in which they began, each followed by the attempts made in it."""
    whole_us = max(
        [
            1,
            call.duration_us,
            *(s.start_us + s.duration_us for s in call.stages),
            *(a.start_us + a.duration_us for a in call.attempts),
        ]
    )
    rows: list[WaterfallRow] = []
    left = list(enumerate(call.attempts, start=1))
    stages = sorted(call.stages, key=lambda stage: stage.start_us)
    for index, stage in enumerate(stages):
        until_us = stages[index + 1].start_us if index + 1 < len(stages) else None
        rows.append(_stage_row(stage, whole_us))
        inside = [(n, a) for n, a in left if until_us is None or a.start_us < until_us]
        rows += _attempt_rows(inside, whole_us)
        left = [pair for pair in left if pair not in inside]
    return [*rows, *_attempt_rows(left, whole_us)]


def _stage_row(stage: Stage, whole_us: int) -> WaterfallRow:
    return WaterfallRow(
        name=stage.name,
        note=stage.note,
        start_us=stage.start_us,
        duration_us=stage.duration_us,
        bar=span_bar(stage.start_us, stage.duration_us, whole_us=whole_us, key="stage"),
    )


def _attempt_rows(attempts: list[tuple[int, Attempt]], whole_us: int) -> Iterator[WaterfallRow]:
    for number, attempt in attempts:
        yield WaterfallRow(
            name=f"attempt {number}",
            note=" · ".join(filter(None, (attempt.model, attempt.error or attempt.stop_reason))),
            start_us=attempt.start_us,
            duration_us=attempt.duration_us,
            attempt=number,
            bar=span_bar(
                attempt.start_us,
                attempt.duration_us,
                whole_us=whole_us,
                key="attempt",
                first_token_us=attempt.first_token_us,
            ),
        )


def span_bar(
    start_us: int,
    duration_us: int,
    *,
    whole_us: int,
    key: str,
    first_token_us: int | None = None,
) -> Markup:
    """A bar of this length at its place in the whole; a line where the first token came."""
    x, width = percent(start_us / whole_us), percent(duration_us / whole_us)
    drawn = [
        # Microseconds within seconds have no width: a thin mark says where they were.
        element("rect", x=x, y="3", width="2", height="10", class_=f"fill {key}"),
        element("rect", x=x, y="3", width=width, height="10", class_=f"fill {key}"),
    ]
    if first_token_us is not None:
        first = percent(first_token_us / whole_us)
        drawn.append(element("line", x1=first, x2=first, y1="0", y2="16", class_="first"))
    return element("svg", *drawn, class_="bar", width="100%", height="16", aria_hidden="true")
