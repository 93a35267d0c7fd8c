"""Saving a case to a working copy."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from keyed import TOKEN, Installation

from roadworthy.control.registry_api.case_files import save_case
from roadworthy.core.errors import InvalidRequest, NotFound, StoreError
from roadworthy.tasks import load_project

FILES = {
    "tasks/triage/task.toml": """
[input.fields]
comment = "string"

[output.fields]
label = { enum = ["a", "b"] }
""",
    "tasks/triage/prompt/user.md": "{{ comment }}",
    "tasks/broken/task.toml": "modle = 1",
    "tasks/broken/prompt/user.md": "x",
}
Write = Callable[[Mapping[str, str]], Path]


def cases_of(root: Path) -> list[Any]:
    text = (root / "tasks/triage/cases.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n") if line]


def test_a_case_becomes_a_line_that_the_project_loads(write: Write) -> None:
    root = write(FILES)
    case = {"input": {"comment": "Grüße\u2028\n"}, "expect": {"label": "a"}, "tags": ["edge"]}
    saved = save_case(root, "triage", case)
    assert (saved.file, saved.line, saved.id[:5]) == ("tasks/triage/cases.jsonl", 1, "case-")
    assert cases_of(root) == [case]
    text = (root / saved.file).read_text(encoding="utf-8")
    assert "Grüße" in text
    assert len(text.splitlines()) == 1
    assert save_case(root, "triage", {"input": {"comment": "b"}, "id": "two"}).line == 2
    (root / "tasks/broken/task.toml").write_text("")
    assert [c.id for c in load_project(root).suites["triage"].cases] == ["", "two"]


@pytest.mark.parametrize(
    "before", ['{"input": {"comment": "x"}}', '{"input": {"comment": "x"}}\n\n']
)
def test_what_is_there_stays_whether_its_last_line_ends_or_not(write: Write, before: str) -> None:
    root = write({**FILES, "tasks/triage/cases.jsonl": before})
    saved = save_case(root, "triage", {"input": {"comment": "y"}})
    text = (root / saved.file).read_text()
    assert text.startswith(before)
    assert text.split("\n")[saved.line - 1] == '{"input": {"comment": "y"}}'
    assert len(cases_of(root)) == 2


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ({}, 'missing key "input"'),
        ({"input": {"comment": 1}}, "input.comment"),
        ({"input": {"comment": "x", "by": "me"}}, "by"),
        ({"input": {"comment": "x"}, "expect": {"lable": "a"}}, "expect"),
        ({"input": {"comment": "x"}, "expct": 1}, "expct"),
        ({"input": {"comment": "x"}, "checks": [{"contain": "a"}]}, "contains"),
        ({"input": {"comment": "x"}, "checks": [{"judge": "nobody"}]}, "nobody"),
        ({"input": {"comment": "x"}, "n": 0}, "n"),
        ({"input": {"comment": "old"}}, "asks the same as line 1"),
        ({"input": {"comment": "x"}, "id": "one"}, "that of line 1"),
        ({"input": {"comment": "\ud800"}}, ""),
    ],
)
def test_a_case_that_does_not_fit_is_refused_and_nothing_written(
    write: Write, case: dict[str, Any], told: str
) -> None:
    before = '{"id": "one", "input": {"comment": "old"}}\n'
    root = write({**FILES, "tasks/triage/cases.jsonl": before})
    with pytest.raises(InvalidRequest) as caught:
        save_case(root, "triage", case)
    assert told in caught.value.message
    assert (root / "tasks/triage/cases.jsonl").read_text() == before


@pytest.mark.parametrize("task", ["nobody", "..", "../triage", "triage/../triage", "", "triage/"])
def test_without_a_working_copy_nothing_is_saved(write: Write, task: str) -> None:
    with pytest.raises(NotFound, match="has no working copy"):
        save_case(write(FILES), task, {"input": {"comment": "x"}})
    with pytest.raises(NotFound):
        save_case(None, "triage", {"input": {"comment": "x"}})


def test_a_working_copy_at_fault_is_told_with_its_faults(write: Write) -> None:
    with pytest.raises(InvalidRequest, match=r"mend them first: tasks/broken/task\.toml:1"):
        save_case(write(FILES), "broken", {"input": {}})


def test_a_file_at_fault_is_not_written_to(write: Write) -> None:
    root = write({**FILES, "tasks/triage/cases.jsonl": "{\n"})
    with pytest.raises(InvalidRequest, match="mend them first"):
        save_case(root, "triage", {"input": {"comment": "x"}})
    assert (root / "tasks/triage/cases.jsonl").read_text() == "{\n"


def test_a_file_that_cannot_be_written_is_told(write: Write) -> None:
    root = write(FILES)
    (root / "tasks/triage/cases.jsonl").symlink_to(root / "nowhere" / "cases.jsonl")
    with pytest.raises(StoreError, match="cannot be written"):
        save_case(root, "triage", {"input": {"comment": "x"}})


def test_cases_that_are_saved_side_by_side_are_all_there(write: Write) -> None:
    root = write(FILES)

    def save(number: int) -> int:
        return save_case(root, "triage", {"input": {"comment": f"{number}"}}).line

    with ThreadPoolExecutor(8) as pool:
        lines = list(pool.map(save, range(16)))
    assert sorted(lines) == list(range(1, 17))
    assert len(cases_of(root)) == 16


def test_the_address_saves_for_owners_alone(write: Write, tmp_path: Path) -> None:
    house = Installation(tmp_path / "house", root=write(FILES))
    owner = house.program(TOKEN)
    answer = owner.post("/api/tasks/triage/cases", json={"input": {"comment": "x"}})
    assert (answer.status_code, answer.json()["line"]) == (201, 1)
    house.key("Ada")
    viewer = house.program(house.key("Grace", "viewer").secret)
    path = "/api/tasks/triage/cases"
    assert viewer.post(path, json={"input": {"comment": "y"}}).status_code == 403
    assert owner.post("/api/tasks/%2e%2e/cases", json={}).status_code == 400
    bare = Installation(tmp_path / "bare").program(TOKEN)
    assert "has no working copy" in bare.post(path, json={}).json()["error"]["message"]
