"""Two texts compared word by word, line by line, as rows that a terminal or a page can show. Pure.

Lines are matched first; lines that took the place of others are then compared by word, where
they have enough in common to be read as one line that changed. The work is bounded: where too
much differs too often alike, a stretch is shown as removed and added whole.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec

__all__ = ["Row", "Span", "compare_texts", "in_context", "whole_text"]

SpanKind: TypeAlias = Literal["same", "removed", "added"]
RowKind: TypeAlias = Literal["same", "changed", "removed", "added", "skipped"]

_WORD: Final = re.compile(r"\w+|\s+|[^\w\s]")
_MAX_MATCHES: Final = 20_000
_MAX_MATCHES_IN_ALL: Final = 60_000
"""Pairs of equal lines, or of equal words, that may have to be looked at: at once, and in the
whole of a comparison. Measured on random texts of two words, 13 µs each."""
_MAX_TRIED: Final = 40
"""Lines on each side that are tried against each other."""
_MAX_PAIRED: Final = 1_000
"""Lines on each side that are put beside each other, one by one."""
_ALIKE: Final = 0.4


class Span(msgspec.Struct, frozen=True):
    """A stretch of one line."""

    kind: SpanKind
    text: str


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the comparison.

    A line that changed is one row: its spans that are the same and removed make the old line,
    those that are the same and added the new one.
    """

    kind: RowKind
    old: int | None = None
    """Number of the line in the old text, from 1."""
    new: int | None = None
    spans: tuple[Span, ...] = ()
    skipped: int = 0
    """How many equal lines are left out here."""


def compare_texts(old: str, new: str) -> tuple[Row, ...]:
    """Every line of both, in order.

    A line end at the very end of a text counts: the text then has one more line, an empty one.
    """
    before, after = old.split("\n"), new.split("\n")
    rows: list[Row] = []
    search = _Search()
    for is_equal, i, i_end, j, j_end in search.stretches(before, after):
        if is_equal:
            rows += [
                Row(kind="same", old=i + k + 1, new=j + k + 1, spans=_whole("same", before[i + k]))
                for k in range(i_end - i)
            ]
        else:
            rows += search.replaced(_Side(before, i, i_end), _Side(after, j, j_end))
    return tuple(rows)


def whole_text(text: str, kind: Literal["removed", "added"]) -> tuple[Row, ...]:
    """Every line of a text that has none beside it."""
    lines = text.split("\n")
    return tuple(_Side(lines, 0, len(lines)).rows(kind))


def in_context(rows: Sequence[Row], lines: int = 3) -> tuple[Row, ...]:
    """The rows that differ, with so many equal ones around them; the rest is counted."""
    near = {
        index + step
        for index, row in enumerate(rows)
        if row.kind != "same"
        for step in range(-lines, lines + 1)
    }
    found: list[Row] = []
    skipped = 0
    for index, row in enumerate(rows):
        if index in near:
            if skipped:
                found.append(Row(kind="skipped", skipped=skipped))
            skipped = 0
            found.append(row)
        else:
            skipped += 1
    if skipped:
        found.append(Row(kind="skipped", skipped=skipped))
    return tuple(found)


class _Stretch(NamedTuple):
    """Some lines, or words, of both, in one another's place."""

    is_equal: bool
    start: int
    end: int
    other_start: int
    other_end: int


@dataclass(frozen=True)
class _Side:
    """Some lines of a text."""

    lines: Sequence[str]
    start: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.start

    def words(self) -> list[Counter[str]]:
        """By line, its words with how often they stand in it; white space is none."""
        lines = self.lines[self.start : self.end]
        return [Counter(w for w in _WORD.findall(line) if not w.isspace()) for line in lines]

    def rows(self, kind: Literal["removed", "added"]) -> Iterator[Row]:
        for index in range(self.start, self.end):
            number = index + 1
            old, new = (number, None) if kind == "removed" else (None, number)
            yield Row(kind=kind, old=old, new=new, spans=_whole(kind, self.lines[index]))


def _whole(kind: SpanKind, text: str) -> tuple[Span, ...]:
    return (Span(kind, text),) if text else ()


