"""What was written, before it is decided what it means.

A schema may want the number ``5 km`` stands for, or the very text of an object; so a leaf keeps
its spelling, and a container its place in the text. Nothing here is ever made up: every leaf is a
slice of the text, with escapes undone, or one of JSON's own words.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

__all__ = [
    "Fields",
    "Items",
    "Node",
    "Note",
    "Plain",
    "Spelled",
    "Text",
    "natural",
    "node_of",
    "notes_of",
]

Note: TypeAlias = str
"""A kind of repair that was made to the syntax of one node."""


@dataclass(slots=True)
class Plain:
    """A number, boolean or null, as JSON or JavaScript or Python spells it."""

    value: int | float | bool | None
    spelled: str
    notes: tuple[Note, ...] = ()


@dataclass(slots=True)
class Text:
    """A string, quoted in whatever way, or words without quotes."""

    value: str
    quoted: bool
    notes: tuple[Note, ...] = ()
    prose: bool = False
    """These words are a whole answer, and so perhaps a sentence about the value."""


@dataclass(slots=True)
class Items:
    """A list."""

    items: list[Node] = field(default_factory=list)
    notes: tuple[Note, ...] = ()
    written: str = ""
    """The text it stands in; empty where it was not read from a text."""
    closed: bool = True
    """False: the text ended first."""


@dataclass(slots=True)
class Fields:
    """An object; repeated keys are all there, in the text's order."""

    fields: list[tuple[str, Node]] = field(default_factory=list)
    notes: tuple[Note, ...] = ()
    written: str = ""
    closed: bool = True


Node: TypeAlias = Plain | Text | Items | Fields


class Spelled(float):
    """A number that remembers how it was written: as text, 1.50 is not 1.5."""

    spelled: str

    def __new__(cls, spelled: str) -> Spelled:
        number = super().__new__(cls, spelled)
        number.spelled = spelled
        return number


def node_of(value: Any) -> Node:
    """The node of a value that was strict JSON."""
    if isinstance(value, str):
        return Text(value, quoted=True)
    if isinstance(value, dict):
        return Fields([(name, node_of(item)) for name, item in value.items()])
    if isinstance(value, list):
        return Items([node_of(item) for item in value])
    if isinstance(value, Spelled):
        return Plain(float(value), value.spelled)
    return Plain(value, json.dumps(value))


def natural(node: Node) -> Any:
    """What the node says to a reader without a schema; of a repeated key, the last."""
    if isinstance(node, Items):
        return [natural(item) for item in node.items]
    if isinstance(node, Fields):
        return {name: natural(item) for name, item in node.fields}
    return node.value


def notes_of(node: Node) -> Iterator[Note]:
    """Every note in the tree, repetitions included."""
    waiting: list[Node] = [node]
    while waiting:
        here = waiting.pop()
        yield from here.notes
        if isinstance(here, Items):
            waiting += here.items
        elif isinstance(here, Fields):
            waiting += (item for _, item in here.fields)
