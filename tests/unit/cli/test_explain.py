from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from roadworthy.cli.explain import explain
from roadworthy.cli.explain_lines import explanation
from roadworthy.cli.explain_wires import unproved_wires
from roadworthy.core.errors import InvalidRequest, UnknownTask
from roadworthy.tasks import TaskDefinition, load_project

app = typer.Typer()
app.command()(explain)

EXTRACT = """
[input.fields]
text = "string"
[output.fields]
facts = { type = "array", items = "string" }
"""
COPY = """
[input.fields]
facts = { type = "array", items = { type = "string", minLength = 1 }, maxItems = 9 }
[output.fields]
text = "string"
"""
SHEET = """
description = "A product's page."
max_cost_usd = 0.02
[input.fields]
text = "string"
[[step]]
task = "extract"
[[step]]
task = "copy"
input.facts = "extract.facts"
when = "size(extract.facts) > 0"
[[step]]
name = "seo"
task = "copy"
input.facts = "extract.facts"
on_error = "default"
default = { text = "" }
[output]
copy = "copy.text"
seo = "seo.text"
"""


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in (("extract", EXTRACT), ("copy", COPY), ("sheet", SHEET)):
        folder = tmp_path / "tasks" / name
        folder.mkdir(parents=True)
        (folder / "task.toml").write_text(text, encoding="utf-8")
        if name != "sheet":
            (folder / "prompt").mkdir()
            (folder / "prompt" / "user.md").write_text("Write.")
    return tmp_path


@pytest.fixture
def sheet(project: Path) -> TaskDefinition:
    return load_project(project).tasks["sheet"]


def test_a_chain_is_told_step_by_step_beneath_its_picture(sheet: TaskDefinition) -> None:
    told = explanation(sheet)
    assert told.startswith("sheet: a chain of 3 steps. A product's page.\n")
    assert "│ extract │" in told
    assert "copy (model local)\n  takes   facts ← extract.facts" in told
    assert "when    size(extract.facts) > 0" in told
    assert "seo, task copy (model local)" in told
    assert 'on error  gives {"text":""}' in told
    assert "copy  ← copy.text, left out where copy has no output" in told
    assert "cost  0.02 USD" in told


def test_a_picture_that_does_not_fit_gives_way_to_words(sheet: TaskDefinition) -> None:
    told = explanation(sheet, width=20)
    assert "│" not in told
    assert "--svg FILE" in told


def test_what_only_a_call_can_show_is_told(sheet: TaskDefinition) -> None:
    demands = "maxItems 9; [*]: minLength 1"
    assert list(unproved_wires(sheet)) == [
        ("extract.facts → copy.facts", demands),
        ("extract.facts → seo.facts", demands),
    ]


def test_a_task_with_a_prompt_is_told_by_its_messages(project: Path) -> None:
    told = explanation(load_project(project).tasks["extract"])
    assert "extract: a prompt." in told
    assert "user     tasks/extract/prompt/user.md" in told
    assert list(unproved_wires(load_project(project).tasks["extract"])) == []


def test_pictures_are_written_as_files_or_printed(project: Path, tmp_path: Path) -> None:
    svg = tmp_path / "sheet.svg"
    result = run("sheet", "--svg", svg, "--mermaid", "-", "--project", project)
    assert result.exit_code == 0
    assert svg.read_text(encoding="utf-8").startswith("<svg ")
    assert "flowchart TD\n" in result.output


def test_what_cannot_be_explained_says_why(project: Path, tmp_path: Path) -> None:
    assert isinstance(run("sheets", "--project", project).exception, UnknownTask)
    refused = run("copy", "--svg", tmp_path / "x.svg", "--project", project).exception
    assert isinstance(refused, InvalidRequest)
    assert "no steps" in refused.message
