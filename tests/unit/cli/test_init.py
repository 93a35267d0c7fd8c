from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from roadworthy.cli.init import init
from roadworthy.core.errors import RoadworthyError
from roadworthy.tasks import load_project

app = typer.Typer()
app.command()(init)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_fresh_project_has_no_fault_and_runs_on_the_embedded_model(tmp_path: Path) -> None:
    output = run(str(tmp_path / "new"))
    project = load_project(tmp_path / "new")
    assert project.models["local"].provider == "embedded"
    task = project.tasks["classify-feedback"]
    assert [template.role for template in task.templates] == ["system", "user"]
    assert task.output_schema is not None
    assert "roadworthy run classify-feedback --input" in output
    assert f"cd {tmp_path / 'new'}" in output


def test_a_task_may_have_another_name(tmp_path: Path) -> None:
    run(str(tmp_path), "--task", "triage")
    assert list(load_project(tmp_path).tasks) == ["triage"]


def test_what_exists_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "tasks" / "classify-feedback").mkdir(parents=True)
    (tmp_path / "models.toml").write_text("# mine\n")
    output = run(str(tmp_path))
    assert (tmp_path / "models.toml").read_text() == "# mine\n"
    assert list((tmp_path / "tasks" / "classify-feedback").iterdir()) == []
    assert "kept   " + str(tmp_path / "models.toml") in output


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    run(str(tmp_path))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert "wrote" not in run(str(tmp_path))
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_the_commented_examples_are_right_once_uncommented(tmp_path: Path) -> None:
    run(str(tmp_path))
    models = tmp_path / "models.toml"
    text = re.sub(r"(?m)^# (?=\[|\w+ = )", "", models.read_text())
    assert "\n[models.hosted]\n" in text
    models.write_text(text)
    assert load_project(tmp_path).models["hosted"].upstream == "gpt-5-mini"
    assert load_project(tmp_path, environment="prod").models["hosted"].upstream == "gpt-5"


def test_a_name_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [str(tmp_path), "--task", "a/b"])
    assert result.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_an_error_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RoadworthyError, match="cannot be written to"):
        run(str(tmp_path / "file" / "new"))


def test_the_commented_constraint_is_right_once_uncommented(tmp_path: Path) -> None:
    run(str(tmp_path))
    rules = tmp_path / "tasks" / "classify-feedback" / "rules.toml"
    assert load_project(tmp_path).tasks["classify-feedback"].constraints == ()
    rules.write_text(re.sub(r"(?m)^# (?=\[|\w+ = )", "", rules.read_text()))
    (constraint,) = load_project(tmp_path).tasks["classify-feedback"].constraints
    assert constraint.paths == ("/sentiment",)
