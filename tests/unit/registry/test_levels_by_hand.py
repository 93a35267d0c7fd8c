"""Changes of a task, made by hand: the level of each, and the words that say why.

Each row changes one thing of the task below. *traps* are changes whose level is easily mistaken.
"""

# ruff: noqa: E501  a table, one row a line

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import pytest

from roadworthy.registry.levels import State, changes_between, level_of
from roadworthy.registry.version import Level
from roadworthy.tasks import ConstraintDefinition, TaskDefinition, Template
from roadworthy.tasks.cases import Case, Suite
from roadworthy.tasks.definition import (
    BestOf,
    ChainDefinition,
    RuleDefinition,
    StepDefinition,
    Votes,
)
from roadworthy.tasks.digest import definition_digest
from roadworthy.tasks.gate import Gate

INPUT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "comment": {"type": "string", "maxLength": 500, "description": "What was written"},
        "product": {"$ref": "#/$defs/Product"},
        "stars": {"type": "integer", "minimum": 1, "maximum": 5},
        "channel": {"enum": ["mail", "chat"], "default": "mail"},
        "earlier": {"type": "array", "items": {"type": "object"}, "role": "conversation"},
    },
    "required": ["comment", "product"],
    "additionalProperties": False,
    "$defs": {
        "Product": {
            "type": "object",
            "properties": {
                "sku": {"type": "string"},
                "price": {"type": "number"},
                "parts": {"type": "array", "items": {"$ref": "#/$defs/Product"}},
            },
            "required": ["sku"],
        }
    },
}
OUTPUT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "reason": {"type": "string"},
        "sentiment": {"enum": ["positive", "neutral", "negative"]},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "themes": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
        "due": {"type": "string", "format": "date"},
        "note": {"type": "string"},
        "action": {
            "oneOf": [
                {
                    "type": "object",
                    "properties": {"kind": {"const": "refund"}, "amount": {"type": "integer"}},
                    "required": ["kind", "amount"],
                },
                {
                    "type": "object",
                    "properties": {"kind": {"const": "reply"}, "text": {"type": "string"}},
                    "required": ["kind"],
                },
            ]
        },
    },
    "required": ["reason", "sentiment", "confidence", "themes", "action"],
    "additionalProperties": False,
}
FOLDER = "tasks/classify-feedback/"
TASK = TaskDefinition(
    name="classify-feedback",
    description="Feedback of customers",
    model="small",
    parameters={"temperature": 0.2},
    input_schema=INPUT,
    output_schema=OUTPUT,
    templates=(
        Template(
            role="system", source="Be {% include 'voice.md' %}.", file=FOLDER + "prompt/system.md"
        ),
        Template(role="user", source="Good", file=FOLDER + "prompt/examples.jsonl", literal=True),
        Template(
            role="assistant", source="{}", file=FOLDER + "prompt/examples.jsonl", literal=True
        ),
        Template(role="user", source="{{ comment }}", file=FOLDER + "prompt/user.md"),
    ),
    blocks={"voice.md": "kind"},
    constraints=(
        ConstraintDefinition(name="sure", require="output.confidence > 0.1", message="m"),
    ),
    stream="fields",
)
SUITE = Suite(
    cases=(Case(id="good", input={"comment": "Good"}), Case(input={"comment": "Bad"})),
    checks=({"not_contains": "sorry"},),
    gate=Gate(pass_rate=0.9, tags={"edge": 0.8}, p95_ms=900),
)


class Row(NamedTuple):
    """One change: what it does, the level it must have, where and in which words it is told."""

    name: str
    edit: Callable[[dict[str, Any], dict[str, Any]], Any]
    level: Level
    place: str
    what: str


def _set(*path: Any) -> Callable[[dict[str, Any], Any], None]:
    *way, key, value = path

    def edit(schema: dict[str, Any], _: Any) -> None:
        for part in way:
            schema = schema[part]
        schema[key] = value

    return edit


def _drop(*path: Any) -> Callable[[dict[str, Any], Any], None]:
    *way, key = path

    def edit(schema: dict[str, Any], _: Any) -> None:
        for part in way:
            schema = schema[part]
        del schema[key]

    return edit


def _both(*edits: Any) -> Callable[[dict[str, Any], Any], None]:
    def edit(schema: dict[str, Any], extra: Any) -> None:
        for one in edits:
            one(schema, extra)

    return edit


