"""JSON values as templates may see them: readable, unchangeable, without attributes.

MiniJinja's binding falls back from a missing key to a Python attribute and calls methods, so a
plain dict hands a template ``{{ order.pop("id") }}``, and ``{{ order.items }}`` of an order
without items prints a bound method instead of failing. Tuples become the engine's own sequences
and need no sealing. Called by `CompiledPrompt` for each render.
"""

from __future__ import annotations

import json
from typing import Any

__all__ = ["SealedObject", "seal"]


class SealedObject(dict[str, Any]):
    """A JSON object whose only members are its keys, and ``items()``.

    The binding takes an object for a mapping only if it has ``items``; so that attribute exists,
    except directly after a look-up of the *key* of that name has failed.
    """

    __slots__ = ("_missed_items",)

    def __getattribute__(self, name: str) -> Any:
        if name == "items":
            if _missed_items(self):
                raise AttributeError(name)
            return lambda: tuple(dict.items(self))
        if name.startswith("__"):
            return dict.__getattribute__(self, name)
        raise AttributeError(name)

    def __repr__(self) -> str:
        return json.dumps(self, ensure_ascii=False)  # what `~` and `|string` write

    def __missing__(self, key: str) -> Any:
        if key == "items":
            dict.__setattr__(self, "_missed_items", True)
        raise KeyError(key)


def _missed_items(sealed: SealedObject) -> bool:
    try:
        dict.__getattribute__(sealed, "_missed_items")
    except AttributeError:
        return False
    dict.__delattr__(sealed, "_missed_items")
    return True


def seal(value: Any) -> Any:
    """The same JSON value, sealed at every level.

    Raises:
        RecursionError: it is nested hundreds of levels deep.
    """
    kind = type(value)
    if kind is str:
        return value
    if kind is dict:
        return SealedObject({key: seal(item) for key, item in value.items()})
    if kind is list:
        return tuple([seal(item) for item in value])
    return value
