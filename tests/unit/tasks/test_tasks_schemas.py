from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from roadworthy.tasks import Project, TaskDefinition

Load = Callable[[Mapping[str, str]], Project]
Faults = Callable[[Mapping[str, str]], tuple[str, ...]]


def files(toml: str, **more: str) -> dict[str, str]:
    named = {f"tasks/t/{name}": text for name, text in more.items()}
    return {"tasks/t/task.toml": toml, "tasks/t/prompt/user.md": "x", **named}


def task(load: Load, toml: str, more: Mapping[str, str] | None = None) -> TaskDefinition:
    return load(files(toml, **(more or {}))).tasks["t"]


def only_fault(faults: Faults, toml: str, more: Mapping[str, str] | None = None) -> str:
    found = faults(files(toml, **(more or {})))
    assert len(found) == 1, found
    return found[0].removeprefix("tasks/t/")


def test_fields_are_a_closed_object_whose_fields_are_required(load: Load) -> None:
    toml = """\
        [output]
        description = "A verdict"
        [output.fields]
        reason = "string"
        themes = { type = "array", items = "string", maxItems = 3 }
        note = { type = "string", optional = true }
        [output.fields.place.fields]
        city = "string"
        [output.fields.lines]
        type = "array"
        items = { fields = { amount = "number" } }
        """
    place = {"city": {"type": "string"}}
    line = {"amount": {"type": "number"}}
    assert task(load, toml).output_schema == {
        "type": "object",
        "description": "A verdict",
        "properties": {
            "reason": {"type": "string"},
            "themes": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
            "note": {"type": "string"},
            "place": closed(place),
            "lines": {"type": "array", "items": closed(line)},
        },
        "required": ["reason", "themes", "place", "lines"],
        "additionalProperties": False,
    }


def closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def test_a_role_says_what_a_field_is(load: Load) -> None:
    toml = """\
        [input.fields]
        question = "string"
        passages = { role = "context" }
        past = { role = "conversation", optional = true }
        photo = { role = "image", description = "A URL" }
        """
    properties = task(load, toml).input_schema["properties"]
    assert properties["passages"]["items"]["required"] == ["text"]
    assert properties["past"]["items"]["properties"]["role"]["enum"] == ["user", "assistant"]
    assert properties["photo"] == {"type": "string", "role": "image", "description": "A URL"}


def test_a_json_schema_stands_in_the_file_or_beside_it(load: Load) -> None:
    in_file = task(load, '[output]\ntype = "object"\nrequired = ["a"]\n[output.properties.a]\n')
    assert in_file.output_schema == {"type": "object", "required": ["a"], "properties": {"a": {}}}
    usual = task(load, "", {"output.schema.json": '{"type": "array"}'})
    assert usual.output_schema == {"type": "array"}
    named = task(load, 'output = "other.json"', {"other.json": '{"type": "null"}'})
    assert named.output_schema == {"type": "null"}


CLASSES = """\
from __future__ import annotations
from dataclasses import dataclass
from typing import Annotated, Literal, TypedDict
import msgspec, pydantic
from neighbour import Tone

class Struct(msgspec.Struct):
    tone: Tone
    parts: list[Part] = []

class Part(msgspec.Struct):
    score: Annotated[float, msgspec.Meta(ge=0, le=1)]

class Model(pydantic.BaseModel):
    tone: Tone
    score: float = pydantic.Field(ge=0, le=1)

    class Inner(pydantic.BaseModel):
        tone: Tone

@dataclass
class Data:
    tone: Tone

class Typed(TypedDict):
    tone: Tone

class Odd:
    tone: Tone

value = 3
"""
NEIGHBOUR = 'from typing import Literal\nTone = Literal["warm", "cold"]\n'
PYTHON = {"schemas.py": CLASSES, "neighbour.py": NEIGHBOUR}


@pytest.mark.parametrize("name", ["Struct", "Model", "Model.Inner", "Data", "Typed"])
def test_a_class_is_frozen_to_json_schema(load: Load, name: str) -> None:
    schema = task(load, f'output = "schemas.py:{name}"', PYTHON).output_schema
    assert schema is not None
    assert schema["type"] == "object"
    assert set(schema["properties"]["tone"]["enum"]) == {"warm", "cold"}