def _rename(old: str, new: str) -> Callable[[dict[str, Any], Any], None]:
    def edit(schema: dict[str, Any], _: Any) -> None:
        for key in ("properties", "required"):
            held = schema[key]
            if isinstance(held, dict):
                renamed = {new if name == old else name: value for name, value in held.items()}
                schema[key] = renamed
            else:
                schema[key] = [new if name == old else name for name in held]

    return edit


def _definition_of_product(schema: dict[str, Any], _: Any) -> None:
    """Moves the definition, its references with it."""
    text = msgspec.json.encode(schema).decode().replace("Product", "Item")
    schema.clear()
    schema.update(msgspec.json.decode(text))


def _inline_product(schema: dict[str, Any], _: Any) -> None:
    schema["properties"]["product"] = copy.deepcopy(schema["$defs"]["Product"])


P = "properties"
INPUT_ROWS = [
    Row("a required input is added", _both(_set(P, "locale", {"type": "string"}), _set("required", ["comment", "product", "locale"])), "major", "input./locale", "required input added (string)"),
    Row("an optional input is added", _set(P, "locale", {"type": "string"}), "minor", "input./locale", "optional input added (string)"),
    Row("trap: an optional input is added where anything was accepted", _set("$defs", "Product", P, "colour", {"type": "string"}), "major", "input./product/colour", "where anything was accepted under this name"),
    Row("an input is removed", _drop(P, "stars"), "major", "input./stars", "field removed, and refused now"),
    Row("trap: an input is removed where anything is accepted", _drop("$defs", "Product", P, "price"), "minor", "input./product/price", "accepted like any other"),
    Row("an input is renamed", _rename("stars", "rating"), "major", "input./stars", 'renamed to "rating"'),
    Row("an optional input becomes required", _set("required", ["comment", "product", "stars"]), "major", "input./stars", "is required now"),
    Row("a required input becomes optional", _set("required", ["comment"]), "minor", "input./product", "became optional"),
    Row("trap: the only required text becomes optional", _set("required", ["product"]), "major", "input", 'a message in plain words no longer becomes "comment"'),
    Row("trap: a second required text", _both(_set(P, "locale", {"type": "string"}), _set("required", ["comment", "locale"])), "major", "input", "a message in plain words"),
    Row("an input's type is narrowed", _set("$defs", "Product", P, "price", {"type": "integer"}), "major", "input./product/price", "type narrowed from number to integer"),
    Row("an input's type is widened", _set(P, "stars", "type", "number"), "minor", "input./stars", "type widened from integer to number"),
    Row("an input's type is changed", _set(P, "stars", {"type": "string"}), "major", "input./stars", "type changed from integer to string"),
    Row("an input may be null", _set(P, "stars", "type", ["integer", "null"]), "minor", "input./stars", "null is allowed now"),
    Row("an input's value is removed", _set(P, "channel", "enum", ["mail"]), "major", "input./channel", 'value removed: "chat"'),
    Row("an input's value is added", _set(P, "channel", "enum", ["mail", "chat", "call"]), "minor", "input./channel", 'value added: "call"'),
    Row("trap: an input's values are sorted", _set(P, "channel", "enum", ["chat", "mail"]), "patch", "input", "written differently"),
    Row("an input's bound is lowered", _set(P, "comment", "maxLength", 100), "major", "input./comment", "maxLength lowered from 500 to 100"),
    Row("an input's bound is raised", _set(P, "comment", "maxLength", 900), "minor", "input./comment", "maxLength raised from 500 to 900"),
    Row("trap: an exclusive bound that means the same", _both(_drop(P, "stars", "minimum"), _set(P, "stars", "exclusiveMinimum", 0)), "patch", "input", "written differently"),
    Row("a pattern is added to an input", _set(P, "comment", "pattern", "^[A-Z]"), "major", "input./comment", "pattern ^[A-Z] added"),
    Row("a format is added to an input", _set("$defs", "Product", P, "sku", "format", "uuid"), "major", "input./product/sku", "format uuid added"),
    Row("trap: a format that nobody checks", _set("$defs", "Product", P, "sku", "format", "sku"), "patch", "input./product/sku", "format added"),
    Row("an open input is closed", _set("$defs", "Product", "additionalProperties", False), "major", "input./product", "other fields are refused now"),
    Row("a closed input is opened", _set("additionalProperties", True), "minor", "input", "other fields are allowed now"),
    Row("an input's description", _set(P, "comment", "description", "The comment"), "patch", "input./comment", "description changed"),
    Row("trap: a field that is called description", _set(P, "description", {"type": "string"}), "minor", "input./description", "optional input added"),
    Row("an input's default", _set(P, "channel", "default", "chat"), "minor", "input./channel", 'default changed from "mail" to "chat"'),
    Row("trap: a definition is renamed", _definition_of_product, "patch", "input", "written differently, with the same meaning"),
    Row("trap: a recursive definition is written out", _inline_product, "patch", "input", "written differently, with the same meaning"),
    Row("a conversation is no longer taken", _drop(P, "earlier", "role"), "major", "input", "earlier messages are refused now"),
    Row("a deep input is narrowed, through a reference", _set("$defs", "Product", P, "sku", "minLength", 3), "major", "input./product/sku", "minLength 3 added"),
    Row("trap: a condition that cannot be compared", _set(P, "comment", "not", {"pattern": "spam"}), "major", "input./comment", "not added"),
    Row("trap: values in place of a type", _set(P, "stars", {"enum": [1, 2, 3, 4, 5]}), "patch", "input", "written differently"),
]  # fmt: skip
OUTPUT_ROWS = [
    Row("an output field is removed", _both(_drop(P, "themes"), _set("required", ["reason", "sentiment", "confidence", "action"])), "major", "output./themes", "output field removed"),
    Row("trap: an optional output field is removed", _drop(P, "note"), "major", "output./note", "output field removed"),
    Row("an output field is renamed", _rename("reason", "why"), "major", "output./reason", 'output field renamed to "why"'),
    Row("an output field is added", _both(_set(P, "language", {"type": "string"}), _set("required", [*OUTPUT["required"], "language"])), "minor", "output./language", "output field added (string)"),
    Row("an output's type is widened", _set(P, "themes", "items", {"type": ["string", "integer"]}), "major", "output./themes/*", "type widened from string to integer or string"),
    Row("an output's type is narrowed", _set(P, "confidence", "type", "integer"), "minor", "output./confidence", "type narrowed from number to integer"),
    Row("an output's value is added", _set(P, "sentiment", "enum", ["positive", "neutral", "negative", "mixed"]), "major", "output./sentiment", 'value added: "mixed"'),
    Row("trap: an output's value is removed", _set(P, "sentiment", "enum", ["positive", "negative"]), "minor", "output./sentiment", 'value removed: "neutral"'),
    Row("an output's bound is loosened", _set(P, "themes", "maxItems", 5), "major", "output./themes", "maxItems raised from 3 to 5"),
    Row("an output's bound is tightened", _set(P, "themes", "maxItems", 2), "minor", "output./themes", "maxItems lowered from 3 to 2"),
    Row("an output's bound is dropped", _drop(P, "confidence", "maximum"), "major", "output./confidence", "maximum 1 removed"),
    Row("an output may be missing", _set("required", ["reason", "sentiment", "confidence", "action"]), "major", "output./themes", "may be missing now"),
    Row("an optional output is always there", _set("required", [*OUTPUT["required"], "note"]), "minor", "output./note", "is always there now"),
    Row("an output may be null", _set(P, "note", {"anyOf": [{"type": "string"}, {"type": "null"}]}), "major", "output./note", "may be null now"),
    Row("a closed output is opened", _drop("additionalProperties"), "major", "output", "other fields are allowed now"),
    Row("an output's format is dropped", _drop(P, "due", "format"), "major", "output./due", "format date removed"),
    Row("an output's format is added", _set(P, "note", "format", "email"), "minor", "output./note", "format email added"),
    Row("trap: an output's description reaches the model", _set(P, "reason", "description", "One sentence"), "minor", "output./reason", "description added"),
    Row("trap: the order of output fields guides the model", _set(P, {"confidence": OUTPUT[P]["confidence"], **{k: v for k, v in OUTPUT[P].items() if k != "confidence"}}), "minor", "output", "fields are written in another order"),
    Row("an alias of an output field", _set(P, "reason", "x-alias", "why"), "minor", "output./reason", "x-alias added"),
    Row("an alternative is added to an output", _set(P, "action", "oneOf", [*OUTPUT[P]["action"]["oneOf"], {"type": "object", "properties": {"kind": {"const": "none"}}, "required": ["kind"]}]), "major", "output./action", 'alternative added: kind = "none"'),
    Row("an alternative is removed from an output", _set(P, "action", "oneOf", OUTPUT[P]["action"]["oneOf"][:1]), "minor", "output./action", 'alternative removed: kind = "reply"'),
    Row("a field within an alternative is removed", _both(_drop(P, "action", "oneOf", 0, P, "amount"), _set(P, "action", "oneOf", 0, "required", ["kind"])), "major", "output./action/amount", "output field removed"),
]  # fmt: skip


