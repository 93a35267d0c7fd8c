"""A class in a project's Python file, frozen to JSON Schema.

Gateways never come here; they read the frozen schema from the snapshot.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, is_typeddict

import msgspec

from roadworthy.core.documents import Fault, SourceFolder, did_you_mean
from roadworthy.tasks.python_files import line_in, running

__all__ = ["freeze_class"]

_KINDS = "a pydantic model, a msgspec Struct, a dataclass or a TypedDict"


def freeze_class(
    project: SourceFolder, file: str, *, name: str
) -> tuple[dict[str, Any] | None, Fault | None]:
    """The JSON Schema of class `name` in this file of the project, or what is wrong with it."""
    source = project.read(file)
    if source is None:
        return None, None  # absent or unreadable: the caller, or the folder, says so
    path = project.root / file
    try:
        with running(source, path, project.root) as module:
            return _schema_of(module, name), None
    except _Unusable as error:
        return None, Fault(file, error.line, error.message)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # becomes a fault of the project
        return None, Fault(file, line_in(error, path), _what(error))


class _Unusable(Exception):
    def __init__(self, message: str, line: int = 1) -> None:
        self.message = message
        self.line = line


def _schema_of(module: ModuleType, name: str) -> dict[str, Any]:
    found: Any = module
    for part in name.split("."):
        inside = found
        found = getattr(inside, part, None)
        if found is None:
            classes = [n for n, v in vars(inside).items() if isinstance(v, type) and n[0] != "_"]
            raise _Unusable(f'no class "{part}"{did_you_mean(part, classes)}')
    if not isinstance(found, type):
        raise _Unusable(f'"{name}" is not a class; name {_KINDS}')
    if is_typeddict(found) or issubclass(found, msgspec.Struct):
        schema = _without_root_reference(msgspec.json.schema(found))
    elif hasattr(found, "model_json_schema"):
        schema = found.model_json_schema()
    else:
        schema = _adapted(found)
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(schema))
    return plain


def _adapted(found: type) -> dict[str, Any]:
    from pydantic import PydanticSchemaGenerationError, PydanticUserError, TypeAdapter

    try:
        return TypeAdapter(found).json_schema()
    except (PydanticSchemaGenerationError, PydanticUserError) as error:
        message = f'"{found.__name__}" cannot become a JSON Schema; name {_KINDS}'
        raise _Unusable(message) from error


def _without_root_reference(schema: dict[str, Any]) -> dict[str, Any]:
    """msgspec puts the class itself under ``$defs``; its fields belong at the root."""
    name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
    definitions = dict(schema.get("$defs", {}))
    if name not in definitions:
        return schema
    root = definitions[name]
    if f'"#/$defs/{name}"'.encode() not in msgspec.json.encode(definitions):
        del definitions[name]
    return {**root, "$defs": definitions} if definitions else dict(root)


def _what(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError):
        return f'imports "{error.name}", which is not installed beside roadworthy: pip install it'
    first = (str(error) or "no message").splitlines()[0]
    return f"raised {type(error).__name__}: {first}"