def test_a_class_is_read_anew_after_each_edit(load: Load) -> None:
    toml = 'output = "schemas.py:Data"'
    first = task(load, toml, PYTHON)
    again = task(load, toml, {**PYTHON, "neighbour.py": NEIGHBOUR.replace("warm", "mild")})
    assert first.output_schema is not None
    assert again.output_schema is not None
    assert again.output_schema["properties"]["tone"]["enum"] == ["mild", "cold"]
    assert first.digest != again.digest


@pytest.mark.parametrize(
    ("toml", "more", "fault"),
    [
        ("[output.fields]\na = 'strng'", {}, 'task.toml:2: "strng" is not a type; did you mean'),
        ("[output.fields]\na = {optional = true}", {}, 'task.toml:2: a: missing key "type"'),
        ("[output.fields]\na = 3", {}, "task.toml:2: a: expected a type in quotes or a table"),
        ("[output.fields]\na = {type = 'string', maxlenght = 3}", {},
         'task.toml:2: unknown key "maxlenght"; did you mean "maxLength"?'),
        ("[output.fields]\na = {type = 'string', minLength = 'x'}", {}, "task.toml:2: output.prop"),
        ("[output.fields.a]\ntype = 'string'\n\npattern = '('", {}, "task.toml:4: output.prop"),
        ("[output]\nfields = 3", {}, "task.toml:2: fields: expected a table of fields"),
        ("[output]\nfeilds = {}\nfields = {}", {}, 'task.toml:2: unknown key "feilds"; did'),
        ("[output]\ntype = 'object'\nrequried = ['a']", {},
         'task.toml:3: unknown key "requried"; did you mean "required"?'),
        ("output = 3", {}, "task.toml:1: output: expected "),
        ("output = 'Comment'", {}, 'task.toml:1: output: "Comment" is neither a file'),
        ("output = 'no.json'", {}, 'task.toml:1: output: there is no file "no.json"'),
        ("output = '../../../x.json'", {}, "task.toml:1: output: there is no file"),
        ("", {"output.schema.json": '{\n"type": }'}, "output.schema.json:2: not JSON"),
        ("", {"output.schema.json": "[]"}, "output.schema.json:1: a schema is a JSON object"),
        ("", {"output.schema.json": '{"properties":\n{"a": {"type": "int"}}}'},
         'output.schema.json:2: "int" is not a type; did you mean "integer"?'),
        ("", {"output.schema.json": '{"$ref": "file:///etc/passwd"}'},
         "output.schema.json:1: output: a $ref leads nowhere"),
        ("", {"output.schema.json": '{"$ref": "#/$defs/none"}'},
         "output.schema.json:1: output: a $ref leads nowhere"),
        ("", {"input.schema.json": '{"type": "string"}'}, "input.schema.json:1: an input is"),
        ("[input.fields]\na = {type = 'string', role = 'contxt'}", {},
         'task.toml:2: unknown role "contxt"; did you mean "context"?'),
        ("[input.fields]\na = {role = 'conversation'}\nb = {role = 'conversation'}", {},
         "task.toml:1: only one field can take the conversation"),
        ("output = 'schemas.py:Mdel'", PYTHON, 'schemas.py:1: no class "Mdel"; did you mean'),
        ("output = 'schemas.py:value'", PYTHON, 'schemas.py:1: "value" is not a class; name a pyd'),
        ("output = 'schemas.py:Odd'", PYTHON, 'schemas.py:1: "Odd" cannot become a JSON Schema'),
        ("output = 'schemas.py:A'", {}, 'task.toml:1: output: there is no file "schemas.py"'),
        ("output = 's.py:A'", {"s.py": "\nclass A(:"}, "s.py:2: raised SyntaxError"),
        ("output = 's.py:A'", {"s.py": "\nimport nowhere_at_all"}, 's.py:2: imports "nowhere'),
        ("output = 's.py:A'", {"s.py": "\n\n1 / 0"}, "s.py:3: raised ZeroDivisionError"),
        ("output = 's.py:A'", {"s.py": "exit()"}, "s.py:1: raised SystemExit"),
    ],
)  # fmt: skip
def test_a_schema_at_fault_names_its_place(
    faults: Faults, toml: str, more: dict[str, str], fault: str
) -> None:
    assert only_fault(faults, toml, more).startswith(fault)
