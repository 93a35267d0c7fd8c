"""What an input schema declares: its fields, and the roles they have. Pure."""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias, get_args

__all__ = [
    "FIELD_ROLES",
    "FieldRole",
    "conversation_field",
    "input_fields",
    "required_names",
    "resolve_local",
    "single_text_field",
]

FieldRole: TypeAlias = Literal["context", "conversation", "image"]
FIELD_ROLES: Final[tuple[str, ...]] = get_args(FieldRole)
_MAX_HOPS: Final = 20


def resolve_local(schema: Any, root: dict[str, Any]) -> dict[str, Any]:
    """The schema behind a chain of ``#/…`` references; empty if there is none."""
    for _ in range(_MAX_HOPS):
        if not isinstance(schema, dict):
            return {}
        reference = schema.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#"):
            return schema
        target: Any = root
        for part in reference.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            target = target.get(key) if isinstance(target, dict) else None
        # Annotations beside the reference (role, description, default) belong to the field.
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**target, **beside} if isinstance(target, dict) else None
    return {}


def input_fields(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The declared fields, in their order, references followed."""
    properties = resolve_local(schema, schema).get("properties")
    if not isinstance(properties, dict):
        return {}
    return {name: resolve_local(field, schema) for name, field in properties.items()}


def required_names(schema: dict[str, Any]) -> list[str]:
    required = resolve_local(schema, schema).get("required")
    return (
        [name for name in required if isinstance(name, str)] if isinstance(required, list) else []
    )


def conversation_field(schema: dict[str, Any]) -> str | None:
    """The field that takes earlier messages."""
    for name, field in input_fields(schema).items():
        if field.get("role") == "conversation":
            return name
    return None


def single_text_field(schema: dict[str, Any]) -> str | None:
    """The one required field that is a string, if exactly one is."""
    fields = input_fields(schema)
    texts = [
        name
        for name in required_names(schema)
        if fields.get(name, {}).get("type") == "string" and fields[name].get("role") is None
    ]
    return texts[0] if len(texts) == 1 else None
