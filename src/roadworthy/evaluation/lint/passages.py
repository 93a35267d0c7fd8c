"""What a model reads, sentence by sentence, with the place that each stands at. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from roadworthy.tasks.template_source import spans

__all__ = ["VALUE", "Passage", "passages_in", "visible_text", "words_of"]

VALUE: Final = "\ufffc"
"""Stands where a template puts a value."""
_BEGINS: Final = re.compile(r"\s*(?:[-*+•]\s|\d+[.)]\s|#{1,6}\s|\||<)")
_MARK: Final = re.compile(r"^(?:[-*+•]|\d+[.)]|#{1,6})\s+")
_SENTENCE: Final = re.compile(r"(?<=[.!?])[\"')]?\s+(?=[^\s.,;])")
_WORD: Final = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
_FENCE: Final = re.compile(r"\s*(?:```|~~~)")
_OPENS: Final = ("if ", "if(", "for ", "macro ", "block ", "filter ", "call ", "with ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One sentence, or a line of a list."""

    file: str
    line: int
    where: str
    """``the system message``, ``block tone.md``, ``example 3``."""
    text: str
    """On one line; `VALUE` for each value."""
    words: tuple[str, ...]
    conditional: bool = False
    """Whether a tag decides if the model reads it."""
    code: bool = False
    """Whether it stands between fences."""


def visible_text(source: str) -> str:
    """The template's source with its tags blanked out, character by character, so that places
    stay: a value is `VALUE` and blanks, all other tags are blanks."""
    pieces = []
    for span in spans(source):
        piece = source[span.start : span.end]
        if span.kind != "text":
            blank = re.sub(r"[^\n]", " ", piece)
            piece = VALUE + blank[1:] if span.kind == "expression" else blank
        pieces.append(piece)
    return "".join(pieces)


def passages_in(source: str, *, file: str, where: str, template: bool = True) -> list[Passage]:
    """The passages of a text; of a template, as its author wrote them."""
    text = visible_text(source) if template else source
    inside = _conditional(source) if template else []
    found = []
    for start, end, code in _units(text):
        at = start
        while at < end:
            ending = None if code else _SENTENCE.search(text, at, end)
            stop = ending.end() if ending else end
            sentence = _MARK.sub("", " ".join(text[at:stop].split()))
            first = at + len(text[at:stop]) - len(text[at:stop].lstrip())
            if sentence:
                found.append(
                    Passage(
                        file=file,
                        line=text.count("\n", 0, first) + 1,
                        where=where,
                        text=sentence,
                        words=words_of(sentence),
                        conditional=any(low <= first < high for low, high in inside),
                        code=code,
                    )
                )
            at = stop
    return found


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text without case, signs and Markdown."""
    return tuple(_WORD.findall(text.casefold()))


def _units(text: str) -> Iterator[tuple[int, int, bool]]:
    """Paragraphs, list items, headings and fenced lines: beginning, end, whether it is code."""
    begun: int | None = None
    at, fenced = 0, False
    for line in text.splitlines(keepends=True):
        fence = bool(_FENCE.match(line))
        ends = not line.strip() or fence or fenced or bool(_BEGINS.match(line))
        if ends and begun is not None:
            yield begun, at, False
            begun = None
        if fenced and not fence and line.strip():
            yield at, at + len(line), True
        elif line.strip() and not fence and begun is None:
            begun = at
        fenced ^= fence
        at += len(line)
    if begun is not None:
        yield begun, at, False


def _conditional(source: str) -> list[tuple[int, int]]:
    """The parts of the source that stand between a tag and its end."""
    found, opened = [], list[int]()
    for span in spans(source):
        if span.kind != "statement":
            continue
        if span.body.startswith(_OPENS):
            opened.append(span.end)
        elif span.body.startswith("end") and opened:
            begun = opened.pop()
            if not opened:
                found.append((begun, span.start))
    return found
