"""Where JSON stands in an answer: alone, inside a fence, between sentences, cut off at the end.

Finds places and decides nothing; `read` weighs what it finds against the schema.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, NoReturn

from roadworthy.conformance.parsing.nodes import Fields, Items, Node, Spelled, natural, node_of
from roadworthy.conformance.parsing.parser import MAX_DEPTH, TooDeep, parse
from roadworthy.conformance.strict_json import MISSING, decode

__all__ = ["Candidate", "candidates", "fenced", "inside_fences", "unescaped", "unfenced"]

_MAX_CANDIDATES: Final = 16
_MAX_COLLECTED: Final = 1_000

# A bracket that opens JSON and not a remark: `{` before a quote, a key or an end, `[` before a
# value or an end; before plain words only where it stands first on its line.
_OPENING: Final = re.compile(
    r"""\{\s*(?:["'\u201c\u201d\u2018\u2019}\]{]|//|/\*|```|\Z"""
    r"""|\w[\w$.-]*(?:[ ][\w$.-]+){0,3}\s*:)"""
    r"""|\[\s*(?:["'\u201c\u201d\u2018\u2019\[\]{},]|//|/\*|```|-?\d|\.\.\.|\Z"""
    r"""|(?:true|false|null|None|True|False|undefined)\b)"""
    r"""|(?:(?<=\n)|(?<![\s\S]))\[\s*\w[^\[\]\n]{0,400}[,\]]""",
)
# After a value's end this is no sentence: the value ended too early, by one bracket too many.
_GOES_ON: Final = re.compile(r"""\s*(?:[}\]]|,\s*["'][^"'\n]{0,120}["']\s*:)""")
_FENCE_BEFORE: Final = re.compile(r"(?:```|~~~)[\w+-]*\s*\Z")
_FENCED: Final = re.compile(
    r"(?:```|~~~)[ \t]*[\w+-]*[ \t]*\n(.*?)\n?[ \t]*(?:```|~~~|\Z)", re.DOTALL
)
_FENCES: Final = ("```", "~~~")
_THOUGHT: Final = re.compile(r"\A\s*<(think|thinking|reasoning)>.*?</\1>", re.DOTALL)
_TUPLE: Final = re.compile(r"""\s*\(\s*(?:["'\[{(]|-?\d).*\)\s*\Z""", re.DOTALL)
_BETWEEN: Final = re.compile(r"(?:\s|,|;|//[^\n]*|/\*.*?\*/)*\Z", re.DOTALL)
_ESCAPED: Final = re.compile(r"(?:[{\[]\s*){1,4}\\\"")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stretch of the answer that looks like a JSON object or array."""

    start: int
    end: int
    value: Any
    """`MISSING`: it is not strict JSON; `node` says what it may mean."""
    kind: Literal["whole", "fence", "prose", "collected", "sequence"]
    """What stands around it. Or several values as one list: ``sequence``, if nothing stands
    between and around them, else ``collected``."""
    closed: bool
    """False: brackets are open at its end, so that its tail may be missing."""
    node: Node | None = None
    """None where it is strict JSON."""


def candidates(text: str) -> list[Candidate]:
    """Every outermost object or array, in the order of the text; at most 16.

    What lies inside a broken one is not looked at: a fragment that happens to fit the schema is
    not the answer. What a model thought aloud before is left out.
    """
    thought = _THOUGHT.match(text)
    start = thought.end() if thought else 0
    found: list[Candidate] = []
    for candidate in _scan(text, start):
        found.append(candidate)
        if len(found) == _MAX_COLLECTED:
            break
    if not found and _TUPLE.match(text, start):
        found += _tuple(text, start)
    return found[:_MAX_CANDIDATES] + _collected(text, found)


def inside_fences(text: str, outer: list[Candidate]) -> list[Candidate]:
    """What fences set apart inside broken candidates: worth a look only where those do not fit,
    since a fence may just as well be part of a string."""
    broken = [c for c in outer if c.value is MISSING and c.kind == "prose"]
    found: list[Candidate] = []
    for block in _FENCED.finditer(text) if broken else ():
        if any(c.start < block.start() < c.end for c in broken):
            found += _scan(text, block.start(1), block.end(1))
    return found[:_MAX_CANDIDATES]


def fenced(text: str) -> list[str]:
    """The contents of all fences, in their order."""
    return [block[1].strip() for block in _FENCED.finditer(text)]


def unfenced(text: str) -> str:
    """The content of a fence that is the whole answer, else the answer; stripped."""
    text = text.strip()
    opening, newline, content = text.partition("\n")
    if newline and opening.startswith(_FENCES) and content.endswith(_FENCES):
        return content[:-3].strip()
    return text


def unescaped(text: str) -> str | None:
    """The JSON inside an answer that was encoded twice: as one string, fenced or not, or with
    its quotes escaped as if it stood in a string."""
    content = unfenced(text)
    inner = decode(content) if content.startswith('"') else MISSING
    if isinstance(inner, str):
        return inner if inner.lstrip().startswith(("{", "[")) else None
    if not _ESCAPED.match(content):
        return None
    inner = decode(f'"{content}"')
    return inner if isinstance(inner, str) else re.sub(r"\\(?=\\*\")", "", content)


def _collected(text: str, found: list[Candidate]) -> list[Candidate]:
    """Values that follow one another, as the list of them."""
    found = [c for c in found if c.value or c.value is MISSING] or found  # not the empty ones
    if len(found) < 2 or any(not c.closed for c in found):
        return []
    ends = [c.end for c in found]
    starts = [c.start for c in found[1:]] + [len(text)]
    alone = _BETWEEN.match(text[: found[0].start]) and all(
        _BETWEEN.match(text[end:start]) for end, start in zip(ends, starts, strict=True)
    )
    nodes = [c.node or node_of(c.value) for c in found]
    node = Items(nodes, written=text[found[0].start : found[-1].end])
    return [Candidate(0, ends[-1], MISSING, "sequence" if alone else "collected", True, node)]


def _tuple(text: str, start: int) -> list[Candidate]:
    """An answer that is a Python tuple, or a value in parentheses."""
    start = text.index("(", start)
    try:
        node, end = parse(text, start)
    except TooDeep:
        return []
    whole = not text[end:].strip()
    return [Candidate(start, end, MISSING, "whole", True, node)] if whole else []


def _scan(text: str, position: int, limit: int | None = None) -> Iterator[Candidate]:
    area = text if limit is None else text[:limit]
    while (opening := _OPENING.search(area, position)) is not None:
        candidate = _read(area, opening.start())
        if candidate is None:
            return
        yield candidate
        if not candidate.closed:
            return
        position = candidate.end


def _read(text: str, start: int) -> Candidate | None:
    try:
        value, end = _decoder.raw_decode(text, start)
    except (ValueError, RecursionError):
        value, end = MISSING, start
    if value is not MISSING and not _GOES_ON.match(text, end):
        if _is_too_deep(value):
            return None
        return Candidate(start, end, value, _surroundings(text, start, end), True)
    try:
        node, end = parse(text, start)
    except TooDeep:
        return None
    closed = not isinstance(node, Fields | Items) or node.closed
    kind = _surroundings(text, start, end)
    if not closed and kind == "prose" and natural(node) in ({}, []):
        return None  # a bracket at the end of a sentence
    return Candidate(start, end, MISSING, kind, closed, node)


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return False
    return True


def _surroundings(text: str, start: int, end: int) -> Literal["whole", "fence", "prose"]:
    before, after = text[:start].strip(), text[end:].strip()
    if not before and not after:
        return "whole"
    if _FENCE_BEFORE.search(text, max(0, start - 40), start):
        return "fence"
    return "prose"


def _refuse(literal: str) -> NoReturn:
    raise ValueError(f"{literal} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_refuse, parse_float=Spelled)
