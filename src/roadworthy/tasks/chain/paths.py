"""Paths that wire a chain: what they say, and the value that stands there. Pure.

::

    parse_path("copy.lines[0].text")
    parse_path('input."unit.price"').take({"input": {"unit.price": 3}})  # 3

A path begins with ``input``, ``item`` or the name of a step. Behind it stand fields, items by
number, or ``[*]``: every item of a list, so that the path is the list of what stands below them,
lists within lists made one. Conditions name steps as `variable_of` says. Called where chains are
read, and for each call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import msgspec

__all__ = [
    "ABSENT",
    "EACH",
    "RESERVED",
    "Part",
    "Path",
    "PathError",
    "is_step_name",
    "parse_path",
    "variable_of",
]

ABSENT: Final = msgspec.UNSET
"""What a path gives where nothing stands: a step that was skipped, a field that was left out."""
EACH: Final = None
Part: TypeAlias = str | int | None
"""A field, an item by number, or every item."""

RESERVED: Final = frozenset(
    # Source: the CEL specification, "Syntax", RESERVED and the literals; the rest are our own.
    (
        *("input", "item", "vars", "output", "true", "false", "null", "in", "as", "break", "const"),
        *("continue", "else", "for", "function", "if", "import", "let", "loop", "package"),
        *("namespace", "return", "var", "void", "while"),
        *("bool", "int", "uint", "double", "string", "bytes", "list", "map", "type", "dyn"),
    )
)
"""What no step may be called."""
_STEP_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")
_TOKEN: Final = re.compile(
    r'(?P<field>[^.\[\]"\s]+)|"(?P<quoted>(?:[^"\\]|\\.)*)"|\[(?P<index>\d{1,9}|\*)\]'
)


class PathError(ValueError):
    """A text that is no path; the message says why."""


@dataclass(frozen=True, slots=True)
class Path:
    """Where a value is taken from."""

    source: str
    """``input``, ``item``, or the name of a step."""
    parts: tuple[Part, ...] = ()

    def take(self, values: Mapping[str, Any]) -> Any:
        """The value that stands there; ABSENT where none does. ``values`` are by source; a step
        that was skipped is left out, or ABSENT."""
        return _below(values.get(self.source, ABSENT), self.parts)

    def __str__(self) -> str:
        return self.source + "".join(map(_shown, self.parts))


def parse_path(text: str) -> Path:
    """The path that a text says.

    Raises:
        PathError: it says none.
    """
    parts: list[Part] = []
    at = 0
    while at < len(text):
        if parts and text[at] == ".":
            at += 1
        match = _TOKEN.match(text, at)
        if match is None or (parts and match["index"] is None and text[at - 1] != "."):
            raise PathError(f'"{text}" is no path, at character {at + 1}; {_REMEDY}')
        if match["index"] is not None and text[at - 1 : at] in ("", "."):
            raise PathError(f'"{text}" is no path: an item stands right behind its list')
        parts.append(_part(match))
        at = match.end()
    if not parts or text.endswith("."):
        raise PathError(f'"{text}" is no path; {_REMEDY}')
    return Path(str(parts[0]), tuple(parts[1:]))


_REMEDY: Final = 'write "input.FIELD", "STEP.FIELD" or "item.FIELD"'


def is_step_name(name: str) -> bool:
    """Whether a step may be called so: its name stands in paths and conditions."""
    return _STEP_NAME.fullmatch(name) is not None and variable_of(name) not in RESERVED


def variable_of(step: str) -> str:
    """What conditions call the step: a ``-`` would be a minus."""
    return step.replace("-", "_")


def _part(match: re.Match[str]) -> Part:
    if match["index"] is not None:
        return EACH if match["index"] == "*" else int(match["index"])
    if match["quoted"] is not None:
        return re.sub(r"\\(.)", r"\1", match["quoted"], flags=re.DOTALL)
    return match["field"]


def _shown(part: Part) -> str:
    if isinstance(part, str):
        match = _TOKEN.fullmatch(part)
        bare = match is not None and match["field"] is not None
        escaped = part.replace("\\", "\\\\").replace('"', '\\"')
        return f".{part}" if bare else f'."{escaped}"'
    return "[*]" if part is EACH else f"[{part}]"


def _below(value: Any, parts: tuple[Part, ...]) -> Any:
    for number, part in enumerate(parts):
        if isinstance(part, str):
            value = value.get(part, ABSENT) if isinstance(value, dict) else ABSENT
        elif not isinstance(value, list):
            return ABSENT
        elif part is not EACH:
            value = value[part] if part < len(value) else ABSENT
        else:
            return _of_each(value, parts[number + 1 :])
        if value is ABSENT:
            return ABSENT
    return value


def _of_each(items: list[Any], parts: tuple[Part, ...]) -> list[Any]:
    found = [below for item in items if (below := _below(item, parts)) is not ABSENT]
    return [inner for below in found for inner in below] if EACH in parts else found
