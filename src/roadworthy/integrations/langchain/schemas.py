"""A task's schemas as the pydantic classes that LangChain asks a Runnable for. Pure.

They describe, and do not check: a class says what its JSON Schema said, with its top-level fields
typed as far as tools and graphs look at them. The gateway checks.
"""

from __future__ import annotations

import copy
import re
from functools import reduce
from operator import or_
from typing import Any, Final, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, RootModel, create_model

from roadworthy.tasks.fields import input_fields, required_names

__all__ = ["schema_class"]

FREE_TEXT: Final = {"type": "string"}
_TYPES: Final[dict[str, Any]] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "array": list[Any],
    "object": dict[str, Any],
    "null": None,
}
_FIELD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def schema_class(name: str, schema: dict[str, Any] | None) -> type[BaseModel]:
    """A class whose JSON Schema is this one; None: free text."""
    schema = FREE_TEXT if schema is None else schema
    fields = input_fields(schema)
    named = all(_FIELD.fullmatch(field) and not hasattr(BaseModel, field) for field in fields)
    if schema.get("type") == "object" and fields and named:
        return _object(name, schema, fields)
    root: Any = RootModel
    made = type(name, (root[_type_of(schema)],), {"__module__": __name__})
    return _saying(cast("type[BaseModel]", made), schema)


def _object(
    name: str, schema: dict[str, Any], fields: dict[str, dict[str, Any]]
) -> type[BaseModel]:
    required = required_names(schema)
    given: dict[str, Any] = {}
    for field, of_field in fields.items():
        told = of_field.get("description")
        described = told if isinstance(told, str) else None
        if field in required:
            given[field] = (_type_of(of_field), Field(description=described))
        else:
            default = of_field.get("default")
            given[field] = (_type_of(of_field) | None, Field(default, description=described))
    config = ConfigDict(extra="allow", title=name)
    made = create_model(name, __config__=config, __module__=__name__, **given)
    return _saying(made, schema)


def _saying(made: type[BaseModel], schema: dict[str, Any]) -> type[BaseModel]:
    """The class with this JSON Schema in place of the one that its fields would give."""

    def model_json_schema(*_: Any, **__: Any) -> dict[str, Any]:
        return copy.deepcopy(schema)

    made.model_json_schema = staticmethod(model_json_schema)  # type: ignore[method-assign]
    return made


def _type_of(schema: dict[str, Any]) -> Any:
    values = schema.get("enum")
    if isinstance(values, list) and values and all(isinstance(v, str | int) for v in values):
        return Literal[tuple(values)]
    kinds = schema.get("type")
    listed = [kinds] if isinstance(kinds, str) else kinds if isinstance(kinds, list) else []
    types = [_TYPES[kind] for kind in listed if kind in _TYPES]
    return reduce(or_, types) if types else Any
