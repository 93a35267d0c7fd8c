from __future__ import annotations

from pathlib import Path

import pytest

from roadworthy.tasks import project_stamp


def project(root: Path) -> Path:
    for name in ("roadworthy.toml", "tasks/a/task.toml", "tasks/a/prompt/user.md", "blocks/b.md"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("one")
    return root


@pytest.mark.parametrize("name", ["roadworthy.toml", "tasks/a/prompt/user.md", "blocks/b.md"])
def test_a_changed_file_changes_the_stamp(tmp_path: Path, name: str) -> None:
    before = project_stamp(project(tmp_path))
    (tmp_path / name).write_text("other text")
    assert project_stamp(tmp_path) != before


def test_an_added_and_a_removed_file_change_the_stamp(tmp_path: Path) -> None:
    before = project_stamp(project(tmp_path))
    (tmp_path / "tasks/a/cases.jsonl").write_text("")
    added = project_stamp(tmp_path)
    (tmp_path / "tasks/a/cases.jsonl").unlink()
    assert added != before == project_stamp(tmp_path)


def test_files_that_do_not_matter_do_not_change_it(tmp_path: Path) -> None:
    before = project_stamp(project(tmp_path))
    (tmp_path / "README.txt").write_text("notes")
    (tmp_path / ".roadworthy").mkdir()
    assert project_stamp(tmp_path) == before
