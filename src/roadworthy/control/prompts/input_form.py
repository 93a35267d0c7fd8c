"""An input as a form: one control a field where the schema is simple, JSON where it is not. Pure.

What somebody typed is kept as it was typed, whether it can be read or not, and also where
another version's schema no longer knows the field.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, TypeAlias

import msgspec

from roadworthy.control.drawing.formats import short
from roadworthy.tasks.fields import input_fields, required_names
from roadworthy.tasks.schema_fields import field_table

__all__ = ["PREFIX", "FieldInput", "InputForm", "form_of_input", "form_of_texts", "read_input"]

PREFIX: Final = "f."
"""Before the name of a field, in the name of its control."""
JSON_FIELD: Final = "input"
MAX_FIELDS: Final = 40
MAX_CHOICES: Final = 60
LONG_CHARS: Final = 60

Kind: TypeAlias = Literal["text", "number", "integer", "boolean", "choice", "json"]


class FieldInput(msgspec.Struct, frozen=True, kw_only=True):
    """One control."""

    name: str
    """The field's."""
    control: str
    """The control's name and id."""
    kind: Kind
    value: str
    """As it stands in the control."""
    choices: tuple[str, ...] = ()
    required: bool = False
    type: str = ""
    rules: str = ""
    description: str = ""
    declared: bool = True
    """Whether the schema knows the field."""
    problem: str = ""

    @property
    def rows(self) -> int:
        """Lines of a text's control: as many as it needs, within reason."""
        lines = self.value.count("\n") + len(self.value) // 90 + 1
        return min(max(lines + 1, 2), 16)


class InputForm(msgspec.Struct, frozen=True, kw_only=True):
    """The whole input."""

    fields: tuple[FieldInput, ...]
    """Empty: it is edited as JSON."""
    text: str
    """As JSON, in the one control that takes it."""
    possible: bool
    """Whether it can be edited by field."""
    problem: str = ""
    """Of the JSON as a whole."""

    @property
    def by_field(self) -> bool:
        return bool(self.fields)

    @property
    def problems(self) -> bool:
        return bool(self.problem) or any(field.problem for field in self.fields)


def form_of_input(
    schema: dict[str, Any], value: dict[str, Any] | None, *, as_json: bool = False
) -> InputForm:
    """The form that holds this input; None: an empty one."""
    possible = _has_simple_fields(schema)
    value = value or {}
    if as_json or not possible:
        text = _pretty(value) if value else _pretty(dict.fromkeys(required_names(schema), ""))
        return InputForm(fields=(), text=text, possible=possible)
    texts = {
        name: _shown(given, _kind(input_fields(schema).get(name))) for name, given in value.items()
    }
    return _by_field(schema, texts, {})


def form_of_texts(
    schema: dict[str, Any], texts: Mapping[str, str], problems: Mapping[str, str]
) -> InputForm:
    """The form as it was sent, with what is wrong beside each control."""
    if JSON_FIELD in texts:
        return InputForm(
            fields=(),
            text=texts[JSON_FIELD],
            possible=_has_simple_fields(schema),
            problem=problems.get(JSON_FIELD, ""),
        )
    given = {
        name.removeprefix(PREFIX): text for name, text in texts.items() if name.startswith(PREFIX)
    }
    return _by_field(schema, given, problems)


def read_input(
    schema: dict[str, Any], texts: Mapping[str, str]
) -> tuple[dict[str, Any] | None, dict[str, str]]:
    """The input that a sent form stands for, and what is wrong by field; with a fault there is
    no input. Whether it satisfies the schema is not looked at."""
    if JSON_FIELD in texts:
        return _read_json(texts[JSON_FIELD])
    fields, required = input_fields(schema), required_names(schema)
    value: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for control, text in texts.items():
        if not control.startswith(PREFIX):
            continue
        name = control.removeprefix(PREFIX)
        text = text.replace("\r\n", "\n")
        kind = _kind(fields.get(name))
        if not text.strip() and not (kind == "text" and name in required):
            continue  # left out; a required one is reported by the schema
        try:
            value[name] = _read(text, kind)
        except ValueError as error:
            problems[name] = str(error)
    return (None, problems) if problems else (value, {})


