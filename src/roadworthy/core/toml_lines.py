"""Where each key of a TOML text stands; `tomllib` keeps no positions.

Called by `roadworthy.core.documents` for texts that `tomllib` has already accepted, so the
scanner checks nothing: where it loses its way it stops, and the keys found so far are the answer.
"""

from __future__ import annotations

import bisect
import contextlib
import re
import tomllib
from typing import Final, TypeAlias

__all__ = ["KeyPath", "key_lines"]

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys and indices from the document's root: ``("models", "local", "price", 0)``."""

_BLANK: Final = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SPACE: Final = re.compile(r"[ \t]*")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR: Final = re.compile(r"[^,\]}#\n]+")
_STRING: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?""""{0,2}'
    r"|'''.*?''''{0,2}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)


def key_lines(text: str) -> dict[KeyPath, int]:
    """The line, from 1, on which each key, table and array item first stands."""
    scanner = _Scanner(text.replace("\r\n", "\n"))
    # A text that is not TOML, or nested past reason: what was found so far is still right.
    with contextlib.suppress(ValueError, IndexError, RecursionError):
        scanner.document()
    return scanner.lines


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[KeyPath, int] = {}
        self._newlines = [match.start() for match in re.finditer("\n", text)]
        self._items: dict[KeyPath, int] = {}
        """Arrays of tables, with how many tables each has so far."""

    def document(self) -> None:
        table: KeyPath = ()
        self._take(_BLANK)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._take(_BLANK)

    def _header(self) -> KeyPath:
        array = self.text.startswith("[[", self.at)
        self.at += 2 if array else 1
        start = self.at
        parts = self._key()
        self.at += 2 if array else 1
        path: KeyPath = ()
        for part in parts[:-1]:
            path = self._current((*path, part), start)
        path = (*path, parts[-1])
        if not array:
            return self._current(path, start)
        self._mark(path, start)
        self._items[path] = self._items.get(path, 0) + 1
        return self._current(path, start)

    def _current(self, path: KeyPath, offset: int) -> KeyPath:
        """The table that a header names: of an array of tables, its latest."""
        self._mark(path, offset)
        if path in self._items:
            path = (*path, self._items[path] - 1)
            self._mark(path, offset)
        return path

    def _pair(self, table: KeyPath) -> None:
        start = self.at
        path = table
        for part in self._key():
            path = (*path, part)
            self._mark(path, start)
        self.at += 1  # the equals sign
        self._take(_SPACE)
        self._value(path)

    def _key(self) -> list[str]:
        parts: list[str] = []
        while True:
            self._take(_SPACE)
            if self.text[self.at] in "\"'":
                parts.append(tomllib.loads(f"key = {self._take(_STRING)}")["key"])
            else:
                parts.append(self._take(_BARE_KEY))
            self._take(_SPACE)
            if self.text[self.at] != ".":
                return parts
            self.at += 1

    def _value(self, path: KeyPath) -> None:
        opening = self.text[self.at]
        if opening == "[":
            self._sequence(path, "]")
        elif opening == "{":
            self._sequence(path, "}")
        else:
            self._take(_STRING if opening in "\"'" else _SCALAR)

    def _sequence(self, path: KeyPath, closing: str) -> None:
        self.at += 1
        index = 0
        while True:
            self._take(_BLANK)
            if self.text[self.at] == closing:
                self.at += 1
                return
            if self.text[self.at] == ",":
                self.at += 1
            elif closing == "}":
                self._pair(path)
            else:
                self._mark((*path, index), self.at)
                self._value((*path, index))
                index += 1

    def _mark(self, path: KeyPath, offset: int) -> None:
        self.lines.setdefault(path, bisect.bisect_left(self._newlines, offset) + 1)

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise ValueError(f"not TOML at offset {self.at}")
        self.at = match.end()
        return match.group()