def _task(**fields: Any) -> Callable[[Any, Any], State]:
    return lambda *_: (msgspec.structs.replace(TASK, **fields), SUITE)


def _suite(**fields: Any) -> Callable[[Any, Any], State]:
    return lambda *_: (TASK, msgspec.structs.replace(SUITE, **fields))


def _gate(**fields: Any) -> Callable[[Any, Any], State]:
    return _suite(gate=msgspec.structs.replace(SUITE.gate, **fields))


def _templates(at: int, source: str) -> Callable[[Any, Any], State]:
    templates = list(TASK.templates)
    templates[at] = msgspec.structs.replace(templates[at], source=source)
    return _task(templates=tuple(templates))


SURE = TASK.constraints[0]
OTHER_ROWS = [
    Row("the prompt", _templates(0, "Be very {% include 'voice.md' %}."), "minor", "prompt/system.md", "text changed"),
    Row("trap: one blank in the prompt", _templates(3, "{{ comment }} "), "minor", "prompt/user.md", "white space changed"),
    Row("an example", _templates(2, '{"reason":""}'), "minor", "prompt/examples.jsonl", "1 example: 1 of their messages changed"),
    Row("an example more", _task(templates=(*TASK.templates[:3], *TASK.templates[1:])), "minor", "prompt/examples.jsonl", "1 example became 2"),
    Row("one character of a block", _task(blocks={"voice.md": "kind!"}), "minor", "blocks/voice.md", "text changed"),
    Row("another model", _task(model="large"), "minor", "model", "small became large"),
    Row("a parameter", _task(parameters={"temperature": 0.7}), "minor", "parameters.temperature", "0.2 became 0.7"),
    Row("a parameter is added", _task(parameters={"temperature": 0.2, "seed": 1}), "minor", "parameters.seed", "1 added"),
    Row("a constraint is loosened", _task(constraints=(msgspec.structs.replace(SURE, require="true"),)), "minor", "constraints.sure", "require changed"),
    Row("a constraint is removed", _task(constraints=()), "minor", "constraints.sure", "removed"),
    Row("answers become free text", _task(output_schema=None), "major", "output", "are free text now"),
    Row("a stream gives less assurance", _task(stream="raw"), "major", "stream", "fields became raw"),
    Row("trap: a stream gives more assurance", _task(stream="buffered"), "minor", "stream", "fields became buffered"),
    Row("how structure is asked for", _task(mode="prompt"), "minor", "mode", "the model's strongest became prompt"),
    Row("answers are mended less", _task(repair="none"), "minor", "repair", "schema became none"),
    Row("fewer further questions", _task(max_reasks=0), "minor", "max_reasks", "2 became 0"),
    Row("a deadline", _task(timeout_s=5.0), "minor", "timeout_s", "the installation's became 5.0"),
    Row("a Python file that serving runs", _task(sources={"rules.py": "x = 1"}), "minor", "rules.py", "added"),
    Row("the description", _task(description="Feedback"), "patch", "description", "changed"),
    Row("a case is added", _suite(cases=(*SUITE.cases, Case(id="new", input={}))), "patch", "cases.jsonl", "1 case added: new"),
    Row("a case expects something else", _suite(cases=(msgspec.structs.replace(SUITE.cases[0], expect={"sentiment": "positive"}), SUITE.cases[1])), "patch", "cases.jsonl", "1 case changed: good"),
    Row("cases are sorted", _suite(cases=SUITE.cases[::-1]), "patch", "cases.jsonl", "cases stand in another order"),
    Row("a check is dropped", _suite(checks=()), "patch", "test.checks", "1 before, 0 now"),
    Row("a Python file of checks", _suite(sources={"checks.py": "x"}), "patch", "checks.py", "file of checks added"),
    Row("cases are asked more often", _suite(n=5), "patch", "test.n", "1 became 5"),
    Row("a threshold is raised", _gate(pass_rate=0.95), "patch", "gate.pass_rate", "raised from 0.9 to 0.95"),
    Row("trap: a threshold is lowered", _gate(tags={"edge": 0.5}), "patch", "gate.tags.edge", "lowered from 0.8 to 0.5"),
    Row("a threshold is dropped", _gate(p95_ms=None), "patch", "gate.p95_ms", "900 removed"),
]  # fmt: skip


