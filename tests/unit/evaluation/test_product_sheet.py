"""The example that compares a chain with one prompt compares like with like."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from roadworthy.tasks import Project, load_project

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples" / "product-sheet"
PAGE = ROOT / "docs" / "how-to" / "split-a-prompt-into-steps.md"


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


def test_the_page_shows_the_chain_as_it_is() -> None:
    assert (EXAMPLE / "tasks/product-sheet/task.toml").read_text().strip() in PAGE.read_text()


def test_the_page_shows_both_sets_as_they_were_measured_the_held_out_one_first() -> None:
    page, sets = PAGE.read_text(), measured()
    places = []
    for name, found in sets.items():
        apart = found["difference"]
        value, low, high = (100 * share for share in apart["passed"])
        row = f"| {name} | {value:+.1f} | {low:+.1f} to {high:+.1f} | {apart['better']} | "
        assert f"{row}{apart['worse']} | {apart['sign_p']:.2g} |" in page
        for task, title in (("product-sheet", "the chain"), ("product-sheet-in-one", "one prompt")):
            of = found["tasks"][task]
            row = f"| {name}: {title} | {share_of(of)} | {of['conform']} of {of['cases']} |"
            tokens = f"{of['tokens in']:.0f} | {of['tokens out']:.0f} | ${of['usd a thousand']:.2f}"
            row += f" {tokens} | {times_of(of)} |"
            assert row in page
            places.append(page.index(row))
    assert list(sets) == ["held-out", "development"]
    assert places == sorted(places)


def test_the_page_shows_fields_and_steps_as_they_were_measured() -> None:
    page, sets = PAGE.read_text(), measured()
    of_both = [
        [found["tasks"][task]["expectations"] for task in ("product-sheet", "product-sheet-in-one")]
        for found in sets.values()
    ]
    for field in of_both[0][0]:
        row = " | ".join(
            f"{passed} of {of}" for pair in of_both for passed, of in each(pair, field)
        )
        assert f" | {row} |" in page
    for found in sets.values():
        for step in found["blame"]["steps"]:
            row = f"| {step['step']} | {step['first']} of {found['blame']['failing']} |"
            assert f"{row} {step['failing']} | {times_of(step)} |" in page
    for step in sets["held-out"]["blame"]["steps"]:
        alone = (found["tasks"][step["task"]] for found in sets.values())
        shares = " | ".join(share_of(of) for of in alone)
        of = sets["held-out"]["tasks"][step["task"]]
        tokens = f"{of['tokens in']:.0f} | {of['tokens out']:.0f}"
        assert f"| {step['step']} | {shares} | {tokens} |" in page


def share_of(of: dict[str, Any]) -> str:
    """As the page's tables show a share of cases."""
    interval = f"{of['low']:.0%} to {of['high']:.0%}".replace("%", " %")
    return f"{of['passed']} of {of['cases']} | {interval}"


def times_of(of: dict[str, Any]) -> str:
    return f"{of['p50_ms'] / 1000:.1f} s | {of['p95_ms'] / 1000:.1f} s"


def each(pair: list[dict[str, list[int]]], field: str) -> list[list[int]]:
    return [of_task[field] for of_task in pair]


def measured() -> dict[str, Any]:
    (results,) = sorted((ROOT / "benchmarks/results").glob("product-sheet-*.json"))
    sets: dict[str, Any] = json.loads(results.read_text())["sets"]
    return sets
