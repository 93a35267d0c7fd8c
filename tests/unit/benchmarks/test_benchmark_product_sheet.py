"""Held-out cases are of the form of those that prompts were chosen on, and none of them again."""

from __future__ import annotations

import importlib
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from roadworthy.tasks import Case, Project, load_project

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples" / "product-sheet"


@pytest.fixture(scope="module")
def cases() -> Iterator[Any]:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    yield importlib.import_module("harness.product_sheet_cases")
    sys.path.remove(str(ROOT / "benchmarks"))


@pytest.fixture
def held_out(cases: Any, tmp_path: Path) -> Project:
    root = tmp_path / "product-sheet"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns(".roadworthy"))
    cases.hold_out(root)
    return load_project(root)


def note_of(case: Case) -> str:
    assert case.input is not None
    return str(case.input["note"])


def notes(project: Project) -> set[str]:
    return {note_of(case) for case in project.suites["product-sheet"].cases}


def test_the_held_out_cases_take_the_place_of_all_others(held_out: Project) -> None:
    assert {len(suite.cases) for suite in held_out.suites.values()} == {40}
    assert len(notes(held_out)) == 40
    assert not notes(held_out) & notes(load_project(EXAMPLE))


def test_no_held_out_product_is_one_of_the_others(held_out: Project) -> None:
    names = [
        {case.checks[0]["contains"] for case in project.suites["product-sheet"].cases}
        for project in (held_out, load_project(EXAMPLE))
    ]
    assert not names[0] & names[1]


def test_what_is_expected_of_a_held_out_answer_is_in_its_note(held_out: Project) -> None:
    for case in held_out.suites["product-sheet"].cases:
        expected = [check["contains"] for check in case.checks[:3]]
        assert case.checks[3]["contains_all"] == expected
        assert all(word.lower() in note_of(case).lower() for word in expected)


def test_steps_are_asked_in_the_form_of_their_own_cases(cases: Any) -> None:
    tasks = EXAMPLE / "tasks"
    read = {
        task.name: [json.loads(line) for line in (task / "cases.jsonl").read_text().splitlines()]
        for task in tasks.iterdir()
    }
    whole = read["product-sheet"]
    assert [cases.extraction(case) for case in whole] == read["extract-characteristics"]
    assert [cases.praise(case) for case in whole] == read["marketing-copy"]
    assert [cases.search(case) for case in whole] == read["search-text"]


def test_the_figures_are_of_the_prompts_that_are_here(cases: Any) -> None:
    (results,) = sorted((ROOT / "benchmarks/results").glob("product-sheet-*.json"))
    assert json.loads(results.read_text())["prompts"] == cases.prompts_digest(EXAMPLE)
