from __future__ import annotations

from typing import Any

import msgspec
import pytest

from roadworthy.tasks import ConstraintDefinition, TaskDefinition, Template, definition_digest

OBJECT = {"type": "object"}
TASK = TaskDefinition(
    name="t",
    model="local",
    parameters={"temperature": 0.7, "max_tokens": 5},
    output_schema={**OBJECT, "properties": {"reason": {}, "verdict": {}}},
    templates=(Template(role="user", source="x", file="a.md"),),
    blocks={"a.md": "x", "b.md": "y"},
)


def changed(**fields: Any) -> bool:
    return definition_digest(msgspec.structs.replace(TASK, **fields)) != definition_digest(TASK)


@pytest.mark.parametrize(
    "fields",
    [
        {"model": "big"},
        {"parameters": {"temperature": 0.8, "max_tokens": 5}},
        {"input_schema": OBJECT},
        {"input_schema": {**OBJECT, "properties": {"description": {"default": "x"}}}},
        {"output_schema": None},
        {"output_schema": {**OBJECT, "properties": {"verdict": {}, "reason": {}}}},
        {"templates": (Template(role="user", source="x ", file="a.md"),)},
        {"templates": (Template(role="system", source="x", file="a.md"),)},
        {"templates": (Template(role="user", source="x", file="a.md", literal=True),)},
        {"blocks": {"a.md": "x", "b.md": "z"}},
        {"constraints": (ConstraintDefinition(name="c", require="true", message="m"),)},
        {"stream": "buffered"},
        {"repair": "none"},
        {"mode": "json"},
        {"max_reasks": 1},
        {"timeout_s": 3.0},
    ],
)
def test_what_may_change_an_answer_changes_the_digest(fields: dict[str, Any]) -> None:
    assert changed(**fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "other"},
        {"description": "other"},
        {"input_schema": {"description": "other", "title": "T"}},
        {"version": "1.0.0"},
        {"parameters": {"max_tokens": 5, "temperature": 0.7}},
        {"output_schema": {"properties": {"reason": {}, "verdict": {}}, **OBJECT}},
        {"templates": (Template(role="user", source="x", file="b.md"),)},
        {"blocks": {"b.md": "y", "a.md": "x"}},
    ],
)
def test_what_changes_no_answer_leaves_the_digest(fields: dict[str, Any]) -> None:
    assert not changed(**fields)
