"""Where a string ends in text that is almost JSON.

Models forget to escape quotes, quote with the wrong mark, or forget the closing one. A mark ends
a string only if what follows could follow a string there; otherwise it belongs to it. Every look
ahead is bounded, so that reading stays linear in the length of the text.
"""

from __future__ import annotations

import re
import textwrap
from typing import Final, Literal, NamedTuple, TypeAlias

__all__ = ["QUOTES", "TRIPLES", "Place", "Span", "read_bare", "read_quoted", "read_triple"]

Place: TypeAlias = Literal["key", "field", "item", "alone"]
"""What is read: a property's name, its value, an item of a list, or a whole answer."""


class Span(NamedTuple):
    """A string that was read."""

    value: str
    end: int
    """Where reading goes on."""
    notes: tuple[str, ...]


_DOUBLE: Final = '"\u201c\u201d\u201e'
_SINGLE: Final = "'\u2018\u2019`\u00b4"
QUOTES: Final = frozenset(_DOUBLE + _SINGLE)
TRIPLES: Final = ('"""', "'''", "```")

_MARKS: Final = {
    '"': re.compile(r'[\\"]'),
    **dict.fromkeys("\u201c\u201d\u201e", re.compile(r'[\\"\u201c\u201d]')),
    "'": re.compile(r"[\\']"),
    **dict.fromkeys("\u2018\u2019", re.compile(r"[\\'\u2018\u2019]")),
    **dict.fromkeys("`\u00b4", re.compile(r"[\\`\u00b4']")),
}
_QUOTED: Final = (
    r"""(?:"(?:[^"\\\n]|\\.){0,400}"|'(?:[^'\\\n]|\\.){0,120}'"""
    r"""|[\u201c\u201d][^\u201c\u201d\n]{0,120}[\u201c\u201d])"""
)
_NAME: Final = r"""[^\W\d][\w$.-]{0,60}(?:[ ][\w$.-]{1,30}){0,3}["']?"""
_KEY: Final = rf"(?:{_QUOTED}|{_NAME})\s{{0,9}}:"
_QUOTED_KEY: Final = rf"{_QUOTED}\s{{0,9}}:"
_GAP: Final = r"[\s]{0,400}"
_END: Final = rf"{_GAP}\Z"
_COMMENT: Final = r"//|/\*"
_FENCE: Final = r"```|~~~"
_CUT_KEY: Final = r"""["'][^"'\n]{0,120}["']?\s{0,9}\Z"""
_WORD: Final = r"(?i:true|false|null|none)\b"
_CLOSED: Final = (
    rf"[}}\])](?:{_GAP}(?:[}}\])]|\Z|{_COMMENT}|{_FENCE})|\s{{0,9}}\n"
    rf"|{_GAP},{_GAP}(?:[{{\[\d-]|{_WORD}|{_KEY}|[\"'}}\]]|\Z|{_COMMENT}))"
)

# What may follow a string, by its place.
_AFTER: Final[dict[Place, re.Pattern[str]]] = {
    "key": re.compile(rf"""{_GAP}(?:[:,}}\[\]{{"'\u201c\u201d\d-]|=>|\Z)"""),
    "field": re.compile(
        rf"{_END}|{_GAP}(?:{_CLOSED}|{_COMMENT}|{_FENCE}|\+\s*[\"'])"
        rf"|{_GAP},{_GAP}(?:\Z|[}}\]]|{_KEY}|{_CUT_KEY}|{_COMMENT}|{_FENCE}|\.\.\.|,)"
        rf"|{_GAP}{_QUOTED_KEY}|\s*\n{_GAP}{_KEY}"
    ),
    "item": re.compile(
        rf"{_END}|{_GAP}(?:[\])]|{_CLOSED}|{_COMMENT}|{_FENCE}|:|\+\s*[\"'])|\s+[\"'](?=\S)|\s*\n"
        rf"|{_GAP},(?:{_GAP}(?:[^\w\s]|\d|\Z|\w[\w.-]{{0,60}}\s{{0,9}}[,\]])|\s{{0,9}}\n)"
    ),
    "alone": re.compile(_END),
}
_LAST_BRACE: Final = re.compile(rf"{_GAP}\}}")
_NEXT_KEY: Final = re.compile(rf",{_GAP}{_KEY}")
_KEY_BEFORE: Final = re.compile(r"""[,\n]\s{0,40}["']?[^\W\d][\w$.-]{0,60}["']?\s{0,9}:\s{0,9}\Z""")
_NAME_AHEAD: Final = re.compile(r"""[\w$. -]{1,60}["']\s{0,9}:""")
_CLOSERS_AT_END: Final = re.compile(r"[\s,]*(?:[}\])][\s,;]*)+\Z")

