"""How large a schema is in a target's form, counted as its limits count. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

__all__ = ["Size", "measure", "nodes_of"]


class Size(msgspec.Struct, kw_only=True):
    """One schema's counts."""

    properties: int = 0
    optional: int = 0
    unions: int = 0
    """Places with `anyOf` or several types."""
    levels: int = 0
    name_chars: int = 0
    """Names of properties and definitions, and values of `enum` and `const`."""
    enum_lengths: list[int] = []
    """Number of values of each enumeration."""
    long_enum_chars: int = 0
    """Of the enumeration of more than 250 strings that has the most characters."""


def measure(schema: dict[str, Any]) -> Size:
    """The counts of a schema in a target's form, its definitions included, each once."""
    size = Size()
    for node, level in nodes_of(schema):
        below = node.get("properties", {})
        options = node.get("enum", ())
        size.properties += len(below)
        size.optional += len(below.keys() - set(node.get("required", ())))
        size.unions += "anyOf" in node or isinstance(node.get("type"), list)
        size.levels = max(size.levels, level)
        size.name_chars += sum(map(len, below)) + sum(map(len, node.get("$defs", ())))
        size.name_chars += sum(len(str(option)) for option in options)
        size.name_chars += len(str(node["const"])) if "const" in node else 0
        if options:
            size.enum_lengths.append(len(options))
        if len(options) > 250:
            chars = sum(len(option) for option in options if isinstance(option, str))
            size.long_enum_chars = max(size.long_enum_chars, chars)
    return size


def nodes_of(schema: dict[str, Any]) -> Iterator[tuple[dict[str, Any], int]]:
    """Every schema inside a schema in a target's form, itself first, with its level.

    Alternatives are on their union's level, and definitions on that of the root.
    """
    waiting = [(schema, 0)]
    while waiting:
        node, level = waiting.pop()
        yield node, level
        waiting += [(sub, level) for sub in node.get("$defs", {}).values()]
        waiting += [(sub, level) for sub in node.get("anyOf", ())]
        waiting += [(sub, level + 1) for sub in node.get("properties", {}).values()]
        waiting += [(sub, level + 1) for sub in node.get("prefixItems", ())]
        for keyword in ("items", "additionalProperties"):
            if isinstance(node.get(keyword), dict):
                waiting.append((node[keyword], level + 1))
