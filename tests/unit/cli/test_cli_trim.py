"""`roadworthy trim` over a provider on loopback, with the registry that keeps what it measures."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from canned_upstream import Upstream, canned_upstream
from roadworthy.cli.app import app
from seeded_prompt import seeded_answer, write_seeded


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with canned_upstream(seeded_answer) as running:
        yield running


@pytest.fixture
def root(upstream: Upstream, tmp_path: Path) -> Path:
    return write_seeded(tmp_path, upstream.base_url)


def trim(root: Path, *words: str) -> Any:
    return CliRunner().invoke(app, ["trim", "triage", *words, "--project", str(root)])


def test_it_proposes_a_patch_that_git_takes_and_goes_on_for_nothing(
    root: Path, upstream: Upstream
) -> None:
    patch = root / "trim.patch"
    result = trim(root, "--calls-per-month", "1000000", "-o", str(patch))
    assert result.exit_code == 0, result.output
    assert "As it is, 100.0% of 24 cases pass." in result.output
    assert "Money at 1,000,000 calls a month (as stated)" in result.output
    assert "Proposed: leave out 5 parts." in result.output
    assert "Measured together: +0.0 points of pass rate (95 % interval" in result.output
    assert (root / ".roadworthy/trims/triage.json").is_file()
    asked = len(upstream.asked)
    again = trim(root, "-o", str(patch))
    assert "0 asked" in again.output
    assert len(upstream.asked) == asked
    subprocess.run(["git", "apply", str(patch)], cwd=root, check=True)
    tested = CliRunner().invoke(app, ["test", "triage", "--project", str(root)])
    assert "24 of 24 cases pass" in tested.output
    assert "0 asked, 24 measured before" in tested.output  # the proposal was measured itself


def test_a_plan_asks_nothing(root: Path, upstream: Upstream) -> None:
    result = trim(root, "--plan", "--max-cost", "0.5")
    assert result.exit_code == 0, result.output
    assert "192 questions to ask for each part alone, at most about $" in result.output
    assert "Budget: 1,000 questions, $0.5" in result.output
    assert "Money saved is not known: no calls are recorded" in result.output
    assert upstream.asked == []


def test_a_small_budget_ends_with_status_3_and_says_what_is_missing(root: Path) -> None:
    result = trim(root, "--max-questions", "90")
    assert result.exit_code == 3
    assert "parts were not measured: the budget of questions was used up" in result.output
    assert trim(root, "--max-questions", "10", "--no-cache").exit_code == 2


def test_everything_is_there_for_machines(root: Path) -> None:
    report = json.loads(trim(root, "--json", "-").output)
    assert report["kind"] == "trim"
    assert {part["verdict"] for part in report["parts"]} == {"spare", "needed"}
    assert report["proposal"]["patch"].startswith("--- a/tasks/triage/prompt/")
    assert report["proposal"]["pass_rate"]["low"] < 0 < report["proposal"]["pass_rate"]["high"]


def test_recorded_calls_are_the_volume(root: Path) -> None:
    run = ["run", "triage", "--input", "comment=good mug", "--project", str(root)]
    assert CliRunner().invoke(app, run).exit_code == 0
    result = trim(root, "--plan")
    assert "Money at 30 calls a month (1 call recorded in 1 day)" in result.output
