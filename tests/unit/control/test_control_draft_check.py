"""What a draft from elsewhere must satisfy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from roadworthy.control.registry_api.draft_check import checked_draft
from roadworthy.core.errors import InvalidRequest
from roadworthy.registry import Draft
from roadworthy.tasks import (
    Case,
    ConstraintDefinition,
    Suite,
    TaskDefinition,
    Template,
    definition_digest,
    load_project,
)

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
CLOSED = {"type": "object", "additionalProperties": False}
INPUT = {**CLOSED, "properties": {"comment": {"type": "string"}}, "required": ["comment"]}
OUTPUT = {**CLOSED, "properties": {"label": {"enum": ["a", "b"]}}, "required": ["label"]}
USER = Template(role="user", source="{{ comment }}", file="user.md")


def draft(suite: dict[str, Any] | None = None, **fields: Any) -> Draft:
    given: dict[str, Any] = {
        "name": "t",
        "model": "m",
        "input_schema": INPUT,
        "output_schema": OUTPUT,
        "templates": (USER,),
    }
    return Draft(definition=TaskDefinition(**(given | fields)), suite=Suite(**(suite or {})))


def faults(given: Draft) -> str:
    with pytest.raises(InvalidRequest) as caught:
        checked_draft(given, task="t")
    return caught.value.message


def test_digests_are_made_here() -> None:
    checked = checked_draft(draft(version="7.0.0", digest="f" * 64), task="t").definition
    assert checked.version == "working"
    assert checked.digest == definition_digest(draft().definition)


@pytest.mark.parametrize("folder", sorted(path.name for path in EXAMPLES.iterdir()))
def test_whatever_the_loader_of_files_takes_is_taken(folder: str) -> None:
    project = load_project(EXAMPLES / folder)
    assert project.tasks
    for name, definition in project.tasks.items():
        given = Draft(definition=definition, suite=project.suites[name])
        assert checked_draft(given, task=name) == given


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"model": ""}, "names no model"),
        ({"max_reasks": 11}, "max_reasks is not between"),
        ({"timeout_s": 0.0}, "timeout_s is not between"),
        ({"parameters": {"temperature": 9}}, "temperature"),
        ({"parameters": {"messages": []}}, "messages"),
        ({"input_schema": {"type": "strin"}}, "input"),
        ({"input_schema": {"type": "string"}}, "an input is an object"),
        ({"output_schema": {"$ref": "https://evil.test/a"}}, "leads nowhere"),
        ({"output_schema": {"$ref": "file:///etc/passwd"}}, "leads nowhere"),
        ({"templates": ()}, "no message to send"),
        ({"templates": (msgspec.structs.replace(USER, source="{{ comment"),)}, "user.md"),
        ({"templates": (msgspec.structs.replace(USER, source="{{ other }}"),)}, "unknown variable"),
        (
            {"templates": (msgspec.structs.replace(USER, source='{% include "x.md" %}'),)},
            'no block "x.md"',
        ),
        ({"sources": {"../../etc/passwd.py": ""}}, "no Python file within the project"),
        ({"sources": {"schemas.py\n": ""}}, "no Python file within the project"),
        ({"blocks": {"x.md": "text"}}, "no template includes the block 'x.md'"),
        (
            {"constraints": (ConstraintDefinition(name="c", require="output.nope", message="m"),)},
            "constraint",
        ),
    ],
)
def test_a_definition_that_could_not_be_loaded_is_refused(
    fields: dict[str, Any], told: str
) -> None:
    assert told in faults(draft(**fields))


@pytest.mark.parametrize(
    ("suite", "told"),
    [
        ({"n": 0}, "n is not between 1 and 1,000"),
        ({"cases": (Case(input={"comment": 1}),)}, "case 1: the input does not satisfy"),
        ({"cases": (Case(),)}, "case 1"),
        (
            {"cases": (Case(input={"comment": "a"}, id="x"), Case(input={"comment": "b"}, id="x"))},
            "case 2: another case has its id",
        ),
        ({"checks": ({"contain": "a"},)}, 'did you mean "contains"?'),
        (
            {"cases": (Case(input={"comment": "a"}, checks=[{"contains": "x", "at": "/nope"}]),)},
            "case 1: ",
        ),
        ({"cases": (Case(input={"comment": "a"}, expect={"nope": 1}),)}, "case 1: expect: "),
        ({"checks": ({"python": "checks.py:polite"},)}, 'no file "checks.py"'),
        ({"sources": {"../checks.py": ""}}, "no Python file within the project"),
        ({"sources": {"/etc/checks.py": ""}}, "no Python file within the project"),
        ({"sources": {"a\\..\\b.py": ""}}, "no Python file within the project"),
        ({"sources": {"passwd": ""}}, "no Python file within the project"),
    ],
)
def test_a_suite_that_could_not_be_loaded_is_refused(suite: dict[str, Any], told: str) -> None:
    assert told in faults(draft(suite))


def test_a_draft_of_another_task_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="is a draft of 't'"):
        checked_draft(draft(), task="u")


@pytest.mark.parametrize("name", ["../t", ".t", "a/b", "a b", ""])
def test_a_name_that_no_task_can_have_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest):
        checked_draft(draft(name=name), task=name)


def test_a_schema_that_is_nested_too_deep_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5_000):
        deep = {"not": deep}
    assert "nested too deep" in faults(draft(output_schema=deep))


def test_many_faults_are_told_in_part() -> None:
    cases = tuple(Case(input={"comment": n}) for n in range(50))
    assert "and 30 more" in faults(draft({"cases": cases}))
