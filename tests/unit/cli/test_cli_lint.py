"""`roadworthy lint`: figures, findings as compilers write them, and a status for scripts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from projects import write_project
from roadworthy.cli.app import app

RULE = "Weigh what the customer says about the goods above all.\n"
SYSTEM = "tasks/triage/prompt/system.md"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_project(tmp_path, "http://127.0.0.1:9/v1")


def lint(root: Path, *words: str) -> Any:
    return CliRunner().invoke(app, ["lint", *words, "--project", str(root)])


def test_a_sound_prompt_is_weighed_and_nothing_else(root: Path) -> None:
    result = lint(root)
    assert result.exit_code == 0, result.output
    assert "triage, on canned (tokens are estimates): " in result.output
    assert "system message  tasks/triage/prompt/system.md:1" in result.output
    assert result.output.endswith("Nothing found.\n")


def test_a_note_is_told_by_place_and_fails_only_where_it_is_strict(root: Path) -> None:
    (root / SYSTEM).write_text(f"{RULE}\n{RULE}")
    result = lint(root, "triage")
    assert result.exit_code == 0
    assert f'{SYSTEM}:3: note: "Weigh what' in result.output
    assert "[repeated-text]\n    say it once" in result.output
    assert lint(root, "--strict").exit_code == 1
    assert lint(root, "--strict", "--ignore", "repeated-text").exit_code == 0


def test_warnings_and_faults_end_with_status_1(root: Path) -> None:
    (root / SYSTEM).write_text("Answer in English.\nYou read.\n\nAnswer in German.\n")
    result = lint(root)
    assert result.exit_code == 1
    assert f"{SYSTEM}:4: warning: " in result.output
    (root / SYSTEM).write_text("{{ coment }}\n")
    result = lint(root)
    assert result.exit_code == 1
    assert f"{SYSTEM}:1: fault: unknown variable" in result.output


def test_everything_is_there_for_machines(root: Path) -> None:
    (root / SYSTEM).write_text(f"{RULE}\n{RULE}")
    report = json.loads(lint(root, "--json").output)
    (task,) = report["tasks"]
    assert [weight["kind"] for weight in task["weights"]] == [
        "message",
        "message",
        "input",
        "schema",
    ]
    assert task["findings"][0]["line"] == 3


def test_an_unknown_code_names_the_nearest(root: Path) -> None:
    result = lint(root, "--ignore", "repeated-txt")
    assert result.exit_code == 2
    assert 'did you mean "repeated-text"' in result.output
