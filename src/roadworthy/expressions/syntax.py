"""CEL expressions as trees, so that they can be checked before they run. Pure.

The engine evaluates; it neither shows its tree nor knows what a schema declares. What this reads
is what the engine reads, messages of protobuf left out: a test holds both to the same sources.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from roadworthy.expressions.faults import ExpressionError
from roadworthy.expressions.tokens import Token, tokenize

__all__ = [
    "COMPREHENSIONS",
    "MAX_CHARS",
    "Call",
    "Comprehension",
    "Has",
    "Index",
    "ListOf",
    "Literal",
    "MapOf",
    "Name",
    "Node",
    "Select",
    "parse",
]

MAX_CHARS: Final = 4_000
_MAX_DEPTH: Final = 60
"""The engine reads by recursion too, and a stack that overflows ends the process."""

COMPREHENSIONS: Final = {
    "all": (2,),
    "exists": (2,),
    "exists_one": (2,),
    "filter": (2,),
    "map": (2, 3),
}
"""Macros that walk a list or a map's keys, with the numbers of their arguments."""

# Source: CEL language definition, "Syntax", RESERVED.
# fmt: off
_RESERVED: Final = frozenset((
    "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop",
    "package", "namespace", "return", "var", "void", "while",
))
# fmt: on
_ESCAPE: Final = re.compile(
    r"\\([xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2}|.|\n)"
)
_ESCAPES: Final = dict(zip("abfnrtv\\?\"'`", "\a\b\f\n\r\t\v\\?\"'`", strict=True))
_RELATIONS: Final = ("<", "<=", ">", ">=", "==", "!=")


@dataclass(frozen=True, slots=True)
class Literal:
    value: Any
    kind: str
    at: int


@dataclass(frozen=True, slots=True)
class Name:
    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Select:
    """``base.field``"""

    base: Node
    field: str
    at: int
    """Of the field's name."""


@dataclass(frozen=True, slots=True)
class Index:
    """``base[key]``"""

    base: Node
    key: Node
    at: int


@dataclass(frozen=True, slots=True)
class Has:
    """``has(base.field)``"""

    target: Select
    at: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function, a method (its target is the first argument) or an operator (``"_+_"``)."""

    function: str
    arguments: tuple[Node, ...]
    at: int
    """Of the function's name or the operator."""


@dataclass(frozen=True, slots=True)
class Comprehension:
    """``over.all(variable, body)`` and its like."""

    macro: str
    over: Node
    variable: str
    bodies: tuple[Node, ...]
    at: int
    """Of the macro's name."""
    body_span: tuple[int, int]
    """Where the last body stands in the source."""


@dataclass(frozen=True, slots=True)
class ListOf:
    items: tuple[Node, ...]
    at: int


@dataclass(frozen=True, slots=True)
class MapOf:
    entries: tuple[tuple[Node, Node], ...]
    at: int


Node: TypeAlias = Literal | Name | Select | Index | Has | Call | Comprehension | ListOf | MapOf


