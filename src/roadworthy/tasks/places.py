"""JSON pointers into an output: whether its schema has the place, and what stands there. Pure.

Source: RFC 6901.
"""

from __future__ import annotations

from typing import Any

from roadworthy.core.documents import did_you_mean
from roadworthy.expressions import SchemaType

__all__ = ["below", "fault_of_place", "find"]


def fault_of_place(pointer: str, output: SchemaType) -> tuple[SchemaType | None, str | None]:
    """The type of what stands there, or what is wrong with the pointer."""
    if pointer and not pointer.startswith("/"):
        return None, f'"{pointer}" is no JSON pointer; write "/{pointer.replace(".", "/")}"'
    here = output
    for name in _parts(pointer):
        if "list" in here.kinds and _is_index(name):
            here = here.item(int(name))
            continue
        if "map" not in here.kinds:
            return None, f'"{pointer}" leads into what has no fields, at "{name}"'
        inner = here.field(name)
        if inner is None:
            hint = did_you_mean(name, here.fields)
            return None, f'"{pointer}" leads nowhere, at "{name}"{hint}'
        here = inner
    return here, None


def find(value: Any, pointer: str) -> tuple[bool, Any]:
    """Whether the value has this place, and what stands there."""
    for name in _parts(pointer):
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and _is_index(name) and int(name) < len(value):
            value = value[int(name)]
        else:
            return False, None
    return True, value


def below(pointer: str, name: str | int) -> str:
    """The pointer one step further down."""
    return f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}"


def _parts(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _is_index(name: str) -> bool:
    return name.isascii() and name.isdecimal() and len(name) < 10
