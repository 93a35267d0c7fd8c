"""How much of a prompt a provider can read from its cache: what stands before all that varies.

Pure. Providers keep the beginning of a prompt, to the first token that differs, from 1,024 tokens
on.

Source: OpenAI, "Prompt caching" (1,024 tokens), and Anthropic, "Prompt caching" (1,024 tokens, for
some models 2,048 or more); both as of November 2026.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from roadworthy.evaluation.lint.findings import Finding
from roadworthy.evaluation.lint.subject import Subject
from roadworthy.tasks.template_source import includes, spans

__all__ = ["CACHED_FROM", "Prefix", "prefix_of", "uncached_prefix"]

CACHED_FROM: Final = 1_024
_CONTROL: Final = re.compile(r"(?:if|for|filter|call|with|elif|else)\b")


class _Piece(NamedTuple):
    text: str
    """Empty: here begins something that varies."""
    file: str
    line: int
    certain: bool
    """Whether it stands in every prompt."""


class Prefix(NamedTuple):
    """How the fixed text of a prompt lies."""

    tokens: int
    """Before the first thing that varies."""
    behind: int
    """Of fixed text behind it, which could stand before it."""
    file: str = ""
    line: int = 0
    """Of the first thing that varies; empty: nothing does."""


def prefix_of(subject: Subject) -> Prefix:
    """Where the fixed part of the prompt ends, and what it leaves behind."""
    before: list[str] = []
    behind: list[str] = []
    first: _Piece | None = None
    for piece in _pieces(subject):
        if not piece.text:
            first = first or piece
        elif piece.certain:
            (before if first is None else behind).append(piece.text)
        # Text under a condition varies, though each of its words is fixed.
        elif first is None:
            first = piece
    count = subject.counter.count
    return Prefix(
        tokens=sum(map(count, before)),
        behind=sum(count(text) for text in behind if text.strip()),
        file=first.file if first else "",
        line=first.line if first else 0,
    )


def uncached_prefix(subject: Subject) -> Iterator[Finding]:
    """That text which never varies could be read from a provider's cache, and is not."""
    if subject.model is None or subject.model.provider == "embedded":
        return  # it reuses the beginning of a prompt at any length, and nobody bills it
    found = prefix_of(subject)
    whole = found.tokens + found.behind
    if found.tokens < CACHED_FROM <= whole:
        yield Finding(
            code="uncached-prefix",
            level="note",
            task=subject.task,
            file=found.file,
            line=found.line,
            message=f"of {whole:,} tokens that are the same in every call, {found.tokens:,} stand"
            f" before the first value; providers cache from {CACHED_FROM:,} on",
            remedy="move this value, and all else that varies, behind the text that does not",
        )


def _pieces(subject: Subject) -> Iterator[_Piece]:
    blocks = subject.definition.blocks

    def walk(file: str, source: str, certain: bool, trail: tuple[str, ...]) -> Iterator[_Piece]:
        depth = 0
        for span in spans(source):
            line = source.count("\n", 0, span.start) + 1
            sure = certain and not depth
            if span.kind == "text":
                yield _Piece(source[span.start : span.end], file, line, sure)
            elif span.kind == "expression":
                yield _Piece("", file, line, sure)
            elif span.kind == "statement":
                if _CONTROL.match(span.body):
                    yield _Piece("", file, line, sure)
                depth += bool(re.match(r"(?:if|for|filter|call|with)\b", span.body))
                depth -= bool(re.match(r"end(?:if|for|filter|call|with)\b", span.body))
                for include in includes(source[span.start : span.end]):
                    name = next((n for n in include.names if n in blocks), None)
                    if name is not None and name not in trail:
                        yield from walk(f"blocks/{name}", blocks[name], sure, (*trail, name))

    for template in subject.definition.templates:
        if template.literal:
            yield _Piece(template.source, template.file, 0, True)
        else:
            yield from walk(template.file, template.source, True, ())
