"""Answers in a form that only a provider's mode has, as far as they can be read while they come.

A null that stands for *no value* is left out and a box around the whole is taken off as it
passes. Any richer form is read whole, node by node, and then mapped back. Pure.
"""

from __future__ import annotations

from typing import Any, Final

from roadworthy.conformance.codec import Boxed, Codec, Items, Named, Properties
from roadworthy.conformance.restore import Form
from roadworthy.conformance.streaming.tokens import Token

__all__ = ["ABSENT", "Unboxing", "below_item", "below_name", "is_opaque", "unboxed"]


class _Absent:
    """Stands for a property that is there in name only."""

    def means(self, codec: Codec | None, name: str) -> bool:
        """Whether null under this name means that there is no such property."""
        form = _target(codec)
        return isinstance(form, Properties) and name in form.absent


ABSENT: Final = _Absent()


def unboxed(form: Form) -> tuple[str | None, Codec | None]:
    """The name of the box around the whole, if there is one, and the form inside."""
    codec = None if isinstance(form, str) else _target(form.codec)
    if isinstance(codec, Boxed):
        return codec.name, codec.below
    return None, codec


def is_opaque(codec: Codec | None) -> bool:
    """Whether a node in this form has to be whole before its value is known."""
    form = _target(codec)
    if form is None:
        return False
    if isinstance(form, Properties):
        return form.entries is not None or form.others is not None
    return not isinstance(form, Items) or bool(form.first)


def below_item(codec: Codec | None) -> Codec | None:
    form = _target(codec)
    return form.rest if isinstance(form, Items) and not is_opaque(form) else None


def below_name(codec: Codec | None, name: str) -> Codec | None:
    form = _target(codec)
    return form.fields.get(name) if isinstance(form, Properties) and not is_opaque(form) else None


def _target(codec: Codec | None) -> Codec | None:
    for _ in range(8):  # a name may lead to a name
        if not isinstance(codec, Named):
            return codec
        codec = codec.target
    return codec


class Unboxing:
    """Takes the box off a document's tokens."""

    __slots__ = ("_depth", "_name", "broken")

    def __init__(self, name: str) -> None:
        self._name: str | None = name
        self._depth = 0
        self.broken = False
        """Whether what came is in no such box."""

    def take(self, tokens: list[Token]) -> list[Token]:
        """Those of the tokens that are inside."""
        inside: list[Token] = []
        for token in () if self.broken else tokens:
            kind: Any = token.kind
            if kind in ("}", "]"):
                self._depth -= 1
            if self._depth == 0:
                self.broken = self.broken or kind not in ("{", "}")
            elif self._depth == 1 and kind == "key":
                self.broken = self.broken or token.value != self._name
                self._name = None  # a second property is none of the box's
            else:
                inside.append(token)
            if kind in ("{", "["):
                self._depth += 1
            if self.broken:
                break
        return inside