def _after(row: Row) -> State:
    if row in INPUT_ROWS:
        schema = copy.deepcopy(INPUT)
        row.edit(schema, {})
        return msgspec.structs.replace(TASK, input_schema=schema), SUITE
    if row in OUTPUT_ROWS:
        schema = copy.deepcopy(OUTPUT)
        row.edit(schema, {})
        return msgspec.structs.replace(TASK, output_schema=schema), SUITE
    after: State = row.edit({}, {})
    return after


ROWS = [*INPUT_ROWS, *OUTPUT_ROWS, *OTHER_ROWS]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_change_has_its_level_and_says_why(row: Row) -> None:
    changes = changes_between((TASK, SUITE), _after(row))
    assert level_of(changes) == row.level, changes
    told = [change for change in changes if change.place == row.place and row.what in change.what]
    assert [change.level for change in told] == [row.level], changes
    assert all(change.breaking == (change.level == "major") for change in changes)


def test_the_table_holds_every_level_and_enough_of_each() -> None:
    levels = [row.level for row in ROWS]
    assert len(ROWS) >= 40
    assert all(levels.count(level) >= 10 for level in ("patch", "minor", "major"))


def test_the_same_state_has_no_changes_and_no_level() -> None:
    assert changes_between((TASK, SUITE), (copy.deepcopy(TASK), copy.deepcopy(SUITE))) == ()
    assert level_of(()) is None