_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\n": "\n"}
_LAST_LINES: Final = re.compile(r"[ \t]*\n\s*\Z")
_UNICODE: Final = re.compile(r"[0-9a-fA-F]{4}")
_PAIR: Final = re.compile(r"\\u([dD][c-fC-F][0-9a-fA-F]{2})")


def read_quoted(text: str, start: int, place: Place, depth: int) -> Span:
    """The string whose opening mark stands at ``start``, inside ``depth`` brackets."""
    marks = _MARKS[text[start]]
    pieces: list[str] = []
    notes = set[str]() if text[start] == '"' else {"quotes"}
    piece = position = start + 1
    inner: list[int] = []
    while (mark := marks.search(text, position)) is not None:
        at = mark.start()
        if mark[0] == "\\":
            decoded, position, note = _escaped(text, at)
            pieces += (text[piece:at], decoded)
            piece = position
            notes |= {note} if note else set()
        elif _may_end(text, at + 1, place, depth):
            cut = _forgotten_end(text, start, inner, place)
            if cut is not None:
                return _cut(text, start, cut, notes)
            return _finish(text, pieces, piece, at, place, notes, inner)
        else:
            inner.append(at)
            position = at + 1
    return _unclosed(text, start, pieces, piece, place, notes, inner)


def _may_end(text: str, after: int, place: Place, depth: int) -> bool:
    if _AFTER[place].match(text, after) is not None:
        return True
    if place != "field" or depth != 1:
        return False
    last = _LAST_BRACE.match(text, after)  # then a sentence may follow the whole
    return last is not None and text.find("}", last.end()) < 0


def _finish(
    text: str,
    pieces: list[str],
    piece: int,
    end: int,
    place: Place,
    notes: set[str],
    inner: list[int],
) -> Span:
    value = "".join((*pieces, text[piece:end]))
    if inner:
        notes.add("inner_quote")
    if any(mark in value for mark in "\n\r\t\b\f") and _has_control(text, piece, end, pieces):
        notes.add("control_character")
        # A line break of the text itself before the mark is layout: the string is a block.
        tail = text[piece:end] if place != "key" else ""
        value = value[: len(value) - len(tail)] + _LAST_LINES.sub("", tail)
    return Span(value, min(end + 1, len(text)), tuple(sorted(notes)))


def _has_control(text: str, piece: int, end: int, pieces: list[str]) -> bool:
    return any(c < " " for c in text[piece:end]) or any(
        any(c < " " for c in plain) for plain in pieces[::2]
    )


def _forgotten_end(text: str, start: int, inner: list[int], place: Place) -> int | None:
    """Where the string ended, if one inner mark plainly opens or closes the next key or item."""
    if len(inner) % 2 == 0 or place not in ("field", "item"):
        return None
    at = inner[0] if place == "item" else inner[-1]
    before = text[max(start + 1, at - 120) : at]
    if before.rstrip().endswith(",") and (place == "item" or _NAME_AHEAD.match(text, at + 1)):
        return start + 1 + len(text[start + 1 : at].rstrip()) - 1
    found = _KEY_BEFORE.search(before) if place == "field" else None
    return None if found is None else at - len(before) + found.start()


def _cut(text: str, start: int, end: int, notes: set[str]) -> Span:
    """The string from its mark to ``end``, where its closing mark was forgotten."""
    value, position = "", start + 1
    while (at := text.find("\\", position, end)) >= 0:
        decoded, after, _ = _escaped(text, at)
        value += text[position:at] + decoded
        position = after
    return Span(value + text[position:end].rstrip(), end, tuple(sorted(notes | {"end_quote"})))


def _unclosed(
    text: str,
    start: int,
    pieces: list[str],
    piece: int,
    place: Place,
    notes: set[str],
    inner: list[int],
) -> Span:
    """The text ended inside the string: the tail is missing, or only the closing mark."""
    if place == "field":
        following = _NEXT_KEY.search(text, start + 1)
        if following is not None:
            return _cut(text, start, following.start(), notes)
    if place != "alone":
        closers = _CLOSERS_AT_END.search(text, max(start + 1, len(text) - 200))
        if closers is not None:
            return _cut(text, start, closers.start(), notes)
    notes.add("end_quote" if inner else "tail")
    return _finish(text, pieces, piece, len(text), place, notes, inner)


