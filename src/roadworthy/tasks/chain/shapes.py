"""What a schema says of a value, and of what stands below it, as schemas. Pure.

Only what surely holds is said: of a field that one of several alternatives declares, and another
leaves open, nothing is known. So a schema put together from these accepts every value that can
come. Where conditions are checked, `roadworthy.expressions` reads the same schemas generously.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

import msgspec

from roadworthy.expressions import SchemaType
from roadworthy.tasks.keywords import subschemas

__all__ = ["FREE_TEXT", "Field", "Shape", "list_of", "object_of", "shape_of"]

FREE_TEXT: Final[dict[str, Any]] = {"type": "string"}
"""The schema of an answer that has none."""
_ANYTHING: Final[dict[str, Any]] = {}
_MAX_DEPTH: Final = 10
_LOCAL: Final = ("$id", "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveRef")
"""Keywords that mean something else once their schema stands inside of another."""


class Field(NamedTuple):
    """What is known of a field that an object may have."""

    shape: Shape
    required: bool


@dataclass(frozen=True, eq=False)
class Shape:
    """A schema, within the document that its references point into."""

    schema: Any
    root: Mapping[str, Any]

    @cached_property
    def type(self) -> SchemaType:
        """The same, read generously: what may be declared here at all."""
        return SchemaType((self.schema,), dict(self.root))

    @property
    def says_nothing(self) -> bool:
        """Whether any value may stand here."""
        return not any(
            key in node for node in self.type.nodes for key in ("type", "enum", "const", "not")
        )

    def field(self, name: str) -> Field | None:
        """A field of this name; None: there can be none."""
        found = _field(self.schema, self.root, name, _MAX_DEPTH)
        if found is None:
            return None
        schema, required = found
        return Field(Shape(schema, self.root), required)

    def item(self, index: int | None = None) -> Shape:
        """The item at this index; None: any."""
        return Shape(_item(self.schema, self.root, index, _MAX_DEPTH), self.root)

    def standalone(self) -> dict[str, Any]:
        """The schema as a document of its own."""
        return _Assembly().document(self)


def shape_of(schema: Mapping[str, Any]) -> Shape:
    """The shape of what a whole document describes."""
    return Shape(schema, schema)


def list_of(item: Shape) -> dict[str, Any]:
    """The schema of lists of these."""
    assembly = _Assembly()
    return assembly.closed({"type": "array", "items": assembly.part(item)})


def object_of(fields: Mapping[str, Shape], required: Iterable[str]) -> dict[str, Any]:
    """The schema of objects with these fields and no others."""
    assembly = _Assembly()
    known = set(required)
    return assembly.closed(
        {
            "type": "object",
            "properties": {name: assembly.part(shape) for name, shape in fields.items()},
            "required": [name for name in fields if name in known],
            "additionalProperties": False,
        }
    )


# Below: what surely holds. Each returns a schema for the same root.


def _field(schema: Any, root: Any, name: str, depth: int) -> tuple[Any, bool] | None:
    if schema is False:
        return None
    if not isinstance(schema, Mapping) or depth == 0:
        return _ANYTHING, False
    known: list[Any] = []
    required = name in _names(schema.get("required"))
    properties, others = schema.get("properties"), schema.get("additionalProperties", True)
    if isinstance(properties, Mapping) and name in properties:
        known.append(properties[name])
    elif "patternProperties" not in schema:
        known.append(others)
    for part in _conjuncts(schema, root):
        found = _field(part, root, name, depth - 1)
        if found is None:
            return None
        known.append(found[0])
        required |= found[1]
    for keyword in ("anyOf", "oneOf"):
        branches = schema.get(keyword)
        if not isinstance(branches, list) or not branches:
            continue
        maybe = [_field(branch, root, name, depth - 1) for branch in branches]
        there = [found for found in maybe if found is not None]
        if not there:
            return None
        known.append(_either([found[0] for found in there]))
        required |= len(there) == len(maybe) and all(found[1] for found in there)
    if any(part is False for part in known):
        return None
    return _all(known), required


def _item(schema: Any, root: Any, index: int | None, depth: int) -> Any:
    if not isinstance(schema, Mapping) or depth == 0:
        return _ANYTHING
    known: list[Any] = []
    first, rest = schema.get("prefixItems"), schema.get("items", _ANYTHING)
    if isinstance(rest, list):  # before draft 2020-12
        first, rest = rest, schema.get("additionalItems", _ANYTHING)
    first = first if isinstance(first, list) else []
    if index is None:
        known.append(_either([*first, rest]) if first else rest)
    else:
        known.append(first[index] if index < len(first) else rest)
    known += [_item(part, root, index, depth - 1) for part in _conjuncts(schema, root)]
    for keyword in ("anyOf", "oneOf"):
        branches = schema.get(keyword)
        if isinstance(branches, list) and branches:
            known.append(_either([_item(branch, root, index, depth - 1) for branch in branches]))
    return _all(known)


def _conjuncts(schema: Mapping[str, Any], root: Any) -> list[Any]:
    """Further schemas that all hold of the same value."""
    found = []
    reference = schema.get("$ref")
    if isinstance(reference, str):
        found.append(_resolved(reference, root))
    every = schema.get("allOf")
    return found + (every if isinstance(every, list) else [])


def _resolved(reference: str, root: Any) -> Any:
    if not (reference == "#" or reference.startswith("#/")):
        return _ANYTHING
    target = root
    for part in reference.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(target, list) and key.isdecimal() and int(key) < len(target):
            target = target[int(key)]
        elif isinstance(target, Mapping) and key in target:
            target = target[key]
        else:
            return _ANYTHING
    return target


def _all(schemas: list[Any]) -> Any:
    said = [schema for schema in schemas if schema not in (True, _ANYTHING)]
    if len(said) < 2:
        return said[0] if said else _ANYTHING
    return {"allOf": said}


def _either(schemas: list[Any]) -> Any:
    if any(schema in (True, _ANYTHING) for schema in schemas):
        return _ANYTHING
    different = [s for at, s in enumerate(schemas) if s is not False and s not in schemas[:at]]
    if not different:
        return False
    return different[0] if len(different) == 1 else {"anyOf": different}


def _names(required: Any) -> list[Any]:
    return required if isinstance(required, list) else []


class _Assembly:
    """One document made of parts of others. A part that refers to its own document brings it along
    under ``$defs``; one whose document cannot be moved says nothing."""

    def __init__(self) -> None:
        self._moved: dict[int, str] = {}
        self._documents: dict[str, Any] = {}

    def document(self, shape: Shape) -> dict[str, Any]:
        if shape.schema is shape.root:
            return dict(shape.root)
        part = self.part(shape)
        return self.closed(part if isinstance(part, dict) else {"not": {}} if not part else {})

    def closed(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The schema with the documents that its parts refer to."""
        return schema | {"$defs": self._documents} if self._documents else schema

    def part(self, shape: Shape) -> Any:
        if not isinstance(shape.schema, Mapping):
            return shape.schema
        inner = [schema for _, schema in subschemas(dict(shape.schema))]
        if shape.schema is not shape.root and not any("$ref" in s or _local(s) for s in inner):
            return dict(shape.schema)
        if any(_local(s) or not _is_movable(s) for _, s in subschemas(dict(shape.root))):
            return _ANYTHING
        if shape.schema is shape.root and not any("$ref" in schema for schema in inner):
            return _without_dialect(shape.root)
        return _moved(shape.schema, self._name_of(shape.root))

    def _name_of(self, root: Mapping[str, Any]) -> str:
        if id(root) not in self._moved:
            name = f"part{len(self._moved) + 1}"
            self._moved[id(root)] = name
            self._documents[name] = _moved(_without_dialect(root), name)
        return self._moved[id(root)]


def _without_dialect(root: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in root.items() if key != "$schema"}


def _local(schema: Mapping[str, Any]) -> bool:
    return any(key in schema for key in _LOCAL)


def _is_movable(schema: Mapping[str, Any]) -> bool:
    reference = schema.get("$ref", "#")
    return isinstance(reference, str) and (reference == "#" or reference.startswith("#/"))


def _moved(schema: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The schema with its references led to where its document stands now."""
    # Not deepcopy: a part that stands in several places would be led on once for each of them.
    copied: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(schema))
    for _, inner in subschemas(copied):
        if "$ref" in inner:
            inner["$ref"] = f"#/$defs/{name}{inner['$ref'][1:]}"
    return copied