class _Search:
    """One comparison, with what it may still spend."""

    def __init__(self) -> None:
        self.left = _MAX_MATCHES_IN_ALL

    def stretches(self, before: Sequence[str], after: Sequence[str]) -> Iterator[_Stretch]:
        """As difflib's opcodes, in bounded time."""
        start = _common(before, after)
        tail = _common(before[start:][::-1], after[start:][::-1])
        end, other_end = len(before) - tail, len(after) - tail
        if start:
            yield _Stretch(True, 0, start, 0, start)
        inner, other = before[start:end], after[start:other_end]
        matches = _matches(inner, other)
        if matches <= min(_MAX_MATCHES, self.left):
            self.left -= matches
            matcher = SequenceMatcher(_is_blank, inner, other, autojunk=False)
            for tag, i, i_end, j, j_end in matcher.get_opcodes():
                yield _Stretch(tag == "equal", start + i, start + i_end, start + j, start + j_end)
        elif inner or other:
            yield _Stretch(False, start, end, start, other_end)
        if tail:
            yield _Stretch(True, end, len(before), other_end, len(after))

    def replaced(self, old: _Side, new: _Side) -> Iterator[Row]:
        """Lines that came in the place of others, each beside the one it is most like."""
        at_old, at_new = old.start, new.start
        for i, j in _partners(old, new):
            yield from replace(old, start=at_old, end=i).rows("removed")
            yield from replace(new, start=at_new, end=j).rows("added")
            spans = tuple(self.by_word(old.lines[i], new.lines[j]))
            yield Row(kind="changed", old=i + 1, new=j + 1, spans=spans)
            at_old, at_new = i + 1, j + 1
        yield from replace(old, start=at_old).rows("removed")
        yield from replace(new, start=at_new).rows("added")

    def by_word(self, old: str, new: str) -> Iterator[Span]:
        before, after = _WORD.findall(old), _WORD.findall(new)
        for stretch in _tidied(before, list(self.stretches(before, after))):
            removed = "".join(before[stretch.start : stretch.end])
            added = "".join(after[stretch.other_start : stretch.other_end])
            if stretch.is_equal:
                yield Span("same", removed)
                continue
            if removed:
                yield Span("removed", removed)
            if added:
                yield Span("added", added)


def _partners(old: _Side, new: _Side) -> list[tuple[int, int]]:
    """Pairs of lines that are alike, in the order of both, with the most in common in all."""
    if not old.size or not new.size or max(old.size, new.size) > _MAX_PAIRED:
        return []
    mine, theirs = old.words(), new.words()
    if max(old.size, new.size) > _MAX_TRIED:
        if old.size != new.size:
            return []
        likenesses = map(_likeness, mine, theirs)
        return [(old.start + n, new.start + n) for n, x in enumerate(likenesses) if x >= _ALIKE]
    # best[i][j]: what the first i old and the first j new lines have in common at most.
    best = [[0.0] * (new.size + 1) for _ in range(old.size + 1)]
    chosen: dict[tuple[int, int], bool] = {}
    for i in range(old.size):
        for j in range(new.size):
            likeness = _likeness(mine[i], theirs[j])
            together = best[i][j] + likeness if likeness >= _ALIKE else -1.0
            apart = max(best[i][j + 1], best[i + 1][j])
            chosen[i, j] = together > apart
            best[i + 1][j + 1] = max(together, apart)
    pairs_found: list[tuple[int, int]] = []
    i, j = old.size, new.size
    while i and j:
        if chosen[i - 1, j - 1]:
            i, j = i - 1, j - 1
            pairs_found.append((old.start + i, new.start + j))
        elif best[i - 1][j] >= best[i][j - 1]:
            i -= 1
        else:
            j -= 1
    return pairs_found[::-1]


def _likeness(mine: Counter[str], theirs: Counter[str]) -> float:
    """Share of the characters that stand in words which both lines have."""
    whole = sum(len(word) * n for words in (mine, theirs) for word, n in words.items())
    if not whole:
        return 1.0
    common = sum(len(word) * min(n, theirs[word]) for word, n in mine.items() if word in theirs)
    return 2 * common / whole


def _tidied(before: Sequence[str], stretches: Sequence[_Stretch]) -> list[_Stretch]:
    """The stretches, those that only share a blank between two changes taken together."""
    found: list[_Stretch] = []
    for index, stretch in enumerate(stretches):
        is_inside = 0 < index < len(stretches) - 1
        if is_inside and not "".join(before[stretch.start : stretch.end]).strip():
            stretch = stretch._replace(is_equal=False)
        if found and not stretch.is_equal and not found[-1].is_equal:
            found[-1] = found[-1]._replace(end=stretch.end, other_end=stretch.other_end)
        else:
            found.append(stretch)
    return found


def _common(before: Sequence[str], after: Sequence[str]) -> int:
    """How many at the beginning are equal."""
    for index, (one, other) in enumerate(zip(before, after, strict=False)):
        if one != other:
            return index
    return min(len(before), len(after))


def _matches(before: Sequence[str], after: Sequence[str]) -> int:
    mine, theirs = Counter(before), Counter(after)
    return sum(count * theirs[text] for text, count in mine.items() if not _is_blank(text))


def _is_blank(text: str) -> bool:
    """Blanks are matched only beside what matches: there are too many of them to tell."""
    return not text.strip()
