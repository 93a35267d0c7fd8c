"""The example that compares a chain with one prompt compares like with like."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from roadworthy.tasks import Project, load_project

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples" / "product-sheet"


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


def test_the_page_shows_the_chain_and_the_figures_as_they_are() -> None:
    page = (ROOT / "docs/how-to/split-a-prompt-into-steps.md").read_text()
    assert (EXAMPLE / "tasks/product-sheet/task.toml").read_text().strip() in page
    (results,) = sorted((ROOT / "benchmarks/results").glob("product-sheet-*.json"))
    found = json.loads(results.read_text())
    chain, in_one = found["tasks"]["product-sheet"], found["tasks"]["product-sheet-in-one"]
    for name, of in (("the chain", chain), ("one prompt", in_one)):
        assert f"| {name} | {of['passed']} of {of['cases']} |" in page
        assert f"| {of['tokens in']:.0f} | {of['tokens out']:.0f} |" in page
    for name, (passed, of) in chain["expectations"].items():
        other = in_one["expectations"][name][0]
        assert f" | {passed} of {of} | {other} of {of} |" in page
    for step in found["blame"]["steps"]:
        assert f"| {step['step']} | {step['first']} of {found['blame']['failing']} |" in page
