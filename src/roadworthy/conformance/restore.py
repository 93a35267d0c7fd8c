"""Back from the form that a mode accepts to the form that the caller's schema has.

A strict mode wants every field present and an object at the root. So `normalise` makes optional
fields nullable and wraps other roots; here a null that only stands for *no value* is left out
again, and the wrapping is taken off. Pure, and not a repair: the model did as it was told.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal, TypeAlias

from roadworthy.conformance.locate import in_place, resolve
from roadworthy.conformance.schema import OutputSchema

__all__ = ["WRAPPER", "Form", "restore"]

Form: TypeAlias = Literal["plain", "strict", "wrapped"]
"""``strict``: optional fields came as null. ``wrapped``: so, and inside ``{"value": …}``."""

WRAPPER: Final = "value"
_MAX_DEPTH: Final = 100


def restore(value: Any, schema: OutputSchema, form: Form) -> Any:
    """The answer as the original schema has it; a value that already conforms is left alone.

    A null is left out only where the field is optional and may not be null; where both are
    allowed the null stays, because the two cannot be told apart.
    """
    if form == "wrapped" and isinstance(value, dict) and value.keys() == {WRAPPER}:
        value = value[WRAPPER]
    if form == "plain" or schema.is_valid(value):
        return value
    return _restored(value, [schema.source], schema.source, _MAX_DEPTH)


def _restored(value: Any, schemas: list[Any], root: dict[str, Any], depth: int) -> Any:
    if depth == 0 or not isinstance(value, dict | list):
        return value
    here = [s for schema in schemas for s in in_place(schema, root)]
    if isinstance(value, list):
        return [
            _restored(item, list(_items(here, index)), root, depth - 1)
            for index, item in enumerate(value)
        ]
    kept = {}
    for name, item in value.items():
        declared = [s["properties"][name] for s in here if name in _properties(s)]
        if item is None and _stands_for_nothing(name, here, declared, root):
            continue
        kept[name] = _restored(item, declared, root, depth - 1)
    return kept


def _properties(schema: dict[str, Any]) -> dict[str, Any]:
    found = schema.get("properties")
    return found if isinstance(found, dict) else {}


def _items(schemas: list[dict[str, Any]], index: int) -> Iterator[Any]:
    for schema in schemas:
        first = schema.get("prefixItems")
        items = schema.get("items")
        if isinstance(first, list) and index < len(first):
            yield first[index]
        elif items is not None and not isinstance(items, list):
            yield items


def _stands_for_nothing(
    name: str, here: list[dict[str, Any]], declared: list[Any], root: dict[str, Any]
) -> bool:
    apart = any(name in _required(s) for s in here if name not in _properties(s))
    always = all(name in _required(s) for s in here if name in _properties(s))
    return bool(declared) and not (
        apart or always or any(_takes_null(sub, root) for sub in declared)
    )


def _required(schema: dict[str, Any]) -> list[Any]:
    found = schema.get("required")
    return found if isinstance(found, list) else []


def _takes_null(schema: Any, root: dict[str, Any]) -> bool:
    if not isinstance(schema, dict):
        return schema is True
    if "$ref" in schema and resolve(schema["$ref"], root) is None:
        return True
    return any(_is_null_type(part) for part in in_place(schema, root))


def _is_null_type(schema: dict[str, Any]) -> bool:
    if "enum" in schema:
        return None in schema["enum"]
    if "const" in schema:
        return schema["const"] is None
    types = schema.get("type")
    if types is None:
        return not any(key in schema for key in ("$ref", "anyOf", "oneOf", "allOf"))
    return types == "null" or (isinstance(types, list) and "null" in types)
