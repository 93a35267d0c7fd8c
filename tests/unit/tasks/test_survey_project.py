from __future__ import annotations

import pytest

from project_fixtures import Write
from roadworthy.core.errors import ProjectError
from roadworthy.tasks import survey_project

FINE = {"tasks/fine/task.toml": "", "tasks/fine/prompt/user.md": "Hello."}
FAULTY = {"tasks/faulty/task.toml": "colour = 1", "tasks/faulty/prompt/user.md": "Hello."}


def test_a_faulty_task_is_left_out_and_told(write: Write) -> None:
    project = survey_project(write(FINE | FAULTY))
    assert list(project.tasks) == list(project.suites) == ["fine"]
    assert ["colour" in fault for fault in project.faults] == [True]


@pytest.mark.parametrize("file", ["roadworthy.toml", "models.toml"])
def test_faults_of_the_installations_own_files_are_raised_alone(write: Write, file: str) -> None:
    with pytest.raises(ProjectError) as raised:
        survey_project(write(FAULTY | {file: "[colour]\nx = 1\n"}))
    assert [fault.partition(":")[0] for fault in raised.value.faults] == [file]


def test_a_block_that_cannot_be_read_is_a_tasks_fault(write: Write) -> None:
    root = write(FINE)
    (root / "blocks").mkdir()
    (root / "blocks/voice.md").write_bytes(b"\xff\xfe")
    project = survey_project(root)
    assert "fine" in project.tasks
    assert project.faults[0].startswith("blocks/voice.md")


def test_a_project_without_faults_has_none(write: Write) -> None:
    assert survey_project(write(FINE)).faults == ()
