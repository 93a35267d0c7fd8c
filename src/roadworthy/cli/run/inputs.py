"""The inputs of `roadworthy run`: from the command line, from JSONL, from CSV. Pure but for
the reading of files."""

from __future__ import annotations

import csv
import difflib
from pathlib import Path
from typing import Any

import msgspec

from roadworthy.core.errors import InvalidInput

__all__ = ["from_arguments", "read_csv", "read_jsonl"]


def from_arguments(pairs: list[str], schema: dict[str, Any]) -> dict[str, Any]:
    """``name=value`` pairs as the task's input; values of other types than string are JSON.

    Raises:
        InvalidInput: not a pair, not a field of the task, or not JSON where that is needed.
    """
    fields = schema.get("properties", {})
    given: dict[str, Any] = {}
    for pair in pairs:
        name, separator, text = pair.partition("=")
        if not separator:
            raise InvalidInput(f"--input takes name=value; got {pair[:80]!r}")
        given[name] = _field_value(name, text, fields)
    return given


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """One input a line; blank lines are left out.

    Raises:
        InvalidInput: names the line that is not a JSON object.
    """
    inputs = []
    for number, line in enumerate(_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            inputs.append(msgspec.json.decode(line, type=dict[str, Any]))
        except msgspec.MsgspecError as error:
            raise InvalidInput(f"{path}:{number}: not a JSON object: {error}") from error
    return inputs


def read_csv(path: Path, schema: dict[str, Any]) -> list[dict[str, Any]]:
    """One input a row; the columns named like the task's input fields are taken.

    Raises:
        InvalidInput: a required field has no column.
    """
    fields = schema.get("properties", {})
    reader = csv.DictReader(_text(path).splitlines(keepends=True))
    columns = [name for name in reader.fieldnames or () if name in fields]
    missing = [name for name in schema.get("required", ()) if name not in columns]
    if missing:
        has = ", ".join(reader.fieldnames or ()) or "none"
        raise InvalidInput(
            f"{path}: no column for {', '.join(missing)}; its columns are: {has}."
            " Rename a column to the input field's name"
        )
    return [
        {name: _field_value(name, row[name] or "", fields) for name in columns} for row in reader
    ]


def _field_value(name: str, text: str, fields: dict[str, Any]) -> Any:
    if name not in fields:
        near = difflib.get_close_matches(name, fields, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"it takes {', '.join(fields)}"
        raise InvalidInput(f"the task has no input field {name[:80]!r}; {hint}", param=name)
    types = fields[name].get("type", "string") if isinstance(fields[name], dict) else "string"
    if types == "string" or (isinstance(types, list) and "string" in types):
        return text
    try:
        return msgspec.json.decode(text)
    except msgspec.MsgspecError as error:
        raise InvalidInput(
            f"input field {name!r} is of type {types}; write its value as JSON ({error})",
            param=name,
        ) from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path} is not UTF-8 (byte {error.start}); convert it") from error
