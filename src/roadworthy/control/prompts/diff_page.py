"""What the page of a difference says: two versions side by side. Pure.

Everything that differs is in `roadworthy.registry.differences`; here it is cut to a size and laid
out: the old side on the left, the new one on the right.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from roadworthy.control.drawing.formats import short, visible
from roadworthy.control.prompts.version_page import json_line, json_text
from roadworthy.registry import Change, VersionRow
from roadworthy.registry.differences import (
    CaseDifference,
    Difference,
    TextDifference,
    ValueDifference,
)
from roadworthy.registry.words import Row, Span, compare_texts, in_context

__all__ = ["DiffView", "LineRow", "TextView", "ValueRow", "diff_view"]

MAX_ROWS: Final = 1_500
MAX_LINE_CHARS: Final = 4_000
MAX_CASES: Final = 200
MAX_CHANGES: Final = 300
MAX_VALUE_CHARS: Final = 4_000
MAX_LINE_OF_JSON: Final = 200


class LineRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of both texts."""

    kind: str
    """``same``, ``changed``, ``removed``, ``added`` or ``skipped``."""
    old: int | None = None
    new: int | None = None
    left: tuple[Span, ...] = ()
    right: tuple[Span, ...] = ()
    skipped: int = 0


class TextView(msgspec.Struct, frozen=True, kw_only=True):
    """One text, line by line."""

    place: str
    verb: str
    rows: tuple[LineRow, ...]
    more: int
    """Lines that are not shown."""


class ValueRow(msgspec.Struct, frozen=True, kw_only=True):
    """A setting before and after."""

    place: str
    verb: str
    left: tuple[Span, ...]
    """Before, with what is not there any more marked; empty where it was not set."""
    right: tuple[Span, ...]
    case: str = ""
    """The case that it is a field of."""


class DiffView(msgspec.Struct, frozen=True, kw_only=True):
    """The whole page."""

    difference: Difference
    old: VersionRow
    new: VersionRow
    input: tuple[Change, ...]
    output: tuple[Change, ...]
    more_changes: int
    texts: tuple[TextView, ...]
    settings: tuple[ValueRow, ...]
    cases: tuple[ValueRow, ...]
    """Cases before and after, a line for each field that differs."""
    more_cases: int
    tests: tuple[ValueRow, ...]

    @property
    def breaking(self) -> int:
        return sum(change.breaking for change in self.difference.changes)


def diff_view(
    difference: Difference, old: VersionRow, new: VersionRow, *, whole: bool = False
) -> DiffView:
    """The difference, ready to be shown; ``whole`` keeps the lines that are equal."""
    cut = max(0, len(difference.input) - MAX_CHANGES) + max(0, len(difference.output) - MAX_CHANGES)
    return DiffView(
        difference=difference,
        old=old,
        new=new,
        input=difference.input[:MAX_CHANGES],
        output=difference.output[:MAX_CHANGES],
        more_changes=cut,
        texts=tuple(_text(text, whole=whole) for text in difference.texts),
        settings=tuple(map(_value, difference.settings)),
        cases=tuple(row for case in difference.cases[:MAX_CASES] for row in _case(case)),
        more_cases=max(0, len(difference.cases) - MAX_CASES),
        tests=tuple(map(_value, difference.tests)),
    )


def _text(text: TextDifference, *, whole: bool) -> TextView:
    rows = text.rows if whole else in_context(text.rows)
    return TextView(
        place=text.place,
        verb=text.verb,
        rows=tuple(map(_row, rows[:MAX_ROWS])),
        more=max(0, len(rows) - MAX_ROWS),
    )


def _row(row: Row) -> LineRow:
    return LineRow(
        kind=row.kind,
        old=row.old,
        new=row.new,
        left=tuple(_side(row.spans, "added")) if row.old is not None else (),
        right=tuple(_side(row.spans, "removed")) if row.new is not None else (),
        skipped=row.skipped,
    )


def _side(spans: Iterable[Span], without: str) -> Iterator[Span]:
    """The spans of one side, cut to a size, and safe to look at."""
    left = MAX_LINE_CHARS
    for span in spans:
        if span.kind == without:
            continue
        text = span.text[:left]
        left -= len(text)
        yield Span(span.kind, visible(text) + ("…" if len(text) < len(span.text) else ""))
        if not left:
            return


def _value(value: ValueDifference) -> ValueRow:
    return _beside(value.place, value.verb, value.old, value.new)


def _beside(place: str, verb: str, old: Any, new: Any, *, case: str = "") -> ValueRow:
    """Two values, by word where both are there."""
    before, after = _told(old), _told(new)
    if old is None or new is None:
        rows = [Row(kind="removed", old=1, spans=(Span("removed", before),) if before else ())]
        rows.append(Row(kind="added", new=1, spans=(Span("added", after),) if after else ()))
    else:
        rows = list(compare_texts(before, after))
    return ValueRow(
        place=place,
        verb=verb,
        left=tuple(_joined(rows, "added")),
        right=tuple(_joined(rows, "removed")),
        case=case,
    )


def _joined(rows: Iterable[Row], without: str) -> Iterator[Span]:
    """One side of the rows, its lines put together again."""
    lines = [row for row in rows if (row.new if without == "removed" else row.old) is not None]
    for index, row in enumerate(lines):
        if index:
            yield Span("same", "\n")
        yield from (span for span in row.spans if span.kind != without)


def _told(value: Any) -> str:
    """The value as it is compared: a text as it is, JSON in one line if it fits."""
    if value is None:
        return ""
    if not isinstance(value, str):
        line = json_line(value)
        value = line if len(line) <= MAX_LINE_OF_JSON else json_text(value).shown
    return short(value, MAX_VALUE_CHARS)


def _case(case: CaseDifference) -> Iterator[ValueRow]:
    """A line for each field that differs; of a case that came or went, what it asks and expects."""
    name = short(case.name, 80)
    for field in case.fields or ("input", "conversation", "expect", "checks", "tags"):
        sides = (None if c is None else getattr(c, field) for c in (case.old, case.new))
        old, new = (value if value not in ([], "") else None for value in sides)
        if old is not None or new is not None:
            yield _beside(field, case.verb, old, new, case=name)
