"""What a template's text says before it runs: its tags, the blocks it includes, the names it sets.

A task's version holds exactly the blocks that its templates include, and the engine cannot list
them, so block names must be written out. Pure; called by `roadworthy.tasks.template_check`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

__all__ = [
    "Include",
    "Operation",
    "Span",
    "Tag",
    "assigned_names",
    "includes",
    "line_of_name",
    "operations",
    "spans",
    "tags",
]

_OPENING: Final = re.compile(r"\{\{|\{%|\{#")
_RAW: Final = re.compile(r"[-+]?\s*raw\s*[-+]?%\}")
_END_RAW: Final = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")
_STRING: Final = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'"
_BODY: Final = {
    closing: re.compile(rf"(?:{_STRING}|(?!{re.escape(closing)}).)*", re.DOTALL)
    for closing in ("}}", "%}")
}
_LITERAL: Final = re.compile(_STRING)
_INCLUDE: Final = re.compile(r"(include|import|from|extends)\b\s*(.*)", re.DOTALL)
_OPERATIONS: Final[tuple[tuple[Literal["filter", "test"], re.Pattern[str]], ...]] = (
    ("filter", re.compile(r"(?:\|\s*|^filter\s+)([A-Za-z_]\w*)")),
    ("test", re.compile(r"(?<![\w.])is\s+(?:not\s+)?([A-Za-z_]\w*)")),
)
_NAMES: Final = (
    re.compile(r"(?:set|with)\b(.*?)(?:=|$)", re.DOTALL),
    re.compile(r"for\b(.*?)\bin\b", re.DOTALL),
    re.compile(r"macro\s+(\w+)"),
    re.compile(r"import\b.*?\bas\b(.*)", re.DOTALL),
    re.compile(r"from\b.*?\bimport\b(.*)", re.DOTALL),
)


class Tag(NamedTuple):
    """One ``{{ … }}`` or ``{% … %}``."""

    statement: bool
    body: str
    line: int


class Span(NamedTuple):
    """One piece of a template's source."""

    kind: Literal["text", "comment", "raw", "expression", "statement"]
    """``raw``: one of the two tags around a section that is text, whatever it looks like."""
    start: int
    end: int
    body: str = ""
    """Of an expression or a statement: what stands between its marks."""


class Include(NamedTuple):
    """One reference to a block; several names mean the first that exists."""

    names: tuple[str, ...]
    """Empty: the name is computed, which cannot be followed."""
    line: int
    optional: bool


class Operation(NamedTuple):
    """One use of a filter (``|upper``) or of a test (``is defined``)."""

    kind: Literal["filter", "test"]
    name: str
    line: int


def spans(source: str) -> Iterator[Span]:
    """All of the source, piece after piece; text in a raw section is text."""
    at = 0
    while opening := _OPENING.search(source, at):
        start = opening.start()
        if start > at:
            yield Span("text", at, start)
        at = opening.end()
        if opening.group() == "{#":
            end = source.find("#}", at)
            at = len(source) if end < 0 else end + 2
            yield Span("comment", start, at)
        elif opening.group() == "{%" and (raw := _RAW.match(source, at)):
            ending = _END_RAW.search(source, at)
            last, at = (ending.start(), ending.end()) if ending else (len(source), len(source))
            yield Span("raw", start, raw.end())
            if last > raw.end():
                yield Span("text", raw.end(), last)
            if ending:
                yield Span("raw", last, at)
        else:
            kind: Literal["expression", "statement"] = (
                "statement" if opening.group() == "{%" else "expression"
            )
            body = _BODY["%}" if kind == "statement" else "}}"].match(source, at)
            assert body is not None
            at = min(body.end() + 2, len(source))
            yield Span(kind, start, at, body.group().strip("-+ \t\n"))
    if at < len(source):
        yield Span("text", at, len(source))


def tags(source: str) -> Iterator[Tag]:
    """The tags in their order; comments and raw sections are left out."""
    for span in spans(source):
        if span.kind in ("expression", "statement"):
            line = source.count("\n", 0, span.start) + 1
            yield Tag(span.kind == "statement", span.body, line)


def includes(source: str) -> list[Include]:
    """The blocks that a template asks for."""
    found = []
    for tag in tags(source):
        match = _INCLUDE.match(tag.body) if tag.statement else None
        if match is None:
            continue
        argument = match.group(2)
        optional = bool(re.search(r"\bignore\s+missing\b", argument))
        written_out = re.match(rf"(?:{_STRING}|\[[^\]]*\])(?!\s*[~+|])", argument)
        literals = _LITERAL.findall(written_out.group()) if written_out else []
        names = tuple(literal[1:-1] for literal in literals)
        found.append(Include(names, tag.line, optional))
    return found


def operations(source: str) -> list[Operation]:
    """The filters and tests that a template uses."""
    return [
        Operation(kind, name, tag.line)
        for tag in tags(source)
        for kind, pattern in _OPERATIONS
        for name in pattern.findall(_LITERAL.sub("''", tag.body))
    ]


def assigned_names(source: str) -> set[str]:
    """Names that the template sets itself, and that the blocks it includes may see."""
    names: set[str] = set()
    for tag in tags(source):
        if tag.statement:
            for pattern in _NAMES:
                if match := pattern.match(tag.body):
                    names.update(re.findall(r"\w+", match.group(1)))
    return names


def line_of_name(source: str, name: str) -> int:
    """The line of the first tag that holds this name; 1 if none does."""
    word = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)")
    for tag in tags(source):
        if match := word.search(tag.body):
            return tag.line + tag.body.count("\n", 0, match.start())
    return 1