def _by_field(
    schema: dict[str, Any], texts: Mapping[str, str], problems: Mapping[str, str]
) -> InputForm:
    fields = tuple(_fields(schema, texts, problems))
    return InputForm(fields=fields, text="", possible=True)


def _fields(
    schema: dict[str, Any], texts: Mapping[str, str], problems: Mapping[str, str]
) -> Iterator[FieldInput]:
    declared, required = input_fields(schema), required_names(schema)
    told = {row.name: row for row in field_table(schema).rows if row.depth == 0}
    for name, field in declared.items():
        row = told.get(name)
        kind = _kind(field)
        yield FieldInput(
            name=name,
            control=PREFIX + name,
            kind=kind,
            value=texts.get(name, _default(field, kind)),
            choices=_choices(field, kind),
            required=name in required,
            type=row.type if row else "",
            rules="; ".join(row.rules) if row else "",
            description=row.description if row else "",
            problem=problems.get(name, ""),
        )
    for name, text in texts.items():
        if name not in declared and text.strip():
            yield FieldInput(
                name=name,
                control=PREFIX + name,
                kind="json",
                value=text,
                declared=False,
                problem=problems.get(name, ""),
            )


def _has_simple_fields(schema: dict[str, Any]) -> bool:
    fields = input_fields(schema)
    return 0 < len(fields) <= MAX_FIELDS


def _kind(field: dict[str, Any] | None) -> Kind:
    if field is None:
        return "json"
    choices = field.get("enum")
    if isinstance(choices, list):
        plain = all(isinstance(choice, str) for choice in choices)
        return "choice" if plain and len(choices) <= MAX_CHOICES else "json"
    kind = field.get("type")
    if isinstance(kind, list):
        kind = next((name for name in kind if name != "null"), None)
    if kind == "string":
        return "text"
    return kind if kind in ("number", "integer", "boolean") else "json"


def _choices(field: dict[str, Any], kind: Kind) -> tuple[str, ...]:
    if kind == "boolean":
        return ("true", "false")
    return tuple(field["enum"]) if kind == "choice" else ()


def _default(field: dict[str, Any], kind: Kind) -> str:
    return _shown(field["default"], kind) if "default" in field else ""


def _shown(value: Any, kind: Kind) -> str:
    """The value as its control holds it."""
    if isinstance(value, str) and kind in ("text", "choice"):
        return value.encode("utf-8", "replace").decode()  # no page can hold a lone surrogate
    return "" if value is None and kind != "json" else _pretty(value)


def _pretty(value: Any) -> str:
    try:
        text = json.dumps(value, indent=2, ensure_ascii=False)
        # A page cannot hold a lone surrogate; JSON can, escaped.
        return text if _encodes(text) else json.dumps(value, indent=2)
    except (RecursionError, ValueError):
        return ""


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _read(text: str, kind: Kind) -> Any:
    """
    Raises:
        ValueError: the text is not of this kind; says so in words.
    """
    if kind in ("text", "choice"):
        return text
    value, problems = _loads(text)
    if problems:
        raise ValueError(
            "this is not JSON: " + problems
            if kind == "json"
            else f"this is no {kind}: {short(text.strip(), 40)}"
        )
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    if (kind in ("number", "integer") and not numeric) or (
        kind == "boolean" and not isinstance(value, bool)
    ):
        raise ValueError(f"this is no {kind}: {short(text.strip(), 40)}")
    return value


def _read_json(text: str) -> tuple[dict[str, Any] | None, dict[str, str]]:
    value, problem = _loads(text)
    if problem:
        return None, {JSON_FIELD: f"This is not JSON: {problem}"}
    if not isinstance(value, dict):
        return None, {JSON_FIELD: "An input is a JSON object, in { }."}
    return value, {}


def _loads(text: str) -> tuple[Any, str]:
    try:
        return json.loads(text, parse_constant=_no_constant), ""
    except json.JSONDecodeError as error:
        return None, f"{error.msg.lower()} in line {error.lineno}, column {error.colno}"
    except RecursionError:
        return None, "it is nested too deep"
    except ValueError as error:
        return None, str(error)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")
