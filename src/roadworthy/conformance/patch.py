"""The schema of a patch: one flat object with a property for each place asked for. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from roadworthy.conformance.locate import self_contained
from roadworthy.conformance.pointer import value_at
from roadworthy.conformance.schema import compile_schema
from roadworthy.core.errors import InvalidSchema

__all__ = ["names_of", "patch_schema", "size_of"]

_WORTH_SHARING_CHARS: Final = 80
_UNKNOWN_CHARS: Final = 20
"""What a field that is missing is taken to be long."""


def names_of(places: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Property names that every provider accepts; a field at the root keeps its own."""
    names: list[str] = []
    for place in places:
        plain = re.sub(r"[^A-Za-z0-9_-]", "_", "_".join(place)) or "field"
        # The end of a long way says more than its beginning.
        plain = plain if len(plain) <= 56 else plain[-56:].lstrip("_-") or "field"
        choices = (plain, *(f"{plain}_{number}" for number in range(2, len(places) + 2)))
        names.append(next(name for name in choices if name not in names))
    return tuple(names)


def patch_schema(
    names: Sequence[str], schemas: Sequence[dict[str, Any] | bool], root: dict[str, Any]
) -> dict[str, Any] | None:
    """The schema of the object with these properties; None: a part cannot stand alone."""
    flat = {
        "type": "object",
        "properties": dict(zip(names, schemas, strict=True)),
        "required": list(names),
        "additionalProperties": False,
    }
    patch = self_contained(flat, root)
    try:
        return None if patch is None else compile_schema(_shared(patch)).source
    except InvalidSchema:
        # A part can need what only its whole has: an anchor, an identifier, a dynamic reference.
        return None


def size_of(value: Any, place: Sequence[str]) -> int:
    """How many characters the value has at this place, or may have where it is missing."""
    try:
        return len(msgspec.json.encode(value_at(value, place)))
    except LookupError:
        return _UNKNOWN_CHARS


def _shared(patch: dict[str, Any]) -> dict[str, Any]:
    """The patch with what several of its properties say alike said once."""
    encoded = {n: msgspec.json.encode(s, order="sorted") for n, s in patch["properties"].items()}
    counts = list(encoded.values())
    shared: dict[bytes, str] = {}
    properties: dict[str, Any] = {}
    definitions = dict(patch.get("$defs", {}))
    for name, schema in patch["properties"].items():
        key = encoded[name]
        if len(key) < _WORTH_SHARING_CHARS or counts.count(key) == 1:
            properties[name] = schema
            continue
        if key not in shared:
            shared[key] = _free_name(definitions)
            definitions[shared[key]] = schema
        properties[name] = {"$ref": f"#/$defs/{shared[key]}"}
    if not shared:
        return patch
    return {**patch, "properties": properties, "$defs": definitions}


def _free_name(definitions: dict[str, Any]) -> str:
    names = ("item", *(f"item_{number}" for number in range(2, len(definitions) + 3)))
    return next(name for name in names if name not in definitions)
