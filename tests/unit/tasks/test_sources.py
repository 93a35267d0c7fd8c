from __future__ import annotations

from pathlib import Path

from registry_samples import definition_of
from roadworthy.tasks.sources import differing_sources

RULE = "def known(output):\n    return True\n"


def test_a_version_whose_code_is_installed_differs_in_nothing(tmp_path: Path) -> None:
    (tmp_path / "rules.py").write_bytes(RULE.replace("\n", "\r\n").encode())
    assert differing_sources(definition_of(sources={"rules.py": RULE}), tmp_path) == []
    assert differing_sources(definition_of(), tmp_path) == []


def test_code_that_is_missing_or_another_is_named(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text(RULE + "\n")
    (tmp_path / "bytes.py").write_bytes(b"\xff\xfe")
    (tmp_path / "folder.py").mkdir()
    names = ("absent.py", "bytes.py", "folder.py", "other.py")
    definition = definition_of(sources=dict.fromkeys(names, RULE))
    assert differing_sources(definition, tmp_path) == list(names)


def test_code_stands_in_the_project_wherever_its_path_begins(tmp_path: Path) -> None:
    root = tmp_path / "project"
    (root / "tasks" / "sort").mkdir(parents=True)
    for folder in (root / "tasks", tmp_path):
        (folder / "shared.py").write_text(RULE)
    shared, outside = "tasks/sort/../shared.py", "tasks/../../shared.py"
    definition = definition_of(sources=dict.fromkeys((shared, outside), RULE))
    assert differing_sources(definition, root) == [outside]


def test_code_is_part_of_what_a_task_is() -> None:
    one, other = definition_of(sources={"a.py": RULE}), definition_of(sources={"a.py": "x = 1"})
    assert len({definition_of().digest, one.digest, other.digest}) == 3
