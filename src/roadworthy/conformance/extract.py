"""Where JSON stands in an answer: alone, inside a fence, between sentences, cut off at the end.

Finds places and decides nothing; `read` weighs what it finds against the schema.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, NoReturn

from roadworthy.conformance.strict_json import MISSING

__all__ = ["Candidate", "candidates", "unfenced"]

_MAX_CANDIDATES: Final = 16

# A bracket that opens JSON and not a remark: `{` before a quote, a key or an end, `[` before a
# value or an end.
_OPENING: Final = re.compile(
    r"""\{\s*(?:["'\u201c\u201d\u2018\u2019}]|//|/\*|[\w$-]+\s*:)"""
    r"""|\[\s*(?:["'\u201c\u201d\u2018\u2019\[\]{]|//|/\*|-?\d|(?:true|false|null|None|True|False)\b)"""
)
_STRUCTURE: Final = re.compile(r'\\.|["{}\[\]]|//|/\*', re.DOTALL)
_OPENS: Final = {"{": "}", "[": "]"}
_COMMENTS: Final = {"//": "\n", "/*": "*/"}
# After a value's end this is no sentence: the value ended too early, by one bracket too many.
_GOES_ON: Final = re.compile(r"""\s*(?:[}\]]|,\s*["'{\[])""")
_FENCE_BEFORE: Final = re.compile(r"(?:```|~~~)[\w+-]*\s*\Z")
_FENCES: Final = ("```", "~~~")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stretch of the answer that looks like a JSON object or array."""

    start: int
    end: int
    value: Any
    """`MISSING`: it is not strict JSON; its syntax would have to be repaired."""
    kind: Literal["whole", "fence", "prose"]
    """What stands around it."""
    closed: bool
    """False: brackets are open at its end, so that its tail may be missing."""


def candidates(text: str) -> list[Candidate]:
    """Every outermost object or array, in the order of the text; at most 16.

    What lies inside a broken one is not looked at: a fragment that happens to fit the schema is
    not the answer.
    """
    found = []
    for candidate in _scan(text):
        found.append(candidate)
        if len(found) == _MAX_CANDIDATES:
            break
    return found


def unfenced(text: str) -> str:
    """The content of a fence that is the whole answer, else the answer; stripped."""
    text = text.strip()
    opening, newline, content = text.partition("\n")
    if newline and opening.startswith(_FENCES) and content.endswith(_FENCES):
        return content[:-3].strip()
    return text


def _scan(text: str) -> Iterator[Candidate]:
    position = 0
    while (opening := _OPENING.search(text, position)) is not None:
        start = opening.start()
        value, end, closed = _read(text, start)
        yield Candidate(start, end, value, _surroundings(text, start, end), closed)
        if not closed:
            return
        position = end


def _read(text: str, start: int) -> tuple[Any, int, bool]:
    try:
        value, end = _decoder.raw_decode(text, start)
    except (ValueError, RecursionError):
        value = MISSING
        end, closed = _extent(text, start)
    else:
        closed = True
    if closed and _GOES_ON.match(text, end):
        return MISSING, max(text.rfind("}"), text.rfind("]")) + 1, True
    return value, end, closed


def _extent(text: str, start: int) -> tuple[int, bool]:
    """Where the bracket at `start` closes; else the last closing bracket, or the text's end."""
    open_brackets: list[str] = []
    quoted, last_close, position = False, start, start
    while (match := _STRUCTURE.search(text, position)) is not None:
        mark, position = match[0], match.end()
        if mark == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif mark in _COMMENTS:
            end = text.find(_COMMENTS[mark], position)
            position = end if end >= 0 else position
        elif mark in _OPENS:
            open_brackets.append(_OPENS[mark])
        elif mark in open_brackets:
            while open_brackets.pop() != mark:
                pass
            last_close = position
            if not open_brackets:
                return last_close, True
    if last_close > start and not _GOES_ON.match(text, last_close):
        return last_close, False
    return len(text), False


def _surroundings(text: str, start: int, end: int) -> Literal["whole", "fence", "prose"]:
    before, after = text[:start].strip(), text[end:].strip()
    if not before and not after:
        return "whole"
    if _FENCE_BEFORE.search(text, max(0, start - 40), start):
        return "fence"
    return "prose"


def _refuse(literal: str) -> NoReturn:
    raise ValueError(f"{literal} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_refuse)
