"""A difference as text: for a terminal with colours, elsewhere with signs. Pure.

A line is a list of pieces, each with a style's name. Without colours what was removed stands in
``[-…-]`` and what was added in ``{+…+}``, so that a blank is seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from roadworthy.registry import Change
from roadworthy.registry.differences import (
    CaseDifference,
    Difference,
    TextDifference,
    ValueDifference,
)
from roadworthy.registry.words import Row, in_context

__all__ = ["Line", "Piece", "difference_lines", "plain"]

_RANK: Final = {"major": 0, "minor": 1, "patch": 2}
_MARKS: Final = {"removed": ("[-", "-]"), "added": ("{+", "+}")}
_SIGNS: Final = {"same": "  ", "changed": "~ ", "removed": "- ", "added": "+ "}
# Texts are data: an escape sequence among them must not reach the terminal.
_VISIBLE: Final = {code: 0x2400 + code for code in range(32) if code != 9} | {
    127: 0x2421,
    **dict.fromkeys(range(128, 160), 0xFFFD),
}


class Piece(NamedTuple):
    """A stretch of a line."""

    text: str
    style: str = ""
    """A level, ``head``, ``removed``, ``added``, ``was``, ``now``, ``note`` or nothing."""


Line: TypeAlias = list[Piece]


def difference_lines(found: Difference, *, context: int = 3) -> Iterator[Line]:
    """Sections, each with a heading; those with nothing in them are left out."""
    yield _headline(found)
    for heading, changes in (("Input", found.input), ("Output", found.output)):
        yield from _section(heading, _schema_lines(changes))
    yield from _section("Settings", _value_lines(found.settings))
    for text in found.texts:
        heading = text.place if text.verb == "changed" else f"{text.place} ({text.verb})"
        yield from _section(heading, _text_lines(text, context))
    yield from _section("Cases", map(_case_line, found.cases))
    yield from _section("Tests", _value_lines(found.tests))


def plain(line: Line) -> str:
    """The line without colours."""
    marked = any(piece.style not in _MARKS for piece in line if piece.text.strip())
    texts = []
    for piece in line:
        before, after = _MARKS.get(piece.style, ("", "")) if marked else ("", "")
        texts.append(f"{before}{piece.text}{after}")
    return "".join(texts)


def _headline(found: Difference) -> Line:
    names = f"{found.task} {found.old} → {found.new}: "
    if found.level is None:
        return [Piece(names, "head"), Piece("no difference")]
    means = {
        "major": "major, a caller may break",
        "minor": "minor, answers may change",
        "patch": "patch, neither contract nor answers change",
    }
    if found.level == "major" and not found.is_breaking:
        means["major"] = "major"
    return [Piece(names, "head"), Piece(means[found.level], found.level)]


def _section(heading: str, lines: Iterable[Line]) -> Iterator[Line]:
    body = list(lines)
    if body:
        yield []
        yield [Piece(heading, "head")]
        yield from body


def _schema_lines(changes: Sequence[Change]) -> Iterator[Line]:
    ordered = sorted(changes, key=lambda change: _RANK[change.level])
    width = max((len(change.place) for change in ordered), default=0)
    for change in ordered:
        words = f"  {_visible(change.place).ljust(width)}  {_visible(change.what)}"
        breaking = [Piece(", breaking", "major")] if change.breaking else []
        yield [Piece(f"  {change.level}", change.level), Piece(words), *breaking]


def _value_lines(values: Sequence[ValueDifference]) -> Iterator[Line]:
    width = max((len(value.place) for value in values), default=0)
    for value in values:
        place = Piece(f"  {_visible(value.place).ljust(width)}  ")
        if value.verb == "changed":
            yield [
                place,
                Piece(_json(value.old), "was"),
                Piece(" → "),
                Piece(_json(value.new), "now"),
            ]
        elif value.verb == "added":
            yield [place, Piece(_json(value.new), "added")]
        else:
            yield [place, Piece(_json(value.old), "removed")]


def _case_line(case: CaseDifference) -> Line:
    signs = {"added": "+ ", "removed": "- ", "changed": "~ "}
    name = Piece(f"  {signs[case.verb]}{_visible(case.name)}")
    if case.verb == "changed":
        return [name, Piece(f": {', '.join(case.fields)}", "note")]
    return [name]


def _text_lines(text: TextDifference, context: int) -> Iterator[Line]:
    for row in in_context(text.rows, context):
        yield _row_line(row)


def _row_line(row: Row) -> Line:
    if row.kind == "skipped":
        lines = "line" if row.skipped == 1 else "lines"
        return [Piece(f"    … {row.skipped} equal {lines}", "note")]
    sign = Piece(f"  {_SIGNS[row.kind]}")
    if row.kind in ("removed", "added"):  # the sign says it of the whole line
        sign = Piece(sign.text, row.kind)
    return [
        sign,
        *(
            Piece(_visible(span.text), "" if span.kind == "same" else span.kind)
            for span in row.spans
        ),
    ]


def _json(value: Any) -> str:
    return _visible(msgspec.json.encode(value).decode())


def _visible(text: str) -> str:
    return text.translate(_VISIBLE)
