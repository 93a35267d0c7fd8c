from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from roadworthy.cli.check import check

app = typer.Typer()
app.command()(check)


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    return result.exit_code, result.output


@pytest.fixture
def project(tmp_path: Path) -> Path:
    prompt = tmp_path / "tasks" / "sort" / "prompt"
    prompt.mkdir(parents=True)
    (prompt / "user.md").write_text("{{ comment }}")
    (prompt.parent / "task.toml").write_text(
        "[input.fields]\ncomment = 'string'\nnote = {type = 'string', optional = true}\n"
        "[output]\ntype = 'array'\n"
    )
    (tmp_path / "models.toml").write_text(
        "[models.big]\nprovider = 'openai'\nmodel = 'm'\napi_key = {env = 'CHECK_KEY'}\n"
    )
    return tmp_path


def test_a_sound_project_is_shown_as_tables(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHECK_KEY", "sk-secret")
    status, output = run(str(project))
    assert status == 0
    assert "comment, note?" in output
    assert "CHECK_KEY (set)" in output
    assert "secret" not in output


def test_a_sound_project_is_one_object_for_programs(project: Path) -> None:
    status, output = run("--project", str(project), "--json")
    report = json.loads(output)
    assert (status, report["ok"], report["faults"]) == (0, True, [])
    assert report["tasks"][0]["input"] == ["comment", "note?"]
    assert report["tasks"][0]["output"] == ["array"]
    assert report["models"][0]["key"] == "CHECK_KEY (not set)"


def test_a_chain_is_shown_by_its_steps(project: Path) -> None:
    chain = project / "tasks" / "twice" / "task.toml"
    chain.parent.mkdir()
    step = "[[step]]\nname = '{}'\ntask = 'sort'\ninput.comment = 'input.comment'\n"
    given = "[input.fields]\ncomment = 'string'\n"
    chain.write_text(given + step.format("second") + "needs = ['first']\n" + step.format("first"))
    status, output = run(str(project))
    assert (status, "2 steps" in output) == (0, True)
    _, output = run(str(project), "--json")
    (_, twice) = json.loads(output)["tasks"]
    assert [step["name"] for step in twice["steps"]] == ["first", "second"]
    assert (twice["steps"][1]["needs"], twice["enforcement"]) == (["first"], None)


def test_faults_are_shown_together_and_fail(project: Path) -> None:
    (project / "roadworthy.toml").write_text("[sever]\n")
    (project / "tasks" / "sort" / "prompt" / "user.md").write_text("{{ coment }}")
    status, output = run(str(project))
    assert status == 1
    assert output.splitlines() == [
        'roadworthy.toml:1: unknown key "sever"; did you mean "server"?',
        'tasks/sort/prompt/user.md:1: unknown variable "coment"; did you mean "comment"?',
        "2 faults.",
    ]


def test_faults_are_one_object_for_programs(project: Path) -> None:
    (project / "roadworthy.toml").write_text("format = 9")
    status, output = run(str(project), "--json")
    assert status == 1
    assert json.loads(output)["ok"] is False
    assert json.loads(output)["faults"][0].startswith("roadworthy.toml:1: format = 9")


def test_another_environment_can_be_checked(project: Path) -> None:
    with (project / "models.toml").open("a") as file:
        file.write("[environments.prod.models.big]\ntimeout_s = 0\n")
    assert run(str(project))[0] == 0
    status, output = run(str(project), "--env", "prod")
    assert status == 1
    assert output.startswith("models.toml:6: models.big: timeout_s is 0.0")


def test_an_empty_folder_is_told_how_to_begin(tmp_path: Path) -> None:
    status, output = run(str(tmp_path))
    assert status == 0
    assert "`roadworthy init` writes one" in output


STRICT = """
model = "big"
[input.fields]
comment = "string"
[output]
type = "object"
required = ["a", "b", "c", "d", "e", "f"]
additionalProperties = false
"""
LONG = "\n".join(f"properties.{name} = {{type = 'string', maxLength = 9}}" for name in "abcdef")


@pytest.fixture
def strict(project: Path) -> Path:
    (project / "tasks" / "sort" / "task.toml").write_text(STRICT + LONG)
    (project / "tasks" / "sort" / "prompt" / "user.md").write_text("{{ comment }}")
    return project


def test_a_schema_that_is_enforced_whole_takes_one_line(project: Path) -> None:
    _, output = run(str(project))
    assert "  sort  grammar  everything enforced\n" in output
    assert "validated" not in output


def test_keywords_that_are_not_enforced_are_named_the_first_of_them(strict: Path) -> None:
    status, output = run(str(strict))
    assert status == 0
    assert "  sort  strict  all but 6 keywords enforced\n" in output
    assert "    /properties/e/maxLength  OpenAI does not enforce it\n" in output
    assert "/properties/f" not in output
    assert "and 1 more; --losses shows all" in output
    assert "never delivered" in output


def test_all_of_them_are_shown_on_demand(strict: Path) -> None:
    _, output = run(str(strict), "--losses")
    assert output.count("OpenAI does not enforce it") == 6
    assert "more;" not in output


def test_another_providers_form_can_be_looked_at(strict: Path) -> None:
    _, output = run(str(strict), "--provider", "llguidance")
    assert "Enforced while the model writes for llguidance:" in output
    assert "  sort  grammar  everything enforced\n" in output


def test_programs_are_given_every_loss(strict: Path) -> None:
    _, output = run(str(strict), "--json", "--provider", "gemini")
    report = json.loads(output)
    assert report["provider"] == "gemini"
    losses = report["tasks"][0]["enforcement"]["losses"]
    assert [loss["keyword"] for loss in losses] == ["maxLength"] * 6
    assert losses[0]["reason"] == "Gemini does not enforce it"


def test_a_task_of_free_text_has_nothing_to_enforce(project: Path) -> None:
    (project / "tasks" / "sort" / "task.toml").write_text("[input.fields]\ncomment = 'string'\n")
    _, output = run(str(project), "--provider", "openai")
    assert "Enforced" not in output
    report = json.loads(run(str(project), "--json")[1])
    assert report["tasks"][0]["enforcement"] is None
