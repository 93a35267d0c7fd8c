from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from registry_cli import Said, roadworthy, write_tasks

SYSTEM = "tasks/sort/prompt/system.md"
TASK = "tasks/sort/task.toml"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a version of `sort`, and a working copy that differs from it."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setattr("roadworthy.cli.registry_access.author", lambda root: "Ana")
    write_tasks(tmp_path)
    publish(tmp_path)
    edit(tmp_path, SYSTEM, "{%", "Be brief. {%")
    return tmp_path


def publish(project: Path) -> None:
    assert roadworthy("publish", "sort", "-m", "why", project=project).status == 0


def edit(project: Path, name: str, old: str, new: str) -> None:
    text = (project / name).read_text()
    (project / name).write_text(text.replace(old, new, 1))


def diff(project: Path, *arguments: str) -> Said:
    said = roadworthy("diff", "sort", *arguments, project=project)
    assert said.err == "" or said.status == 1
    return said


def test_without_versions_the_newest_is_compared_with_the_working_copy(project: Path) -> None:
    assert diff(project).out.splitlines() == [
        "sort 1.0.0 → working: minor, answers may change",
        "",
        "prompt/system.md",
        "  ~ {+Be brief. +}{% include 'voice.md' %}",
    ]
    assert diff(project, "1.0.0").out == diff(project).out


def test_two_versions_are_named_by_number_channel_or_range(project: Path) -> None:
    publish(project)
    roadworthy("promote", "sort", "1.0.0", "--to", "production", project=project)
    by_number = diff(project, "1.0.0", "1.1.0").out
    assert by_number.startswith("sort 1.0.0 → 1.1.0: minor")
    assert diff(project, "production", "1.1.0").out == by_number
    assert diff(project, "^1", "1.1.0").out == by_number
    assert diff(project, "1.1.0", "1.0.0").out.endswith(
        "  ~ [-Be brief. -]{% include 'voice.md' %}\n"
    )


def test_versions_are_compared_though_the_working_copy_is_faulty(project: Path) -> None:
    publish(project)
    edit(project, TASK, "description", "descripton")
    assert diff(project, "1.0.0", "1.1.0").status == 0
    assert 'unknown key "descripton"' in diff(project, "1.0.0").err


def test_a_breaking_change_is_marked_by_field(project: Path) -> None:
    edit(project, TASK, '"negative"]', '"negative", "mixed"]')
    out = diff(project).out
    assert out.startswith("sort 1.0.0 → working: major, a caller may break\n")
    assert '  major  output./sentiment  value added: "mixed", breaking\n' in out


def test_the_exit_status_tells_only_when_it_is_asked_to(project: Path) -> None:
    assert diff(project).status == 0
    assert diff(project, "--exit-code").status == 1
    assert diff(project, "1.0.0", "1.0.0", "--exit-code").status == 0
    assert diff(project, "working", "working").out == "sort working → working: no difference\n"


def test_json_holds_the_whole_of_it(project: Path) -> None:
    found = json.loads(diff(project, "--json").out)
    assert (found["old"], found["new"], found["level"]) == ("1.0.0", "working", "minor")
    assert found["changes"] == [
        {"level": "minor", "place": "prompt/system.md", "what": "text changed"}
    ]
    assert found["texts"][0]["rows"][0]["kind"] == "changed"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [(("9.9.9",), "9.9.9"), (("1.0.0", "nowhere"), "nowhere")],
)
def test_a_version_that_is_not_there_is_named(
    project: Path, arguments: tuple[str, ...], error: str
) -> None:
    said = diff(project, *arguments)
    assert said.status == 1
    assert error in said.err


def test_an_unknown_task_is_named_with_what_is_near(project: Path) -> None:
    said = roadworthy("diff", "sotr", "1.0.0", project=project)
    assert said.status == 1
    assert "sotr" in said.err


def test_a_terminal_gets_colours(project: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "roadworthy", "diff", "sort", "--project", str(project)]
    environ = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    environ.pop("NO_COLOR", None)
    done = subprocess.run(command, stdout=theirs, env=environ, check=False)
    os.close(theirs)
    written = os.read(ours, 65_536).decode()
    os.close(ours)
    assert done.returncode == 0
    assert "\x1b[32mBe brief. \x1b[0m" in written
    assert "{+" not in written
