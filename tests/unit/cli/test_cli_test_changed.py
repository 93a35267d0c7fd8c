from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from projects import TASK, write_project
from roadworthy.cli.test.changed import changed_files, changed_tasks
from roadworthy.core.errors import InvalidInput
from roadworthy.tasks import load_project

CASE = '{"input": {"comment": "x"}, "expect": {"sentiment": "neutral"}}\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_project(tmp_path, "http://127.0.0.1:9/v1")
    add(tmp_path, "blocks/voice.md", "Be brief.\n")
    for name in ("other", "silent"):
        add(tmp_path, f"tasks/{name}/task.toml", TASK)
        add(tmp_path, f"tasks/{name}/prompt/user.md", '{% include "voice.md" %} {{ comment }}\n')
    for name in ("triage", "other"):
        add(tmp_path, f"tasks/{name}/cases.jsonl", CASE)
    add(tmp_path, ".gitignore", ".roadworthy/\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "first")
    return tmp_path


def add(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def git(root: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True)


def changed(root: Path, revision: str = "HEAD") -> list[str]:
    return changed_tasks(load_project(root), changed_files(root, revision))


def test_nothing_changed_is_no_task(root: Path) -> None:
    assert changed(root) == []


@pytest.mark.parametrize(
    ("name", "text", "tasks"),
    [
        ("tasks/triage/prompt/system.md", "Read closely.\n", ["triage"]),
        ("tasks/triage/cases.jsonl", CASE * 2, ["triage"]),
        ("tasks/silent/prompt/system.md", "Without cases.\n", []),
        ("blocks/voice.md", "Be kind.\n", ["other"]),
        ("blocks/unused.md", "Nobody includes it.\n", []),
        ("README.md", "Words.\n", []),
        ("report.json", "{}", []),
        ("helpers.py", "X = 1\n", ["other", "triage"]),
        ("roadworthy.toml", "format = 1\n[server]\nport = 8800\n", ["other", "triage"]),
    ],
)
def test_a_changed_file_concerns_those_that_are_made_from_it(
    root: Path, name: str, text: str, tasks: list[str]
) -> None:
    if name == "tasks/triage/cases.jsonl":
        text = CASE + CASE.replace('"x"', '"y"')
    add(root, name, text)
    assert changed(root) == tasks


def test_a_judge_that_changed_concerns_those_that_it_judges(root: Path) -> None:
    judge = """
model = "canned"
[input.fields.output]
type = "string"
[output.fields.score]
type = "number"
minimum = 0
maximum = 1
"""
    add(root, "tasks/tone/task.toml", judge)
    add(root, "tasks/tone/prompt/user.md", "{{ output }}\n")
    add(root, "tasks/triage/cases.jsonl", CASE.replace("}\n", ', "checks": [{"judge": "tone"}]}\n'))
    git(root, "add", ".")
    git(root, "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "second")
    assert changed(root) == []
    add(root, "tasks/tone/prompt/user.md", "Judge {{ output }}\n")
    assert changed(root) == ["triage"]


@pytest.mark.parametrize("revision", ["no-such-branch", "--output=x", "-h"])
def test_what_is_no_revision_is_an_error(root: Path, revision: str) -> None:
    with pytest.raises(InvalidInput, match=r"revision|says"):
        changed_files(root, revision)
    assert not (root / "x").exists()


def test_a_project_in_no_repository_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="asks git"):
        changed_files(tmp_path, "HEAD")


def test_names_that_git_would_quote_are_found(root: Path) -> None:
    add(root, "tasks/triage/notes é\n.txt", "x")
    assert changed(root) == ["triage"]
