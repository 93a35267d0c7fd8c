from __future__ import annotations

import json
from pathlib import Path

import pytest

from registry_cli import roadworthy, write_tasks
from roadworthy.cli.place import open_installation
from roadworthy.cli.registry_access import open_registry
from roadworthy.registry import Actor, CaseResult, ResultKey

ANA = Actor(name="Ana")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A registry with two versions, three moves and a result."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    root = write_tasks(tmp_path / "one")
    roadworthy("publish", "--all", "-m", "first", project=root)
    roadworthy("promote", "sort", "1.0.0", project=root)
    (root / "tasks/sort/prompt/system.md").write_text("Short.\n")
    roadworthy("publish", "sort", "-m", "second", project=root)
    roadworthy("promote", "sort", "1.1.0", "--why", "shorter", project=root)
    roadworthy("rollback", "sort", project=root)
    with open_registry(open_installation(root)) as registry:
        definition = registry.version("sort", "1.1.0").row.definition_digest
        registry.record([result(definition)], ANA)
    return root


def result(definition: str) -> CaseResult:
    key = ResultKey(task="sort", definition=definition, binding="b" * 64, question="q" * 64, run=0)
    return CaseResult(
        key=key,
        expected="x" * 64,
        case_id="c1",
        outcome="first_pass",
        value={"sentiment": "positive"},
        passed=True,
        latency_ms=12.5,
        at_us=7,
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_registry_comes_back_from_its_folder_to_the_byte(project: Path, tmp_path: Path) -> None:
    there = tmp_path / "export"
    said = roadworthy("export", "--to", str(there), project=project)
    assert said.out.startswith(f"{there}: 4 versions of 3 tasks, 1 result; ")
    empty = tmp_path / "two"
    empty.mkdir()
    (empty / "roadworthy.toml").write_text('[defaults]\nenvironment = "other"\n')
    assert "4 versions new, 0 here already." in roadworthy("import", str(there), project=empty).out
    roadworthy("export", "--to", str(tmp_path / "again"), project=empty)
    assert contents(tmp_path / "again") == contents(there)


def test_importing_points_no_channel_anywhere(project: Path, tmp_path: Path) -> None:
    roadworthy("export", "sort", "--to", str(tmp_path / "export"), project=project)
    empty = tmp_path / "two"
    empty.mkdir()
    taken = roadworthy("import", str(tmp_path / "export"), "--json", project=empty)
    assert [json.loads(line)["version"] for line in taken.out.splitlines()] == ["1.0.0", "1.1.0"]
    assert "points anywhere" in roadworthy("channels", project=empty).out
    history = roadworthy("history", "sort", "--json", project=empty).out.splitlines()
    assert [json.loads(line)["kind"] for line in history] == ["import"] * 3


def test_what_is_here_already_is_left_as_it_is(project: Path, tmp_path: Path) -> None:
    there = tmp_path / "export"
    roadworthy("export", "--to", str(there), project=project)
    said = roadworthy("import", str(there), project=project)
    assert said.out == "0 versions new, 4 here already.\n"
    again = roadworthy("export", "--to", str(there), project=project)
    assert again.out.endswith("nothing changed.\n")


def test_an_edited_file_is_named_and_nothing_is_taken(project: Path, tmp_path: Path) -> None:
    there = tmp_path / "export"
    roadworthy("export", "--to", str(there), project=project)
    (there / "sort/versions/1.1.0/prompt/system.md").write_text("Shorter.\n")
    empty = tmp_path / "two"
    empty.mkdir()
    said = roadworthy("import", str(there), project=empty)
    assert said.status == 1
    assert "sort/versions/1.1.0/prompt/system.md: was changed" in said.err
    assert "Nothing is published" in roadworthy("log", project=empty).out


def test_another_version_of_the_same_number_is_a_conflict(project: Path, tmp_path: Path) -> None:
    there = tmp_path / "export"
    roadworthy("export", "--to", str(there), project=project)
    other = write_tasks(tmp_path / "two")
    (other / "tasks/sort/prompt/user.md").write_text("{{ comment }}!\n")
    roadworthy("publish", "sort", "-m", "first", project=other)
    said = roadworthy("import", str(there), project=other)
    assert (said.status, "sort 1.0.0" in said.err) == (1, True)
    assert len(roadworthy("log", "--json", project=other).out.splitlines()) == 1


def test_an_export_of_what_is_not_published_writes_nothing_and_fails(
    project: Path, tmp_path: Path
) -> None:
    there = tmp_path / "export"
    said = roadworthy("export", "sortt", "--to", str(there), project=project)
    assert said.status == 1
    assert "nothing of 'sortt' is published" in said.err
    assert "--to" in said.err
    assert not there.exists()
