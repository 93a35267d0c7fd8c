from __future__ import annotations

from typing import Any

import msgspec

from roadworthy.registry.differences import Difference, difference
from roadworthy.registry.version import Version, VersionRow
from roadworthy.tasks import ConstraintDefinition, TaskDefinition, Template
from roadworthy.tasks.cases import Case, Suite
from roadworthy.tasks.gate import Gate

CLOSED = {"type": "object", "additionalProperties": False}
OUTPUT = {**CLOSED, "properties": {"label": {"enum": ["a", "b"]}}, "required": ["label"]}
TASK = TaskDefinition(
    name="t",
    description="Feedback",
    model="small",
    parameters={"temperature": 0.2},
    input_schema={**CLOSED, "properties": {"comment": {"type": "string"}}, "required": ["comment"]},
    output_schema=OUTPUT,
    templates=(
        Template(role="system", source="Be kind.\nAnswer.", file="tasks/t/prompt/system.md"),
        Template(role="user", source="Hi", file="tasks/t/prompt/examples.jsonl", literal=True),
        Template(role="user", source="{{ comment }}", file="tasks/t/prompt/user.md"),
    ),
    blocks={"voice.md": "brief"},
    constraints=(ConstraintDefinition(name="sure", require="true", message="m"),),
)
SUITE = Suite(
    cases=(Case(id="one", input={"comment": "x"}), Case(input={"comment": "y"}, tags=["edge"])),
    gate=Gate(pass_rate=0.9),
)


def version(number: str, suite: Suite = SUITE, **fields: Any) -> Version:
    row = VersionRow(
        task="t",
        version=number,
        digest="d",
        definition_digest="e",
        level="minor",
        message="",
        author="ada",
        commit=None,
        published_us=0,
    )
    return Version(row=row, definition=msgspec.structs.replace(TASK, **fields), suite=suite)


def to_new(suite: Suite = SUITE, **fields: Any) -> Difference:
    return difference(version("1.0.0"), version("working", suite, **fields))


def test_a_version_beside_itself_differs_in_nothing() -> None:
    found = to_new()
    assert found == Difference(task="t", old="1.0.0", new="working", level=None)
    assert not found.is_breaking


def test_schemas_are_told_by_field_with_what_breaks_marked() -> None:
    schema = {**OUTPUT, "properties": {"label": {"enum": ["a", "b", "c"]}}}
    found = to_new(output_schema=schema, model="large")
    assert [(c.place, c.what, c.breaking) for c in found.output] == [
        ("output./label", 'value added: "c"', True)
    ]
    assert found.input == ()
    assert (found.level, found.is_breaking) == ("major", True)
    assert len(found.changes) == 2


def test_templates_and_blocks_are_compared_by_word() -> None:
    templates = (msgspec.structs.replace(TASK.templates[0], source="Be very kind.\nAnswer."),)
    found = to_new(templates=templates + TASK.templates[1:], blocks={"tone.md": "\ndry"})
    assert [(text.place, text.verb) for text in found.texts] == [
        ("prompt/system.md", "changed"),
        ("blocks/tone.md", "added"),
        ("blocks/voice.md", "removed"),
    ]
    assert [(s.kind, s.text) for s in found.texts[0].rows[0].spans] == [
        ("same", "Be "),
        ("added", "very "),
        ("same", "kind."),
    ]
    assert [[row.kind for row in text.rows] for text in found.texts[1:]] == [
        ["added", "added"],
        ["removed"],
    ]


def test_examples_are_compared_as_the_model_sees_them() -> None:
    templates = list(TASK.templates)
    templates[1] = msgspec.structs.replace(templates[1], source="Hello")
    (text,) = to_new(templates=tuple(templates)).texts
    assert text.place == "prompt/examples.jsonl"
    assert ["".join(s.text for s in row.spans) for row in text.rows] == ["[user]", "Hi", "Hello"]


def test_settings_are_told_before_and_after() -> None:
    constraint = ConstraintDefinition(name="sure", require="false", message="m")
    found = to_new(
        model="large", parameters={"temperature": 0.7, "seed": 1}, constraints=(constraint,)
    )
    assert [(v.place, v.verb, v.old, v.new) for v in found.settings] == [
        ("model", "changed", "small", "large"),
        ("parameters.temperature", "changed", 0.2, 0.7),
        (
            "constraints.sure",
            "changed",
            {"require": "true", "message": "m"},
            {"require": "false", "message": "m"},
        ),
        ("parameters.seed", "added", None, 1),
    ]


def test_cases_are_told_by_id_or_by_what_they_ask() -> None:
    changed = msgspec.structs.replace(SUITE.cases[1], expect={"label": "a"}, tags=["edge", "new"])
    suite = Suite(cases=(Case(input={"comment": "z"}), changed), gate=SUITE.gate)
    found = to_new(suite)
    assert [(c.name, c.verb, c.fields) for c in found.cases] == [
        ('{"comment":"z"}', "added", ()),
        ('{"comment":"y"}', "changed", ("expect", "tags")),
        ("one", "removed", ()),
    ]
    assert found.level == "patch"


def test_thresholds_and_the_description_are_told_before_and_after() -> None:
    suite = Suite(cases=SUITE.cases, gate=Gate(pass_rate=0.8, tags={"edge": 1.0}), n=3)
    found = to_new(suite, description="")
    assert [(v.place, v.verb, v.old, v.new) for v in found.tests] == [
        ("description", "removed", "Feedback", None),
        ("test.n", "changed", 1, 3),
        ("gate.pass_rate", "changed", 0.9, 0.8),
        ("gate.tags.edge", "added", None, 1.0),
    ]


def test_a_difference_survives_json() -> None:
    found = to_new(Suite(), model="large", blocks={}, output_schema=None)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Difference) == found
