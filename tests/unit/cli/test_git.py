from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from roadworthy.cli.git import author, commit_of


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    git(tmp_path, "init", "-q")
    git(tmp_path, "config", "user.name", "Ana Łoś")
    git(tmp_path, "config", "user.email", "ana@example.com")
    for name in ("tasks/sort/task.toml", "tasks/other/task.toml", "blocks/voice.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True)


def test_the_author_is_whom_git_knows(repository: Path) -> None:
    assert author(repository) == "Ana Łoś"


def test_a_clean_checkout_is_its_commit(repository: Path) -> None:
    commit = commit_of(repository, "sort")
    assert commit is not None
    assert len(commit) == 40


@pytest.mark.parametrize("name", ["tasks/sort/new.md", "blocks/voice.md", "models.toml"])
def test_what_the_task_is_made_from_makes_it_dirty(repository: Path, name: str) -> None:
    (repository / name).write_text("changed")
    assert str(commit_of(repository, "sort")).endswith("-dirty")


@pytest.mark.parametrize("name", ["tasks/other/task.toml", "answers.jsonl"])
def test_what_it_is_not_made_from_does_not(repository: Path, name: str) -> None:
    (repository / name).write_text("changed")
    assert not str(commit_of(repository, "sort")).endswith("-dirty")


def test_no_repository_and_no_git_are_no_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert commit_of(tmp_path, "sort") is None
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("LOGNAME", "somebody")
    assert commit_of(tmp_path, "sort") is None
    assert author(tmp_path) == "somebody"
