"""Where a task's input and output schemas stand, in whichever form, frozen to JSON Schema.

A table or shorthand fields in `task.toml`, a JSON file, or a class in a Python file. Called
while a project is loaded; what serving does with a schema is conformance's matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import jsonschema_rs
import msgspec

from roadworthy.core.documents import (
    Document,
    Fault,
    SourceFolder,
    did_you_mean,
    line_of_byte,
    misspelling_of,
    nearest,
)
from roadworthy.core.toml_lines import KeyPath
from roadworthy.tasks.fields import FIELD_ROLES, input_fields, resolve_local
from roadworthy.tasks.keywords import JSON_TYPES, KEYWORDS, subschemas
from roadworthy.tasks.python_schemas import freeze_class
from roadworthy.tasks.shorthand import expand_fields

__all__ = ["FrozenSchema", "Side", "load_schema", "schema_problems", "validator_of"]

Side: TypeAlias = Literal["input", "output"]
_PYTHON = re.compile(r"(?P<file>[^:]+\.py):(?P<name>[A-Za-z_]\w*(?:\.\w+)*)")


@dataclass(kw_only=True)
class FrozenSchema:
    """One schema of a task, and what is wrong with it."""

    schema: dict[str, Any] | None
    """None: none was given, or nothing usable."""
    file: str
    faults: list[Fault] = field(default_factory=list)


def load_schema(
    side: Side,
    given: str | dict[str, Any] | None,
    *,
    document: Document[Any],
    project: SourceFolder,
) -> FrozenSchema:
    """The schema that `task.toml` gives for this side, else the file of the usual name."""
    folder = document.file.rpartition("/")[0]
    if isinstance(given, dict):
        frozen = _from_table(side, given, document)
    elif given is None:
        usual = f"{folder}/{side}.schema.json"
        if not (project.root / usual).is_file():
            return FrozenSchema(schema=None, file=document.file)
        frozen = _from_json(side, usual, project)
    elif given.endswith(".json"):
        frozen = _from_named(side, given, document, project=project)
    else:
        frozen = _from_python(side, given, document, project=project)
    return frozen


def validator_of(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """Compiles a schema; formats are checked, and a reference fetches nothing.

    Raises:
        ValueError: it does not compile.
    """
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, offline=True)


def schema_problems(side: Side, schema: dict[str, Any]) -> list[str]:
    """What is wrong with a schema that stands in no file, in words."""
    try:
        return [message for _, message in _problems(side, schema)]
    except RecursionError:
        return [f"{side}: the schema is nested too deep"]


def _from_table(side: Side, table: dict[str, Any], document: Document[Any]) -> FrozenSchema:
    if "fields" not in table:
        return _checked(side, table, document.file, lambda path: document.line(side, *path))
    schema, found = expand_fields(table)
    faults = [document.fault(message, side, *path) for path, message in found]
    if faults:
        return FrozenSchema(schema=None, file=document.file, faults=faults)

    def line(path: KeyPath) -> int:
        # Only the names of keywords differ; a field named "properties" stands one level deeper.
        written = ["fields" if part == "properties" else part for part in path]
        return max(document.line(side, *path), document.line(side, *written))

    return _checked(side, schema, document.file, line)


def _from_named(
    side: Side, given: str, document: Document[Any], *, project: SourceFolder
) -> FrozenSchema:
    file = _inside(given, document, project)
    if file is None or not (project.root / file).is_file():
        message = f'{side}: there is no file "{given}" in the task\'s folder'
        return _fault(document, side, message)
    return _from_json(side, file, project)


def _from_python(
    side: Side, given: str, document: Document[Any], *, project: SourceFolder
) -> FrozenSchema:
    match = _PYTHON.fullmatch(given)
    if match is None:
        message = (
            f'{side}: "{given}" is neither a file ("{side}.schema.json")'
            ' nor a class ("schemas.py:Comment")'
        )
        return _fault(document, side, message)
    file = _inside(match["file"], document, project)
    if file is None or not (project.root / file).is_file():
        message = f'{side}: there is no file "{match["file"]}" in the task\'s folder'
        return _fault(document, side, message)
    schema, fault = freeze_class(project, file, name=match["name"])
    if schema is None:
        return FrozenSchema(schema=None, file=file, faults=[fault] if fault else [])
    return _checked(side, schema, file, lambda _: 1)


def _from_json(side: Side, file: str, project: SourceFolder) -> FrozenSchema:
    text = project.read(file)
    if text is None:
        return FrozenSchema(schema=None, file=file)  # the folder holds the fault
    try:
        schema = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        fault = Fault(file, line_of_byte(text, error), f"not JSON: {error}")
        return FrozenSchema(schema=None, file=file, faults=[fault])
    if not isinstance(schema, dict):
        fault = Fault(file, 1, "a schema is a JSON object")
        return FrozenSchema(schema=None, file=file, faults=[fault])
    return _checked(side, schema, file, lambda path: _line_in_json(text, path))


def _checked(
    side: Side, schema: dict[str, Any], file: str, line: Callable[[KeyPath], int]
) -> FrozenSchema:
    try:
        faults = [Fault(file, line(path), message) for path, message in _problems(side, schema)]
    except RecursionError:
        faults = [Fault(file, 1, f"{side}: the schema is nested too deep")]
    return FrozenSchema(schema=None if faults else schema, file=file, faults=faults)


def _problems(side: Side, schema: dict[str, Any]) -> list[tuple[KeyPath, str]]:
    problems: list[tuple[KeyPath, str]] = []
    for path, inner in subschemas(schema):
        for key in inner:
            meant = misspelling_of(key, KEYWORDS)
            if meant is not None:
                problems.append(((*path, key), f'unknown key "{key}"; did you mean "{meant}"?'))
    try:
        validator_of(schema)
    except jsonschema_rs.ValidationError as error:
        problems.append(_compile_problem(side, error))
    except ValueError as error:
        problems.append(((), f"{side}: the schema does not compile: {error}"))
    if side == "input":
        problems += _input_problems(schema)
    return problems


def _compile_problem(side: Side, error: jsonschema_rs.ValidationError) -> tuple[KeyPath, str]:
    path: KeyPath = tuple(error.instance_path)
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Referencing):
        return path, (
            f"{side}: a $ref leads nowhere; put what it refers to under $defs in the same schema"
            f" ({error.message.partition(':')[0]})"
        )
    if path and path[-1] == "type" and isinstance(error.instance, str):
        return path, f'"{error.instance}" is not a type{did_you_mean(error.instance, JSON_TYPES)}'
    where = ".".join(str(part) for part in (side, *path))
    return path, f"{where}: {error.message}"


def _input_problems(schema: dict[str, Any]) -> list[tuple[KeyPath, str]]:
    root = resolve_local(schema, schema)
    if root.get("type") != "object" and "properties" not in root:
        remedy = 'declare its fields, as in [input.fields.text] type = "string"'
        return [((), f"an input is an object; {remedy}")]
    problems: list[tuple[KeyPath, str]] = []
    conversations = 0
    for name, declared in input_fields(schema).items():
        role = declared.get("role")
        conversations += role == "conversation"
        if role is not None and role not in FIELD_ROLES:
            near = nearest(str(role), FIELD_ROLES)
            hint = f'did you mean "{near}"?' if near else f"roles are {', '.join(FIELD_ROLES)}"
            problems.append((("properties", name, "role"), f'unknown role "{role}"; {hint}'))
    if conversations > 1:
        problems.append((("properties",), "only one field can take the conversation"))
    return problems


def _fault(document: Document[Any], side: Side, message: str) -> FrozenSchema:
    return FrozenSchema(schema=None, file=document.file, faults=[document.fault(message, side)])


def _inside(given: str, document: Document[Any], project: SourceFolder) -> str | None:
    """The file's name from the project's root; None if it would lie outside of the project."""
    root = project.root.resolve()
    try:
        path = (root / document.file).parent.joinpath(given).resolve()
        return path.relative_to(root).as_posix()
    except (ValueError, OSError):
        return None


def _line_in_json(text: str, path: KeyPath) -> int:
    """The line of the last key of the path, each sought behind the one before."""
    at = 0
    for part in path:
        if isinstance(part, str):
            found = text.find(msgspec.json.encode(part).decode(), at)
            at = found if found >= 0 else at
    return text.count("\n", 0, at) + 1