def _escaped(text: str, at: int) -> tuple[str, int, str]:
    """What the escape at ``at`` stands for, where reading goes on, and the repair if it was one."""
    letter = text[at + 1 : at + 2]
    if letter == "u":
        digits = _UNICODE.match(text, at + 2)
        if digits is None:
            cut = re.compile(r"[0-9a-fA-F]{0,3}\Z").match(text, at + 2)
            return ("", len(text), "tail") if cut else ("\\u", at + 2, "escape")
        code, after = int(digits[0], 16), at + 6
        low = _PAIR.match(text, after) if 0xD800 <= code < 0xDC00 else None
        if low is not None:
            code = 0x10000 + ((code - 0xD800) << 10) + (int(low[1], 16) - 0xDC00)
            after += 6
        return chr(code), after, ""
    if not letter:
        return "", at + 1, "tail"
    if letter in '"\\/':
        return letter, at + 2, ""
    if letter in QUOTES:
        return letter, at + 2, "escape"
    if letter in _ESCAPES:
        return _ESCAPES[letter], at + 2, "" if letter != "\n" else "escape"
    # A pattern or a path whose backslash was not doubled: it is part of the text.
    return "\\" + letter, at + 2, "escape"


def read_triple(text: str, start: int) -> Span:
    """The text between triple marks, as Python and Markdown write blocks; indentation undone."""
    marks = text[start : start + 3]
    ends = re.compile(rf"{re.escape(marks)}(?={_GAP}(?:[,}}\])]|\Z|{_QUOTED_KEY})|\s*\n)")
    end = ends.search(text, start + 3)
    at = end.start() if end else len(text)
    content = text[start + 3 : at]
    if marks == "```":
        content = re.sub(r"\A[\w+-]{0,20}[ \t]*\n", "\n", content, count=1)
    if "\n" in content:
        content = textwrap.dedent(content).strip("\n").rstrip()
    notes = ("quotes",) if end else ("quotes", "tail")
    return Span(content, end.end() if end else at, notes)


_BARE_MARK: Final = re.compile(r"""[(){}\[\],\n"'/`]""")
_BARE_KEY: Final = re.compile(_QUOTED_KEY)
_AFTER_COMMA: Final = re.compile(rf"{_GAP}(?:\Z|[}}\])]|{_KEY}|{_COMMENT}|{_FENCE}|\.\.\.|[,\"'])")
_AFTER_LINE: Final = re.compile(rf"{_GAP}(?:\Z|[}}\])]|{_KEY}|{_COMMENT}|{_FENCE})")
_WHOLE: Final = re.compile(r"(?i:true|false|null|none|undefined)\s*\Z")
_MAX_BALANCED: Final = 400
_OPEN: Final = frozenset("([{")
_SHUT: Final = frozenset(")]}")


def read_bare(text: str, start: int, place: Place, *, balanced: bool = True) -> Span:
    """The words without quotes that begin at ``start``; brackets among them go in pairs.

    Where one never closes the note is ``unbalanced``.
    """
    end = _bare_end(text, start, place, balanced=balanced)
    if end >= 0:
        return Span(text[start:end].strip(), end, ())
    end = _bare_end(text, start, place, balanced=False)
    return Span(text[start:end].strip(), end, ("unbalanced",))


def _bare_end(text: str, start: int, place: Place, *, balanced: bool) -> int:
    """Where they end; -1 if a bracket among them never closes."""
    depth, position = 0, start
    while (mark := _BARE_MARK.search(text, position)) is not None:
        at, sign = mark.start(), mark[0]
        position = at + 1
        if depth and at - start > _MAX_BALANCED:
            return -1
        if balanced and sign in _OPEN:
            depth += 1
            continue
        if sign in _SHUT:
            if depth == 0:
                if balanced or sign != ")":
                    return at
                continue
            depth -= 1
            continue
        if not depth and _ends_bare(text, start, at, place):
            return at
    return -1 if depth else len(text)


def _ends_bare(text: str, start: int, at: int, place: Place) -> bool:
    sign = text[at]
    if sign == ",":
        if place == "item" or _AFTER_COMMA.match(text, at + 1) is not None:
            return True
        # A whole word of JSON or number is the value, unless its thousands go on.
        return at - start < 40 and _WHOLE.match(text, start, at) is not None
    if sign == "\n":
        return place == "item" or _AFTER_LINE.match(text, at + 1) is not None
    if sign in "\"'":
        return place == "field" and text[at - 1].isspace() and _BARE_KEY.match(text, at) is not None
    if sign == "`":
        return text.startswith("```", at) and text[at - 1] == "\n"
    following = text[at + 1 : at + 2]
    return following == "*" or (following == "/" and text[at - 1].isspace())
