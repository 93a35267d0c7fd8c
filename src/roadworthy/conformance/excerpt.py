"""What a further question shows of the answer so far: whole where it is short, else what stands
around the places asked for. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

__all__ = ["LEFT_OUT", "MAX_EXCERPT_CHARS", "Excerpt", "excerpt", "room_for"]

MAX_EXCERPT_CHARS: Final = 2_000
"""About 500 tokens; what is asked for in many places gets more."""
LEFT_OUT: Final = "…"
_FEW_PLACES: Final = 8
_CHARS_A_PLACE: Final = 150

_Parts: TypeAlias = Sequence[str]


class Excerpt(NamedTuple):
    """A part of an answer, as JSON."""

    text: str
    """Empty: the places asked for are too many and too deep to be shown."""
    cut: bool
    """Whether `LEFT_OUT` stands in it for what is left out."""


class _Measure(NamedTuple):
    beside: bool
    """Whether the siblings of what is asked for are shown, not only named."""
    chars: int
    """Of a text."""
    names: int
    """Of an object's properties."""
    around: int
    """Items of a list to each side of one that is asked for."""


_MEASURES: Final = (
    _Measure(True, 200, 60, 1),
    _Measure(True, 60, 20, 1),
    _Measure(True, 30, 8, 0),
    _Measure(False, 30, 8, 0),
)


def room_for(places: int) -> int:
    """How many characters an excerpt may take for so many places."""
    return MAX_EXCERPT_CHARS + _CHARS_A_PLACE * max(0, places - _FEW_PLACES)


def excerpt(value: Any, places: Iterable[_Parts], limit: int = MAX_EXCERPT_CHARS) -> Excerpt | None:
    """The value, or what is near these places of it, in at most ``limit`` characters; None where
    it holds what JSON cannot."""
    try:
        whole = msgspec.json.encode(value).decode()
    except (ValueError, RecursionError):
        return None
    if len(whole) <= limit:
        return Excerpt(whole, False)
    wanted = _tree(places)
    for measure in _MEASURES:
        text = msgspec.json.encode(_cut(value, wanted, measure)).decode()
        if len(text) <= limit:
            return Excerpt(text, True)
    return Excerpt("", True)


_Tree: TypeAlias = dict[str, Any]


def _tree(places: Iterable[_Parts]) -> _Tree:
    tree: _Tree = {}
    for place in places:
        node = tree
        for part in place:
            node = node.setdefault(part, {})
    return tree


def _cut(value: Any, wanted: _Tree, measure: _Measure) -> Any:
    """A place on the way to what is asked for, or one of those."""
    if isinstance(value, dict):
        if not wanted:
            return _few(value, measure)
        return _object(value, wanted, measure)
    if isinstance(value, list):
        asked = [int(part) for part in wanted if part.isdecimal()]
        near = sorted({i for index in asked for i in _around(index, measure.around)})
        return _neighbourhood(value, near, wanted, measure)
    return _scalar(value, measure.chars)


def _object(value: dict[str, Any], wanted: _Tree, measure: _Measure) -> dict[str, Any]:
    holds = measure.beside and any(not below for below in wanted.values())
    shown: dict[str, Any] = {}
    for name, item in value.items():
        if name in wanted:
            shown[name] = _cut(item, wanted[name], measure)
        elif len(shown) < measure.names:
            plain = holds and not isinstance(item, dict | list)
            shown[name] = _scalar(item, measure.chars) if plain else LEFT_OUT
    return shown


def _few(value: dict[str, Any], measure: _Measure) -> dict[str, Any]:
    """An object that is itself asked for: its scalars."""
    return {
        name: LEFT_OUT if isinstance(item, dict | list) else _scalar(item, measure.chars)
        for name, item in list(value.items())[: measure.names]
    }


def _around(index: int, steps: int) -> range:
    return range(max(0, index - steps), index + steps + 1)


def _neighbourhood(
    value: list[Any], near: list[int], wanted: _Tree, measure: _Measure
) -> list[Any]:
    shown: list[Any] = []
    last = -1
    for index in near or range(3):
        if index >= len(value):
            break
        if index > last + 1:
            shown.append(LEFT_OUT)
        item = value[index]
        asked = str(index) in wanted
        shown.append(_cut(item, wanted[str(index)], measure) if asked else _beside(item, measure))
        last = index
    return shown + [LEFT_OUT] * (last + 1 < len(value))


def _beside(item: Any, measure: _Measure) -> Any:
    """An item next to one that is asked for: as a pattern, where there is room."""
    if isinstance(item, dict) and measure.beside:
        return _few(item, measure)
    return LEFT_OUT if isinstance(item, dict | list) else _scalar(item, measure.chars)


def _scalar(value: Any, chars: int) -> Any:
    if isinstance(value, str) and len(value) > chars:
        return value[:chars] + LEFT_OUT
    return value
