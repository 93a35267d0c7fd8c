"""The closed fields of an output schema: their values, and schemas with some of them fixed."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from roadworthy.conformance import OutputSchema, compile_schema
from roadworthy.tasks.fields import input_fields, required_names, resolve_local
from roadworthy.tasks.voting import closed_values

__all__ = ["ClosedFields", "closed_of"]


@dataclass(frozen=True, slots=True)
class ClosedFields:
    """What one output schema leaves to be chosen."""

    source: dict[str, Any]
    values: dict[str, tuple[str, ...]]
    """By closed field, in the schema's order, its values as JSON texts, each once."""

    def only(self, field: str, fixed: Mapping[str, Any], values: tuple[str, ...]) -> OutputSchema:
        """The schema of an answer that holds nothing but the fixed fields and this one."""
        properties = {name: self._one(name, value) for name, value in fixed.items()}
        properties[field] = self._remarks(field) | {"enum": [_read(value) for value in values]}
        return compile_schema(
            {
                "type": "object",
                "properties": properties,
                "required": list(properties),
                "additionalProperties": False,
            }
        )

    def fixing(self, fixed: Mapping[str, Any]) -> OutputSchema:
        """The whole schema, in which these fields have one value each."""
        whole = resolve_local(self.source, self.source)
        properties = {
            name: self._one(name, fixed[name]) if name in fixed else field
            for name, field in whole["properties"].items()
        }
        required = [name for name in fixed if name not in required_names(self.source)]
        narrowed = {**whole, "properties": properties}
        narrowed["required"] = [*required_names(self.source), *required]
        return compile_schema(narrowed)

    def leaves_nothing_beside(self, fixed: Mapping[str, Any]) -> bool:
        """Whether these fields are the whole answer."""
        return set(input_fields(self.source)) <= set(fixed)

    def _one(self, name: str, value: Any) -> dict[str, Any]:
        return self._remarks(name) | {"enum": [value]}

    def _remarks(self, name: str) -> dict[str, Any]:
        field = input_fields(self.source).get(name, {})
        return {key: field[key] for key in ("type", "title", "description") if key in field}


def closed_of(schema: OutputSchema) -> ClosedFields:
    """The closed fields of a schema; kept with it."""
    found = _kept.get(schema)
    if found is None:
        found = _kept[schema] = _closed(schema.source)
    return found


_kept: weakref.WeakKeyDictionary[OutputSchema, ClosedFields] = weakref.WeakKeyDictionary()


def _closed(source: dict[str, Any]) -> ClosedFields:
    found: dict[str, tuple[str, ...]] = {}
    for name, field in input_fields(source).items():
        values = closed_values(field, source)
        if values is None:
            continue
        # Whatever else is said of the field holds of its values as well.
        place = compile_schema({**field, "$defs": source.get("$defs", {})})
        texts = (msgspec.json.encode(value).decode() for value in values if place.is_valid(value))
        found[name] = tuple(dict.fromkeys(texts))
    return ClosedFields(source, found)


def _read(text: str) -> Any:
    return msgspec.json.decode(text)
