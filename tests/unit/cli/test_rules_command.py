"""`roadworthy rules` and `calls --steps`, over what a project's state folder holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from projects import write_project
from roadworthy.cli.app import app
from roadworthy.core import Call, Fired, SystemClock, Usage, new_id
from roadworthy.storage import JournalWriter, StateFolder

RULES = """
[[rule]]
name = "empty"
when = 'input.comment == ""'
answer = { sentiment = "neutral", confidence = 1.0 }
"""


def call(**changes: Any) -> Call:
    now_us = SystemClock().now_us()
    fields: dict[str, Any] = {"id": new_id(now_us), "task": "triage", "started_us": now_us}
    return Call(**(fields | changes))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = write_project(tmp_path, "http://127.0.0.1:9/v1")
    (root / "tasks/triage/rules.toml").write_text(RULES)
    free: dict[str, Any] = {"usage": Usage(input_tokens=0, output_tokens=0), "cost_nusd": 0}
    ruled = call(outcome="rule", rules=(Fired(name="empty", effect="answer"),), **free)
    asked = call(outcome="first_pass", model="canned", cost_nusd=2_000_000)
    step = call(task="inner", outcome="first_pass", parent_id=ruled.id, root_id=ruled.id, step="s")
    with JournalWriter(StateFolder(root / ".roadworthy"), "g", SystemClock()) as journal:
        for one in (ruled, asked, step):
            journal.append(one)
    return root


def say(project: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--project", str(project)])


def test_rules_are_told_with_what_they_spared(project: Path) -> None:
    said = say(project, "rules", "triage", "--since", "1h").stdout
    assert "triage: 2 calls in the last 1h" in said
    assert "empty  answer  1      50.0%  $0.0020" in said
    assert "Spared 1 call to a model, about $0.0020 (estimate: $0.0020" in said


def test_rules_are_told_as_json(project: Path) -> None:
    (task,) = json.loads(say(project, "rules", "--json").stdout)["tasks"]
    assert (task["spared_calls"], task["spared_usd"]) == (1, 0.002)


def test_a_task_that_is_not_there_is_an_error(project: Path) -> None:
    found = say(project, "rules", "nobody")
    assert "no task 'nobody'" in str(found.exception)


@pytest.mark.parametrize(
    ("words", "number"), [((), 2), (("--steps",), 3), (("--task", "inner"), 1)], ids=str
)
def test_steps_are_listed_where_they_are_asked_for(
    project: Path, words: tuple[str, ...], number: int
) -> None:
    lines = say(project, "calls", "--json", *words).stdout.splitlines()
    assert len(lines) == number
