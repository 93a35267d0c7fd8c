"""The words of a CEL expression. Pure; called by `syntax`."""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple, TypeAlias

from roadworthy.expressions.faults import ExpressionError

__all__ = ["Token", "TokenKind", "tokenize"]

TokenKind: TypeAlias = Literal["float", "uint", "int", "string", "bytes", "name", "mark", "end"]


class Token(NamedTuple):
    kind: TokenKind
    text: str
    at: int
    """Offset in the source, in characters."""


# Source: CEL language definition, "Syntax" (github.com/google/cel-spec, doc/langdef.md).
_STRING: Final = (
    r'[rR]"""(?:.|\n)*?"""'
    r"|[rR]'''(?:.|\n)*?'''"
    r'|"""(?:\\(?:.|\n)|[^\\])*?"""'
    r"|'''(?:\\(?:.|\n)|[^\\])*?'''"
    r'|[rR]"[^"\r\n]*"'
    r"|[rR]'[^'\r\n]*'"
    r'|"(?:\\.|[^"\\\r\n])*"'
    r"|'(?:\\.|[^'\\\r\n])*'"
)
_TOKEN: Final = re.compile(
    rf"""
    (?P<space>(?:[ \t\r\n\f]+|//[^\n]*)+)
  | (?P<bytes>[bB](?:{_STRING}))
  | (?P<string>{_STRING})
  | (?P<float>[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)
  | (?P<uint>(?:0[xX][0-9a-fA-F]+|[0-9]+)[uU])
  | (?P<int>0[xX][0-9a-fA-F]+|[0-9]+)
  | (?P<name>[_a-zA-Z][_a-zA-Z0-9]*)
  | (?P<mark>&&|\|\||==|!=|<=|>=|[-+*/%!<>?:.,()\[\]{{}}])
    """,
    re.VERBOSE,
)


def tokenize(source: str) -> list[Token]:
    """The tokens of the source, an ``end`` last.

    Raises:
        ExpressionError: something is no token of CEL.
    """
    tokens: list[Token] = []
    at = 0
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:
            raise ExpressionError(f"{source[at]!r} is not understood here", at)
        kind = match.lastgroup
        if kind != "space":
            tokens.append(Token(kind, match.group(), at))  # type: ignore[arg-type] # its own names
        at = match.end()
    return [*tokens, Token("end", "", len(source))]
