"""A value that is still being written, as a client sees it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from roadworthy.conformance.pointer import parts_of, pointer_of, value_at
from roadworthy.conformance.streaming import Draft, Tokens
from roadworthy.conformance.strict_json import MISSING

__all__ = ["Partial", "PartialReader"]


@dataclass(frozen=True, slots=True)
class Partial:
    """What is known of an answer so far."""

    value: Any
    """As deep as it is known: fields that have not begun are absent, the last string may end in
    its middle; None while nothing is known. For a task without a schema the text so far. A
    snapshot: later pieces do not change it."""
    text_delta: str
    """The text by which it grew."""
    open: tuple[str, ...]
    """JSON pointers to the nodes that are still being written, the outermost first; empty once all
    is there."""

    @property
    def closed(self) -> frozenset[str]:
        """JSON pointers to every node that is whole: the final answer holds it as it is here."""
        return frozenset(path for path, _ in _nodes(self.value) if self.is_closed(path))

    def is_closed(self, path: str) -> bool:
        """Whether the node at this JSON pointer is there, and whole."""
        if path in self.open:
            return False
        try:
            value_at(self.value, parts_of(path))
        except LookupError:
            return False
        return bool(path) or self.value is not None


class PartialReader:
    """Puts the pieces of one answer together."""

    def __init__(self, *, is_json: bool) -> None:
        self._is_json = is_json
        self._tokens = Tokens(lead="any")
        self._draft = Draft()
        self._text = ""

    def feed(self, text: str) -> Partial:
        """The answer after this piece."""
        if not self._is_json:
            self._text += text
            return Partial(self._text, text, ("",))
        for token in self._tokens.feed(text):
            self._draft.take(token)
        value = self._draft.snapshot()
        still_open = self._draft.open_paths()
        if value is MISSING:
            return Partial(None, text, ("",))
        return Partial(value, text, still_open)


def _nodes(root: Any) -> Iterator[tuple[str, Any]]:
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), root)]
    while waiting:
        parts, value = waiting.pop()
        yield pointer_of(parts), value
        if isinstance(value, dict):
            waiting += [((*parts, name), item) for name, item in value.items()]
        elif isinstance(value, list):
            waiting += [((*parts, index), item) for index, item in enumerate(value)]
