"""The example that compares a chain with one prompt compares like with like."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from roadworthy.tasks import Project, load_project

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "product-sheet"


def asked(project: Project, task: str) -> list[Any]:
    return [(case.id, case.input, case.checks) for case in project.suites[task].cases]


def test_the_chain_and_the_one_prompt_are_asked_and_held_to_the_same() -> None:
    project = load_project(EXAMPLE)
    assert asked(project, "product-sheet") == asked(project, "product-sheet-in-one")
    whole, in_one = project.tasks["product-sheet"], project.tasks["product-sheet-in-one"]
    assert whole.input_schema == in_one.input_schema
    assert whole.output_schema is not None
    assert in_one.output_schema is not None
    assert whole.output_schema["properties"] == in_one.output_schema["properties"]


def test_every_step_has_cases_of_its_own() -> None:
    project = load_project(EXAMPLE)
    chain = project.tasks["product-sheet"].chain
    assert chain is not None
    assert len(asked(project, "product-sheet")) == 24
    assert all(len(asked(project, step.task)) == 24 for step in chain.steps)