def test_a_version_has_the_highest_level_among_its_changes() -> None:
    definition = msgspec.structs.replace(TASK, model="large", description="x", output_schema=None)
    changes = changes_between((TASK, SUITE), (definition, SUITE))
    assert [change.level for change in changes] == ["major", "minor", "patch"]
    assert level_of(changes) == "major"


def test_examples_that_are_asked_as_the_prompt_asks_now_are_no_change_of_their_own() -> None:
    templates = list(TASK.templates)
    templates[1] = msgspec.structs.replace(templates[1], source="Comment: Good")
    templates[3] = msgspec.structs.replace(templates[3], source="Comment: {{ comment }}")
    after = msgspec.structs.replace(TASK, templates=tuple(templates))
    places = [change.place for change in changes_between((TASK, SUITE), (after, SUITE))]
    assert places == ["prompt/user.md"]


def test_files_that_moved_are_no_change() -> None:
    templates = tuple(
        msgspec.structs.replace(t, file=t.file.replace("classify-feedback", "classify"))
        for t in TASK.templates
    )
    after = msgspec.structs.replace(TASK, name="classify", templates=templates)
    assert changes_between((TASK, SUITE), (after, SUITE)) == ()


OF_NO_STATE = {"name", "version", "digest"}
"""What a task is called, and what is computed from the rest."""


def _another(value: Any) -> Any:
    """Some other value of the same kind."""
    if isinstance(value, dict):
        return {**value, "another": "x"}
    if isinstance(value, tuple):
        return (*value, *value[:1])
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.replace(value, pass_rate=0.123)
    known = {"fields": "raw", "schema": "none", None: "json", 2: 3, 1: 2}
    return known.get(value, "another")


OTHERS: dict[str, Any] = {
    "timeout_s": 3.5,
    "rules": (RuleDefinition(name="empty", effect="deny", deny="Say something."),),
    "chain": ChainDefinition(steps=(StepDefinition(name="a", task="b"),), output={}, tasks={}),
    "votes": Votes(n=3),
    "best_of": BestOf(n=3, judge="judge"),
    "judges": {"judge": TASK},
    "choose": ("sentiment",),
    "max_cost_usd": 0.5,
}


@pytest.mark.parametrize("name", sorted(set(TaskDefinition.__struct_fields__) - OF_NO_STATE))
def test_nothing_of_a_definition_changes_unnoticed(name: str) -> None:
    other = OTHERS[name] if name in OTHERS else _another(getattr(TASK, name))
    after = msgspec.structs.replace(TASK, **{name: other})
    level = level_of(changes_between((TASK, SUITE), (after, SUITE)))
    of_answers = definition_digest(after) != definition_digest(TASK)
    assert level in (("minor", "major") if of_answers and name != "input_schema" else ("patch",))


@pytest.mark.parametrize("name", Suite.__struct_fields__)
def test_nothing_of_a_suite_changes_unnoticed(name: str) -> None:
    after = msgspec.structs.replace(SUITE, **{name: _another(getattr(SUITE, name))})
    assert level_of(changes_between((TASK, SUITE), (TASK, after))) == "patch"
