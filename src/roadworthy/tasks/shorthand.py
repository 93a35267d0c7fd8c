"""Fields written short in `task.toml`, expanded to JSON Schema. Pure.

::

    [output.fields]
    sentiment = { type = "string", enum = ["positive", "neutral", "negative"] }
    note = { type = "string", optional = true }

is a closed object whose fields are all required unless ``optional = true``.
"""

from __future__ import annotations

from typing import Any, Final

from roadworthy.core.documents import did_you_mean
from roadworthy.core.toml_lines import KeyPath
from roadworthy.tasks.keywords import KEYWORDS

__all__ = ["expand_fields"]

_OBJECT_KEYS: Final = ("fields", "description", "title")
_SHAPES: Final = ("type", "enum", "const", "$ref", "anyOf", "oneOf", "allOf")
_TURN: Final = {
    "type": "object",
    "properties": {
        "role": {"type": "string", "enum": ["user", "assistant"]},
        "content": {"type": "string"},
    },
    "required": ["role", "content"],
    "additionalProperties": False,
}
_DOCUMENT: Final = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "source": {"type": "string"},
        "text": {"type": "string"},
        "score": {"type": "number"},
    },
    "required": ["text"],
    "additionalProperties": False,
}
_BY_ROLE: Final[dict[str, dict[str, Any]]] = {
    "context": {"type": "array", "items": _DOCUMENT},
    "conversation": {"type": "array", "items": _TURN},
    "image": {"type": "string"},
}
"""What a field with a role is, where the project does not say."""


def expand_fields(table: dict[str, Any]) -> tuple[dict[str, Any], list[tuple[KeyPath, str]]]:
    """The JSON Schema of a table with ``fields``, and faults by their paths in the table."""
    expansion = _Expansion()
    schema = expansion.object(table, ())
    return schema, expansion.faults


class _Expansion:
    def __init__(self) -> None:
        self.faults: list[tuple[KeyPath, str]] = []

    def object(self, table: dict[str, Any], path: KeyPath) -> dict[str, Any]:
        for key in table.keys() - set(_OBJECT_KEYS):
            self.unknown((*path, key), set(_OBJECT_KEYS))
        fields = table["fields"]
        if not isinstance(fields, dict):
            self.faults.append(((*path, "fields"), "fields: expected a table of fields"))
            fields = {}
        schema: dict[str, Any] = {"type": "object"}
        schema |= {key: table[key] for key in ("title", "description") if key in table}
        schema["properties"] = {
            name: self.field(spec, (*path, "fields", name)) for name, spec in fields.items()
        }
        schema["required"] = [name for name, spec in fields.items() if not _is_optional(spec)]
        schema["additionalProperties"] = False
        return schema

    def field(self, spec: Any, path: KeyPath) -> Any:
        if isinstance(spec, str):
            return {"type": spec}
        if not isinstance(spec, dict):
            self.faults.append((path, f"{path[-1]}: expected a type in quotes or a table"))
            return {}
        own = {key: value for key, value in spec.items() if key != "optional"}
        if not isinstance(spec.get("optional", False), bool):
            self.faults.append(((*path, "optional"), "optional: expected true or false"))
        if "fields" in own:
            role = {"role": own.pop("role")} if "role" in own else {}
            own.pop("type", None)
            return {**self.object(own, path), **role}
        known = {*KEYWORDS, "role", "fields", "optional"}
        for key in own:
            if key not in known and not key.startswith("x-"):
                self.unknown((*path, key), known)
        if isinstance(own.get("items"), dict | str):
            own["items"] = self.field(own["items"], (*path, "items"))
        if not any(key in own for key in _SHAPES):
            default = _BY_ROLE.get(str(own.get("role")))
            if default is None:
                self.faults.append((path, f'{path[-1]}: missing key "type"'))
            own = {**(default or {}), **own}
        return own

    def unknown(self, path: KeyPath, known: set[str]) -> None:
        self.faults.append((path, f'unknown key "{path[-1]}"{did_you_mean(str(path[-1]), known)}'))


def _is_optional(spec: Any) -> bool:
    return isinstance(spec, dict) and spec.get("optional") is True
