"""JSON pointers: naming a place inside a JSON value, reading it and replacing it.

Every path that this room shows or records is such a pointer; the empty string is the root.
Source: RFC 6901.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

__all__ = ["Part", "parent_of", "parts_of", "pointer_of", "replaced", "steps_into", "value_at"]

Part: TypeAlias = str | int


def pointer_of(parts: Iterable[Part]) -> str:
    """The pointer that names this place."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def parts_of(pointer: str) -> list[str]:
    """The steps of a pointer, from the root down; indexes stay text."""
    return [p.replace("~1", "/").replace("~0", "~") for p in pointer.split("/")[1:]]


def parent_of(pointer: str) -> str:
    """The pointer one step up; the root is its own parent."""
    return pointer.rpartition("/")[0]


def value_at(value: Any, parts: Iterable[Part]) -> Any:
    """What stands at this place.

    Raises:
        LookupError: there is no such place.
    """
    for part in parts:
        if isinstance(value, list):
            try:
                value = value[int(part)]
            except ValueError as error:
                raise LookupError(f"{part!r} is not an index") from error
        elif isinstance(value, dict):
            value = value[str(part)]
        else:
            raise LookupError(f"{part!r} leads into a scalar")
    return value


def steps_into(value: Any, parts: Iterable[Part]) -> list[Part]:
    """The validator's path as steps that this value really has.

    jsonschema-rs 0.60 names a property ``"02"`` by the number 2, and leaves out ``""``.

    Raises:
        LookupError: there is no such place, or it cannot be told which place is meant.
    """
    steps: list[Part] = []
    for part in parts:
        if isinstance(part, int) and isinstance(value, dict) and str(part) not in value:
            part = next((name for name in value if _is_number(name, part)), part)
        step = str(part) if isinstance(value, dict) else part
        value = value_at(value, [step])
        steps.append(step)
    if isinstance(value, dict) and "" in value:
        raise LookupError("this object, or its property without a name")
    return steps


def _is_number(name: str, number: int) -> bool:
    return name.isdecimal() and int(name) == number


def replaced(value: Any, parts: list[str], new: Any) -> Any:
    """A copy of the value with `new` at this place; all other nodes are shared, not copied.

    A property that is missing is added to its object; an index must exist.

    Raises:
        LookupError: there is no such place.
    """
    trail = [value]
    for depth in range(len(parts) - 1):
        trail.append(value_at(trail[-1], parts[depth : depth + 1]))
    for node, part in zip(reversed(trail), reversed(parts), strict=False):
        if isinstance(node, dict):
            new = {**node, part: new}
        else:
            value_at(node, [part])
            index = int(part)
            new = [*node[:index], new, *node[index + 1 :]]
    return new
