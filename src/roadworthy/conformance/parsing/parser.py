"""Reads text that is almost JSON into nodes, in one pass.

Takes what models write: comments, trailing and missing commas, any quotes or none, Python and
JavaScript literals, tuples, ellipses, brackets too few or too many. Where the text ends early the
open containers are marked so; whether that is acceptable is decided by whoever knows why the
model stopped. Never raises on any text, except that it is nested too deeply.
"""

from __future__ import annotations

import re
from typing import Final

from roadworthy.conformance.parsing.nodes import Fields, Items, Node, Note, Plain, Text
from roadworthy.conformance.parsing.strings import (
    QUOTES,
    TRIPLES,
    Place,
    Span,
    read_bare,
    read_quoted,
    read_triple,
)

__all__ = ["MAX_DEPTH", "TooDeep", "parse", "parse_scalar"]

MAX_DEPTH: Final = 150

_SPACE: Final = re.compile(r"[\s\ufeff\u200b]*")
_COMMENT: Final = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)|\#(?=[\s!])[^\n]*", re.DOTALL)
_FENCES: Final = ("```", "~~~")
_FENCE_LINE: Final = re.compile(r"(?:```|~~~)[\w+-]{0,20}\s*(?=[{\[\"])")
_GOES_ON: Final = re.compile(r"""\s*,\s*(?:"[^"\n]{0,120}"|'[^'\n]{1,120}')\s*:""")
_ELLIPSIS: Final = re.compile(r"(?:\.\.\.+|\u2026)[,;]?")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?", re.ASCII)
_LOOSE_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_WORDS: Final = {"true": True, "false": False, "null": None, "none": None, "undefined": None}
_JSON_WORDS: Final = ("true", "false", "null")
_BARE_KEY: Final = re.compile(r"""([^:,{}\[\]\n"'=]{1,120}?)\s*["']?\s*(?::|=>)""")
_STRAY: Final = re.compile(r"""[^,{}\[\]\n"'`\u201c\u201d]+|.""", re.DOTALL)
_CALL: Final = re.compile(r"[A-Za-z_$][\w$.]{0,60}\((?=\s*(?:[\"'\[{\d-]|true|false|null|\)))")
_TUPLE: Final = re.compile(r"""\(\s*(?:["'\[{(]|-?\d|\)|true\b|false\b|null\b|None\b|True\b)""")
_AFTER_TUPLE: Final = re.compile(r"\s*(?:[,}\])]|\Z)")
_MAX_NUMBER: Final = 300
_MAX_UNBALANCED: Final = 20
"""Looking for a closing bracket costs much; a text that lacks so many is not made of pairs."""


class TooDeep(ValueError):
    """The text is nested deeper than any value that is delivered."""


def parse(text: str, start: int = 0) -> tuple[Node, int]:
    """The object or list whose bracket stands at ``start``, and where it ends.

    Raises:
        TooDeep: it is nested deeper than 150 levels.
    """
    parser = _Parser(text, start)
    node = parser.container()
    return node, parser.position


def parse_scalar(text: str) -> Node:
    """The number, word or string that is the whole of this text."""
    text = text.strip()
    if text[:1] in QUOTES and len(text) > 1:
        span = read_quoted(text, 0, "alone", 0)
        return _joined(text, span, "alone", 0)[0]
    return _scalar(Span(text, len(text), ()))


