from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from canned_upstream import Upstream, canned_upstream
from production import into_production
from projects import write_project
from registry_cli import roadworthy

VALUE = {"sentiment": "positive", "confidence": 0.5}


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with canned_upstream(lambda _: json.dumps(VALUE)) as running:
        yield running


@pytest.fixture
def project(upstream: Upstream, tmp_path: Path) -> Path:
    """Version 1.0.0 is in production, and the working copy has another prompt."""
    root = into_production(write_project(tmp_path, upstream.base_url))
    (root / "tasks/triage/prompt/user.md").write_text("Newer: {{ comment }}")
    return root


def run(task: str, project: Path) -> str:
    said = roadworthy("run", task, "--input", "comment=fine", project=project)
    assert said.status == 0, said.err
    assert json.loads(said.out) == VALUE
    return said.err


def asked(upstream: Upstream) -> str:
    return str(upstream.asked[-1]["messages"][-1]["content"]).strip()


@pytest.mark.parametrize(
    ("task", "prompt"),
    [
        ("triage", "Newer: fine"),
        ("triage@working", "Newer: fine"),
        ("triage@1.0.0", "Comment: fine"),
        ("triage@production", "Comment: fine"),
        ("triage@^1", "Comment: fine"),
    ],
)
def test_a_working_copy_or_a_version_is_run(
    project: Path, upstream: Upstream, task: str, prompt: str
) -> None:
    run(task, project)
    assert asked(upstream) == prompt


def test_a_faulty_working_copy_keeps_no_version_from_running(
    project: Path, upstream: Upstream
) -> None:
    (project / "tasks/triage/prompt/user.md").write_text("{{ coment }}")
    run("triage@1.0.0", project)
    assert asked(upstream) == "Comment: fine"


def test_a_file_of_inputs_is_run_by_a_version(project: Path, upstream: Upstream) -> None:
    inputs, output = project / "in.jsonl", project / "out.jsonl"
    inputs.write_text('{"comment": "a"}\n{"comment": "b"}\n')
    said = roadworthy(
        "run", "triage@1.0.0", "--jsonl", str(inputs), "--output", str(output), project=project
    )
    assert said.status == 0, said.err
    assert [json.loads(line)["value"] for line in output.read_text().splitlines()] == [VALUE] * 2
    assert asked(upstream).startswith("Comment: ")


def test_an_unknown_task_or_version_names_the_nearest(project: Path) -> None:
    assert "did you mean 'triage'" in roadworthy("run", "triag", project=project).err
    assert "1.0.0" in roadworthy("run", "triage@1.0.1", project=project).err
