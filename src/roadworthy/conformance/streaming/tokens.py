"""JSON as it arrives: pieces cut anywhere become tokens, each character looked at once.

Strict JSON only, with prose, a fence or thoughts before it skipped where that is allowed; what
follows the value is not looked at. At the first character that strict JSON does not have there
the reading ends for good: what it may mean is for the whole answer's reading to say, not for
this one. Pure; knows no schema.
"""

from __future__ import annotations

import re
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from roadworthy.conformance.strict_json import MISSING, decode

__all__ = ["Kind", "Lead", "Token", "Tokens"]

Kind: TypeAlias = Literal["{", "}", "[", "]", "key", "string", "text", "end", "scalar"]
"""``string`` opens a string value, ``text`` is a piece of it, ``end`` closes it."""
Lead: TypeAlias = Literal["none", "object", "array", "any"]
"""Which brackets may open the value after prose; ``none``: nothing may stand before it."""


class Token(NamedTuple):
    """One step of a document."""

    kind: Kind
    value: Any = None
    """Of ``key`` its name, of ``text`` the decoded piece, of ``scalar`` the value."""


_PLAIN: Final = re.compile(r'[^"\\\x00-\x1f\ud800-\udfff]*')
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_NUMBER: Final = re.compile(r"[-+.0-9eE]*")
_LETTERS: Final = re.compile(r"[a-z]*")
_DIRECT: Final = {"none": '{["-0123456789tfn', "object": "{[", "array": "{[", "any": "{["}
_BRACKETS: Final = {
    "object": re.compile(r"\{"),
    "array": re.compile(r"\["),
    "any": re.compile(r"[{\[]"),
}
_AFTER: Final = {"{": '"}', "[": '"{[-0123456789]'}
"""What makes a bracket in prose the beginning of JSON and not of a remark."""
_LITERALS: Final = {"true": True, "false": False, "null": None}
_ESCAPES: Final = dict(zip('"\\/bfnrt', '"\\/\b\f\n\r\t', strict=True))
_THOUGHT: Final = re.compile(r"<(think|thinking|reasoning)>")
_MAX_TAG: Final = len("</reasoning>")
_MAX_DEPTH: Final = 200
_MAX_HELD: Final = 10_000
"""Characters of one key or number: longer ones would be copied at each piece."""

_OPEN = Token("{")
_CLOSE = Token("}")
_LIST = Token("[")
_LISTED = Token("]")
_STRING = Token("string")
_END = Token("end")


