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

__all__ = ["Candidate", "candidates", "fenced"]

_MAX_CANDIDATES: Final = 32

# A bracket that opens JSON and not a remark: `{` before a quote, a key or an end, `[` before a
# value or an end.
_OPENING: Final = re.compile(
    r"""\{\s*(?:["'\u201c\u201d\u2018\u2019}]|//|/\*|[\w$-]+\s*:)"""
    r"""|\[\s*(?:["'\u201c\u201d\u2018\u2019\[\]{]|//|/\*|-?\d|(?:true|false|null|None|True|False)\b)"""
)
_STRUCTURE: Final = re.compile(r'\\.|["{}\[\]]', re.DOTALL)
_FENCE_BEFORE: Final = re.compile(r"(?:```|~~~)[\w+-]*\s*\Z")
_FENCED: Final = re.compile(r"(?:```|~~~)[\w+-]*[ \t]*\n?(.*?)(?:```|~~~)", re.DOTALL)
_CONTINUES: Final = frozenset(",:\"'")


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
    """Every outermost object or array, in the order of the text; at most 32.

    What lies inside a broken one is not looked at: a fragment that happens to fit the schema is
    not the answer.
    """
    found = []
    for candidate in _scan(text):
        found.append(candidate)
        if len(found) == _MAX_CANDIDATES:
            break
    return found


def fenced(text: str) -> str:
    """The content of the only fence of an answer, or the answer itself, stripped."""
    found = _FENCED.findall(text)
    return (found[0] if len(found) == 1 else text).strip()


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
        end, closed = _extent(text, start)
        return MISSING, end, closed
    return value, end, True


def _extent(text: str, start: int) -> tuple[int, bool]:
    """Where the bracket at `start` closes; else the last closing bracket, or the text's end."""
    depth, quoted, last_close = 0, False, start
    for match in _STRUCTURE.finditer(text, start):
        mark = match[0]
        if mark == '"':
            quoted = not quoted
        elif not quoted and mark in "{[":
            depth += 1
        elif not quoted and mark in "}]":
            depth -= 1
            last_close = match.end()
            if depth == 0:
                return last_close, True
    rest = text[last_close:].lstrip()
    if last_close > start and rest[:1] not in _CONTINUES:
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