def parse(source: str) -> Node:
    """The tree of an expression.

    Raises:
        ExpressionError: it is none, or it is too long or too deep.
    """
    if len(source) > MAX_CHARS:
        raise ExpressionError(f"the expression is longer than {MAX_CHARS:,} characters", MAX_CHARS)
    parser = _Parser(tokenize(source))
    tree = parser.expression()
    parser.require("end", "the expression ends too late")
    return tree


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.position = 0
        self.depth = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.position]

    def take(self) -> Token:
        token = self.next
        self.position += 1
        return token

    def accept(self, *marks: str) -> Token | None:
        if self.next.kind == "mark" and self.next.text in marks:
            return self.take()
        return None

    def require(self, wanted: str, why: str = "") -> Token:
        token = self.next
        if token.kind == wanted or (token.kind == "mark" and token.text == wanted):
            return self.take() if token.kind != "end" else token
        found = repr(token.text) if token.text else "the end"
        raise ExpressionError(why or f"expected {wanted!r}, found {found}", token.at)

    def expression(self) -> Node:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise ExpressionError(f"nested deeper than {_MAX_DEPTH} levels", self.next.at)
        condition = self.either()
        mark = self.accept("?")
        if mark is not None:
            yes = self.either()
            self.require(":")
            condition = Call("_?_:_", (condition, yes, self.expression()), mark.at)
        self.depth -= 1
        return condition

    def either(self) -> Node:
        left = self.both()
        while mark := self.accept("||"):
            left = Call("_||_", (left, self.both()), mark.at)
        return left

    def both(self) -> Node:
        left = self.relation()
        while mark := self.accept("&&"):
            left = Call("_&&_", (left, self.relation()), mark.at)
        return left

    def relation(self) -> Node:
        left = self.sum()
        while True:
            if self.next.kind == "name" and self.next.text == "in":
                at = self.take().at
                left = Call("_in_", (left, self.sum()), at)
            elif mark := self.accept(*_RELATIONS):
                left = Call(f"_{mark.text}_", (left, self.sum()), mark.at)
            else:
                return left

    def sum(self) -> Node:
        left = self.product()
        while mark := self.accept("+", "-"):
            left = Call(f"_{mark.text}_", (left, self.product()), mark.at)
        return left

    def product(self) -> Node:
        left = self.unary()
        while mark := self.accept("*", "/", "%"):
            left = Call(f"_{mark.text}_", (left, self.unary()), mark.at)
        return left

    def unary(self) -> Node:
        first = self.accept("!", "-")
        if first is None:
            return self.member()
        count = 1
        while self.accept(first.text):
            count += 1
        value = self.member()
        if first.text == "-" and isinstance(value, Literal) and value.kind in ("int", "double"):
            return Literal(-value.value if count % 2 else value.value, value.kind, first.at)
        for _ in range(count % 2 or 2):
            value = Call("!_" if first.text == "!" else "-_", (value,), first.at)
        return value

    def member(self) -> Node:
        value = self.primary()
        while True:
            if self.accept("."):
                value = self.selected(value)
            elif mark := self.accept("["):
                value = Index(value, self.expression(), mark.at)
                self.require("]")
            else:
                return value

    def selected(self, base: Node) -> Node:
        name = self.require("name", "a name must follow the dot")
        if not self.accept("("):
            return Select(base, name.text, name.at)
        start = self.next.at
        arguments = self.arguments(")")
        spans = COMPREHENSIONS.get(name.text)
        if spans is None:
            return Call(name.text, (base, *arguments), name.at)
        if len(arguments) not in spans:
            raise ExpressionError(
                f"{name.text} takes a variable and a condition: .{name.text}(x, …)", name.at
            )
        variable, *bodies = arguments
        if not isinstance(variable, Name):
            raise ExpressionError(f"{name.text} needs a variable first: .{name.text}(x, …)", start)
        end = self.tokens[self.position - 1].at
        return Comprehension(
            name.text, base, variable.name, tuple(bodies), name.at, (self.last_start, end)
        )

    last_start = 0
    """Where the last argument that was read begins."""

    def arguments(self, closing: str) -> list[Node]:
        found: list[Node] = []
        starts: list[int] = []
        while not self.accept(closing):
            if found:
                self.require(",")
                if closing == "]" and self.accept(closing):
                    break
            starts.append(self.next.at)
            found.append(self.expression())
        self.last_start = starts[-1] if starts else 0
        return found

    def primary(self) -> Node:
        token = self.take()
        if token.kind == "name":
            return self.named(token)
        if token.kind in ("int", "uint", "float", "string", "bytes"):
            return _literal(token)
        if token.text == "(":
            inner = self.expression()
            self.require(")")
            return inner
        if token.text == "[":
            return ListOf(tuple(self.arguments("]")), token.at)
        if token.text == "{":
            return self.map(token.at)
        found = repr(token.text) if token.text else "the end"
        raise ExpressionError(f"a value must stand here, found {found}", token.at)

    def named(self, token: Token) -> Node:
        words = {"true": True, "false": False, "null": None}
        if token.text in words:
            kind = "null" if token.text == "null" else "bool"
            return Literal(words[token.text], kind, token.at)
        if token.text in _RESERVED or token.text == "in":
            raise ExpressionError(f'"{token.text}" is a reserved word', token.at)
        if not self.accept("("):
            return Name(token.text, token.at)
        arguments = self.arguments(")")
        if token.text != "has":
            return Call(token.text, tuple(arguments), token.at)
        if len(arguments) != 1 or not isinstance(arguments[0], Select):
            raise ExpressionError("has takes one field: has(output.name)", token.at)
        return Has(arguments[0], token.at)

    def map(self, at: int) -> Node:
        entries: list[tuple[Node, Node]] = []
        while not self.accept("}"):
            if entries:
                self.require(",")
                if self.accept("}"):
                    break
            key = self.expression()
            self.require(":")
            entries.append((key, self.expression()))
        return MapOf(tuple(entries), at)


def _literal(token: Token) -> Literal:
    text = token.text
    if token.kind == "float":
        return Literal(float(text), "double", token.at)
    if token.kind in ("int", "uint"):
        return Literal(
            int(text.rstrip("uU"), 0 if "x" in text.lower() else 10), token.kind, token.at
        )
    if token.kind == "bytes":
        return Literal(b"", "bytes", token.at)  # checked for its kind only
    return Literal(_text(text, token.at), "string", token.at)


def _text(quoted: str, at: int) -> str:
    raw = quoted[0] in "rR"
    quoted = quoted[1:] if raw else quoted
    width = 3 if quoted[:3] in ('"""', "'''") and len(quoted) >= 6 else 1
    inner = quoted[width:-width]
    if raw:
        return inner
    try:
        return _ESCAPE.sub(_unescaped, inner)
    except ValueError as error:
        raise ExpressionError(f"there is no escape {error}", at) from error


def _unescaped(match: re.Match[str]) -> str:
    escape = match.group(1)
    if escape in _ESCAPES:
        return _ESCAPES[escape]
    if escape[0] in "xXuU" and len(escape) > 1:
        return chr(int(escape[1:], 16))
    if len(escape) == 3:
        return chr(int(escape, 8))
    raise ValueError(match.group())