class Tokens:
    """Reads one document. What it holds back is at most a key, a number or an escape."""

    __slots__ = (
        "_buffer",
        "_expects",
        "_lead",
        "_open",
        "_thought",
        "broken",
        "digits",
        "done",
        "spaces",
    )

    def __init__(self, *, lead: Lead = "none") -> None:
        self._lead: Lead = lead
        self._open: list[str] = []
        self._expects = "start"
        self._buffer = ""
        self._thought = ""
        self.broken = False
        """Whether this is no strict JSON."""
        self.done = False
        """Whether the value is whole. A number at the root is so only at `end`."""
        self.digits = 0
        """How many characters the number under way has; 0: none is."""
        self.spaces = 0
        """How many characters of white space, outside strings, stand at the end so far."""

    @property
    def begun(self) -> bool:
        """Whether the document itself has begun, after whatever stands before it."""
        return self._expects not in ("start", "prose", "maybe", "thought")

    def feed(self, piece: str) -> list[Token]:
        """The tokens completed by this piece, which may be empty."""
        found: list[Token] = []
        position, length = 0, len(piece)
        while position < length and not (self.broken or self.done):
            position = self._step(piece, position, found)
        return found

    def end(self) -> list[Token]:
        """The token that only the end of the text completes."""
        if self._expects == "number" and not self._open and not self.broken:
            found: list[Token] = []
            self._finish_number(found)
            return found
        return []

    def _step(self, piece: str, position: int, found: list[Token]) -> int:
        expects = self._expects
        if expects == "text":
            return self._text(piece, position, found)
        if expects == "escape":
            return self._escape(piece, position, found)
        if expects == "key":
            return self._key(piece, position, found)
        if expects == "number":
            return self._number(piece, position, found)
        if expects == "literal":
            return self._literal(piece, position, found)
        if expects in ("start", "prose", "maybe", "thought"):
            return self._before(piece, position, found)
        match = _SPACE.match(piece, position)
        assert match is not None
        self.spaces += match.end() - position
        position = match.end()
        if position == len(piece):
            return position
        self.spaces = 0
        return self._structure(piece[position], position, found)

    def _structure(self, char: str, position: int, found: list[Token]) -> int:
        """One character outside of strings and scalars, and where to go on."""
        expects = self._expects
        if expects == "value" or (expects == "item" and char != "]"):
            return self._value(char, position, found)
        if char == '"' and expects in ("name", "member"):
            self._expects, self._buffer = "key", '"'
        elif char == ":" and expects == "colon":
            self._expects = "value"
        elif char == "," and expects == "comma":
            self._expects = "name" if self._open[-1] == "{" else "value"
        elif char == "}" and expects in ("comma", "member") and self._open[-1] == "{":
            self._close(_CLOSE, found)
        elif char == "]" and expects in ("comma", "item") and self._open[-1] == "[":
            self._close(_LISTED, found)
        else:
            self.broken = True
        return position + 1

    def _value(self, char: str, position: int, found: list[Token]) -> int:
        if char == '"':
            self._expects = "text"
            found.append(_STRING)
        elif char in "{[":
            if len(self._open) == _MAX_DEPTH:
                self.broken = True
            self._open.append(char)
            found.append(_OPEN if char == "{" else _LIST)
            self._expects = "member" if char == "{" else "item"
        elif char in "-0123456789":
            self._expects, self._buffer = "number", ""
            return position
        elif char in "tfn":
            self._expects, self._buffer = "literal", ""
            return position
        else:
            self.broken = True
        return position + 1

    def _close(self, token: Token, found: list[Token]) -> None:
        self._open.pop()
        found.append(token)
        self._after_value()

    def _after_value(self) -> None:
        self._expects = "comma"
        self.done = not self._open

    def _text(self, piece: str, position: int, found: list[Token]) -> int:
        match = _PLAIN.match(piece, position)
        assert match is not None
        end = match.end()
        if end > position:
            found.append(Token("text", piece[position:end]))
        if end == len(piece):
            return end
        if piece[end] == '"':
            found.append(_END)
            self._after_value()
        elif piece[end] == "\\":
            self._expects, self._buffer = "escape", ""
        else:
            self.broken = True
        return end + 1

    def _escape(self, piece: str, position: int, found: list[Token]) -> int:
        """One more character of an escape, after its backslash."""
        self._buffer += piece[position]
        text = _unescaped(self._buffer)
        if text is None:
            self.broken = True
        elif text:
            found.append(Token("text", text))
            self._expects = "text"
        return position + 1

    def _key(self, piece: str, position: int, found: list[Token]) -> int:
        """Keys are short: they are read whole, by the parser that reads whole answers."""
        end = position
        escaped = (len(self._buffer) - len(self._buffer.rstrip("\\"))) % 2 == 1
        while end < len(piece):
            char = piece[end]
            end += 1
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                name = decode(self._buffer + piece[position:end])
                self._expects, self._buffer = "colon", ""
                self.broken = name is MISSING
                found += [] if self.broken else [Token("key", name)]
                return end
        self._buffer += piece[position:]
        self.broken = len(self._buffer) > _MAX_HELD
        return end

    def _number(self, piece: str, position: int, found: list[Token]) -> int:
        match = _NUMBER.match(piece, position)
        assert match is not None
        self._buffer += match[0]
        self.digits = len(self._buffer)
        if self.digits > _MAX_HELD:
            self.broken = True
        elif match.end() < len(piece):
            self._finish_number(found)
        return match.end()

    def _finish_number(self, found: list[Token]) -> None:
        self._scalar(decode(self._buffer), found)
        self.digits = 0

    def _literal(self, piece: str, position: int, found: list[Token]) -> int:
        match = _LETTERS.match(piece, position)
        assert match is not None
        self._buffer += match[0]
        if self._buffer in _LITERALS and (self._open or match.end() == len(piece)):
            self._scalar(_LITERALS[self._buffer], found)
        elif not any(literal.startswith(self._buffer) for literal in _LITERALS):
            self.broken = True
        elif match.end() < len(piece):
            self._scalar(_LITERALS.get(self._buffer, MISSING), found)
        return match.end()

    def _scalar(self, value: Any, found: list[Token]) -> None:
        if value is MISSING:
            self.broken = True
            return
        found.append(Token("scalar", value))
        self._after_value()

    def _before(self, piece: str, position: int, found: list[Token]) -> int:
        """Whatever stands before the document."""
        if self._expects == "start":
            return self._begin(piece, position)
        if self._expects == "thought":
            return self._think(piece, position)
        if self._expects == "maybe":
            match = _SPACE.match(piece, position)
            assert match is not None
            if match.end() < len(piece):
                self._decide(piece[match.end()], found)
            return match.end()
        bracket = _BRACKETS[self._lead].search(piece, position)
        if bracket is None:
            return len(piece)
        self._expects, self._buffer = "maybe", bracket[0]
        return bracket.end()

    def _begin(self, piece: str, position: int) -> int:
        match = _SPACE.match(piece, position)
        assert match is not None
        end = match.end()
        if end == len(piece):
            return end
        if piece[end] == "\ufeff" and self._lead != "none":
            return end + 1
        if piece[end] in _DIRECT[self._lead]:
            self._expects = "value"
        elif self._lead == "none":
            self.broken = True
        else:
            self._expects = "thought" if piece[end] == "<" else "prose"
        return end

    def _think(self, piece: str, position: int) -> int:
        """The text of a thought, up to its end; not all that begins with ``<`` is one."""
        if self._thought:
            text = self._buffer + piece[position:]
            end = text.find(self._thought)
            if end < 0:
                self._buffer = text[-_MAX_TAG:]
                return len(piece)
            end += len(self._thought)
            self._expects, self._thought = "start", ""
            rest = len(text) - end
            self._buffer = ""
            return len(piece) - rest
        self._buffer += piece[position]
        opening = _THOUGHT.fullmatch(self._buffer)
        if opening is not None:
            self._thought, self._buffer = f"</{opening[1]}>", ""
        elif piece[position] == ">" or len(self._buffer) > _MAX_TAG:
            self._expects, self._buffer = "prose", ""
        return position + 1

    def _decide(self, char: str, found: list[Token]) -> None:
        """Whether a bracket in prose opens JSON; the character after it is read again."""
        if char in _AFTER[self._buffer]:
            self._value(self._buffer, 0, found)
        else:
            self._expects = "prose"
        self._buffer = ""


def _unescaped(buffer: str) -> str | None:
    """What an escape says, its backslash left out; empty: it is not whole, None: it is none."""
    if buffer[0] != "u":
        return _ESCAPES.get(buffer)
    if len(buffer) < 5:
        return "" if _is_hex(buffer[1:]) else None
    if not _is_hex(buffer[1:5]):
        return None
    first = int(buffer[1:5], 16)
    if 0xDC00 <= first < 0xE000:
        return None
    if not 0xD800 <= first < 0xDC00:
        return chr(first)
    rest = buffer[5:]
    if not (rest[:2] == "\\u"[: len(rest)] and _is_hex(rest[2:])):
        return None
    if len(rest) < 6:
        return ""
    second = int(rest[2:], 16)
    if not 0xDC00 <= second < 0xE000:
        return None
    return chr(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))


def _is_hex(text: str) -> bool:
    return all(c in "0123456789abcdefABCDEF" for c in text)