class _Parser:
    """One pass over one text."""

    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self.position = start
        self._stack: list[str] = []
        self._unbalanced = 0

    def container(self) -> Node:
        if len(self._stack) >= MAX_DEPTH:
            raise TooDeep("nested too deeply")
        start, opening = self.position, self._text[self.position]
        self._stack.append({"{": "}", "[": "]", "(": ")"}[opening])
        self.position += 1
        node = self._fields() if opening == "{" else self._items()
        self._stack.pop()
        if isinstance(node, Items | Fields):
            node.written = self._text[start : self.position]
        if opening == "(" and isinstance(node, Items):
            node.notes = (*node.notes, "brackets")
            if len(node.items) == 1:
                return node.items[0]
        return node

    def _skip(self, notes: set[Note]) -> int:
        """Pass white space, comments, commas and ellipses; how many commas there were."""
        commas = 0
        while True:
            self.position = _match_end(_SPACE, self._text, self.position)
            comment = _COMMENT.match(self._text, self.position)
            ellipsis = None if comment else _ELLIPSIS.match(self._text, self.position)
            if comment is not None:
                notes.add("comment")
                self.position = comment.end()
            elif ellipsis is not None:
                notes.add("ellipsis")
                self.position = ellipsis.end()
            elif self._text.startswith((",", ";"), self.position):
                commas += 1
                self.position += 1
            else:
                return commas

    def _open_fence(self, notes: set[Note]) -> None:
        """Pass a fence that opens right behind the container's bracket."""
        fence = _FENCE_LINE.match(self._text, self.position)
        if fence is not None:
            notes.add("fence")
            self.position = fence.end()

    def _at_end(self) -> bool:
        return self.position >= len(self._text) or self._text.startswith(_FENCES, self.position)

    def _closes(self, notes: set[Note]) -> bool:
        """Whether the container ends here, by its own bracket or by an outer one's."""
        sign = self._text[self.position]
        # At the outermost bracket, more properties behind it say that it closed too early.
        early = _GOES_ON.match(self._text, self.position + 1) is not None
        if sign == self._stack[-1]:
            self.position += 1
            if early and len(self._stack) == 1:
                notes.add("brackets")
                return False
            return True
        notes.add("brackets")
        if early and len(self._stack) == 2 and sign == self._stack[0]:
            self.position += 1
            return True
        if sign in self._stack[:-1]:
            return True
        self.position += 1  # closes nothing that is open
        # One wrong bracket in place of the right one, and nothing more to come.
        return _match_end(_SPACE, self._text, self.position) >= len(self._text)

    def _items(self) -> Node:
        notes = set[Note]()
        node = Items()
        while True:
            commas = self._skip(notes)
            if not node.items:
                self._open_fence(notes)
            if self._at_end():
                node.closed = False
                break
            if self._text[self.position] in "]})":
                if commas:
                    notes.add("commas")
                if self._closes(notes):
                    break
                continue
            if commas != bool(node.items):
                notes.add("commas")
            start = self.position
            item = self._value("item")
            if isinstance(item, Text) and self._is_colon():
                item = self._pairs(item)
                item.written = self._text[start : self.position]
            node.items.append(item)
        node.notes = tuple(sorted(notes))
        return node

    def _is_colon(self) -> bool:
        after = _match_end(_SPACE, self._text, self.position)
        return self._text.startswith(":", after)

    def _pairs(self, first: Text) -> Fields:
        """Properties that stand in a list without the braces of their object."""
        fields: list[tuple[str, Node]] = []
        notes: set[Note] = {"brackets"}
        key: str = first.value
        while True:
            self._colon()
            if self._lacks_value():
                notes.add("no_value")
                break
            fields.append((key, self._value("field")))
            before = self.position
            self._skip(notes)
            if self._at_end() or self._text[self.position] not in QUOTES:
                break
            span = read_quoted(self._text, self.position, "key", len(self._stack))
            self.position = span.end
            if not self._is_colon():
                self.position = before
                break
            key = span.value
        if self._text.startswith("}", self.position):
            self.position += 1
        return Fields(fields, tuple(sorted(notes)))

    def _colon(self) -> None:
        self.position = _match_end(_SPACE, self._text, self.position)
        while self._text.startswith(":", self.position):
            self.position = _match_end(_SPACE, self._text, self.position + 1)

    def _fields(self) -> Node:
        notes = set[Note]()
        node = Fields()
        alone: list[Node] = []
        while True:
            commas = self._skip(notes)
            if self._at_end():
                node.closed = False
                break
            if self._text[self.position] in "}])":
                if commas:
                    notes.add("commas")
                if self._closes(notes):
                    break
                continue
            if commas != bool(node.fields or alone):
                notes.add("commas")
            if self._text[self.position] in "{[":
                inner = self.container()
                notes.add("brackets")
                alone.append(inner)
                continue
            self._field(node, alone, notes)
        if alone and not node.fields:
            return self._without_keys(alone, node, notes)
        if alone:
            notes.add("stray")
        node.notes = tuple(sorted(notes))
        return node

    def _without_keys(self, alone: list[Node], node: Fields, notes: set[Note]) -> Node:
        if len(alone) == 1 and isinstance(alone[0], Fields | Items):
            return alone[0]
        if all(isinstance(item, Text) and not item.quoted for item in alone):
            node.notes = tuple(sorted(notes | {"stray"}))
            return node
        return Items(alone, tuple(sorted(notes | {"set"})), closed=node.closed)

    def _field(self, node: Fields, alone: list[Node], notes: set[Note]) -> None:
        key = self._key(notes)
        if key is None:
            stray = _STRAY.match(self._text, self.position)
            assert stray is not None  # it matches any character
            self.position = stray.end()
            if stray[0].strip():
                alone.append(Text(stray[0].strip(), quoted=False))
            return
        notes_before = self.position
        self.position = _match_end(_SPACE, self._text, self.position)
        if self._text.startswith((":", "=>"), self.position):
            self.position += 1 if self._text[self.position] == ":" else 2
            self._colon()
            inner = set[Note]()
            self._comments(inner)
            notes |= inner
        elif self._at_end() or self._text[self.position] in ",}])":
            self.position = notes_before
            if self._at_end() or self.position >= len(self._text):
                notes.add("tail")
            else:
                alone.append(Text(key, quoted=True))
            return
        else:
            notes.add("colon")
        if self._lacks_value():
            notes.add("tail" if self._at_end() else "no_value")
            return
        node.fields.append((key, self._value("field")))

    def _comments(self, notes: set[Note]) -> None:
        while (comment := _COMMENT.match(self._text, self.position)) is not None:
            notes.add("comment")
            self.position = _match_end(_SPACE, self._text, comment.end())

    def _lacks_value(self) -> bool:
        return self.position >= len(self._text) or self._text[self.position] in ",}])"

    def _key(self, notes: set[Note]) -> str | None:
        """The property's name, or None if what stands here is none."""
        if self._text[self.position] in QUOTES:
            span = read_quoted(self._text, self.position, "key", len(self._stack))
            self.position = span.end
            notes |= set(span.notes)
            return span.value
        bare = _BARE_KEY.match(self._text, self.position)
        if bare is None:
            return None
        notes.add("unquoted")
        self.position = bare.end(1)
        while self._text[self.position] in " \t\"'":
            self.position += 1
        return bare[1].strip()

    def _value(self, place: Place) -> Node:
        text, at = self._text, self.position
        if text.startswith(TRIPLES, at) and not text.startswith('""",', at):
            return self._take(read_triple(text, at), quoted=True)
        sign = text[at]
        if sign in "{[":
            return self.container()
        if sign == "(" and _TUPLE.match(text, at):
            node = self.container()
            if _AFTER_TUPLE.match(text, self.position):
                return node
            self.position = at
        if sign in QUOTES:
            span = read_quoted(text, at, place, len(self._stack))
            node, self.position = _joined(text, span, place, len(self._stack))
            return node
        call = _CALL.match(text, at)
        if call is not None:
            self.position = call.end() - 1
            node = self.container()
            if not (isinstance(node, Items | Fields)) and _AFTER_TUPLE.match(text, self.position):
                node.notes = (*node.notes, "call")
                return node
            self.position = at
        span = read_bare(text, at, place, balanced=self._unbalanced < _MAX_UNBALANCED)
        self._unbalanced += bool(span.notes)
        return self._take(span, quoted=False)

    def _take(self, span: Span, *, quoted: bool) -> Node:
        start, self.position = self.position, max(span.end, self.position + 1)
        if quoted:
            return Text(span.value, quoted=True, notes=span.notes)
        if not span.value:
            return Text(self._text[start : self.position].strip(), quoted=False, notes=("stray",))
        return _scalar(span)


