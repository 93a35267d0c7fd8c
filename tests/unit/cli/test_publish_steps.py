from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from registry_cli import Said, roadworthy
from registry_samples import chain_of, definition_of
from roadworthy.tasks import Project, TaskDefinition, load_project

COPY, SEO = definition_of(name="copy"), definition_of(name="a-seo")
SHEET = chain_of(COPY, SEO, name="a-sheet")


class Working:
    """Working copies that a test changes."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def put(self, *tasks: TaskDefinition) -> None:
        named = {task.name: task for task in tasks}
        self.project = replace(self.project, tasks={**self.project.tasks, **named})


@pytest.fixture
def working(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Working:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    found = Working(load_project(tmp_path))
    found.put(SHEET, COPY, SEO)
    monkeypatch.setattr("roadworthy.cli.place.open_project", lambda _: found.project)
    return found


def publish(working: Working, *arguments: str) -> Said:
    return roadworthy("publish", *arguments, "-m", "why", project=working.project.root)


def test_a_chain_is_not_published_before_its_steps(working: Working) -> None:
    said = publish(working, "a-sheet")
    assert said.status == 1
    assert "not published: copy, a-seo" in said.err
    assert "roadworthy publish a-sheet --with-steps" in said.err


def test_with_its_steps_the_changed_ones_come_first(working: Working) -> None:
    publish(working, "copy")
    said = publish(working, "a-sheet", "--with-steps")
    assert [line for line in said.out.splitlines() if "ublished" in line] == [
        "Published a-seo 1.0.0: major, the first version.",
        "Published a-sheet 1.0.0: major, the first version.",
    ]
    assert said.out.endswith("1 task equals its newest version.\n")


def test_all_are_published_in_the_order_in_which_they_need_each_other(working: Working) -> None:
    lines = publish(working, "--all").out.splitlines()
    made = [line.split()[1] for line in lines if line.startswith("Published")]
    assert made == ["a-seo", "copy", "a-sheet"]


def test_only_the_task_that_is_named_is_raised(working: Working) -> None:
    publish(working, "--all")
    changed = definition_of("Now: {{ comment }}", name="copy")
    working.put(changed, chain_of(changed, SEO, name="a-sheet"))
    said = publish(working, "a-sheet", "--with-steps", "--bump", "major")
    assert "Published copy 1.1.0: minor, was 1.0.0." in said.out
    assert "Published a-sheet 2.0.0: major, was 1.0.0." in said.out
    assert "minor  tasks.copy  1.0.0 became 1.1.0 (prompt/user.md: text changed)" in said.out


def test_a_dry_run_says_what_must_come_first(working: Working) -> None:
    alone = publish(working, "a-sheet", "--dry-run")
    assert "First are to be published: copy, a-seo; --with-steps does.\n" in alone.out
    together = publish(working, "a-sheet", "--with-steps", "--dry-run")
    assert "First" not in together.out
    assert together.out.count("Would publish") == 3