_PLUS: Final = re.compile(r"\s{0,400}\+\s{0,400}(?=[\"'])")


def _joined(text: str, span: Span, place: Place, depth: int) -> tuple[Text, int]:
    """The string with those that are added to it by ``+``."""
    pieces, end, notes = [span.value], span.end, set(span.notes)
    while (plus := _PLUS.match(text, end)) is not None:
        further = read_quoted(text, plus.end(), place, depth)
        pieces.append(further.value)
        end = further.end
        notes |= {"joined", *further.notes}
    return Text("".join(pieces), quoted=True, notes=tuple(sorted(notes))), end


def _scalar(span: Span) -> Node:
    """Bare words as what they plainly are: one of JSON's words, a number, or words."""
    word = span.value
    if (literal := word.casefold()) in _WORDS:
        return Plain(_WORDS[literal], word, () if word in _JSON_WORDS else ("literal",))
    if len(word) <= _MAX_NUMBER and _NUMBER.fullmatch(word):
        return _number(word, ())
    if len(word) <= _MAX_NUMBER and _LOOSE_NUMBER.fullmatch(word) and not _is_code(word):
        return _number(word, ("literal",))
    if len(word) > _MAX_NUMBER and _LOOSE_NUMBER.fullmatch(word):
        return Plain(float("nan"), word[:_MAX_NUMBER])  # nobody's number: a loop, most likely
    trimmed = word.rstrip("\"'") if word[:1] not in QUOTES else word
    notes = ("unquoted",) if trimmed == word else ("end_quote", "unquoted")
    return Text(trimmed, quoted=False, notes=notes)


def _is_code(word: str) -> bool:
    """Zeros in front belong to codes, and a number would lose them."""
    return word.lstrip("+-")[:1] == "0" and word.lstrip("+-")[1:2].isdigit()


def _number(word: str, notes: tuple[Note, ...]) -> Node:
    if _NUMBER.fullmatch(word) and word.lstrip("-").isdigit():
        return Plain(int(word), word, notes)
    number = float(word)
    if number in (float("inf"), float("-inf")):
        return Text(word, quoted=False, notes=("unquoted",))
    return Plain(number, word, notes)


def _match_end(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return position if match is None else match.end()
