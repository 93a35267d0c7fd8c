from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from roadworthy.cli.app import app
from roadworthy.cli.init import write_project
from roadworthy.core import Attempt, Call, Reason, SystemClock, Usage, new_id
from roadworthy.storage import JournalWriter, StateFolder

NOW_US = SystemClock().now_us()
DAY_US = 86_400_000_000
BROKEN = Reason(kind="failure", name="enum", path="/sentiment")


def call(outcome: str, *, days_ago: float = 0.1, model: str = "fast") -> Call:
    started_us = NOW_US - round(days_ago * DAY_US)
    return Call(
        id=new_id(started_us),
        task="triage",
        version="working",
        model=model,
        started_us=started_us,
        outcome=outcome,  # type: ignore[arg-type]  # a test's own word
        schema_digest="5c" * 32,
        reasons=(BROKEN,) if outcome == "failed" else (),
        attempts=[
            Attempt(model=model, provider="openai", mode="strict"),
            Attempt(
                model=model,
                provider="openai",
                mode="json",
                purpose="reask",
                usage=Usage(input_tokens=100, output_tokens=20),
                cost_nusd=5_000_000,
            ),
        ],
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_project(tmp_path, "triage")
    recorded = [
        *(call("first_pass") for _ in range(18)),
        *(call("failed") for _ in range(2)),
        *(call("first_pass", days_ago=10, model="slow") for _ in range(5)),
        call("errored"),
    ]
    with JournalWriter(StateFolder(tmp_path / ".roadworthy"), "g1", SystemClock()) as journal:
        for one in recorded:
            journal.append(one)
    return tmp_path


def run(project: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["conformance", "--project", str(project), *options])


def test_it_says_first_what_all_of_it_comes_to(project: Path) -> None:
    text = run(project).output
    assert text.startswith("18 of 20 checked answers conform: 90.0% (95 % interval 69.8% to 97.3%)")
    assert "Before: 100.0% of 5, a change of -10.0 (-30.1 to +34.0), cannot tell." in text
    assert "no answer to check: 1 errored." in text
    assert "Asked again: 21 questions, 2,100 → 420 tokens, $0.1050." in text
    (row,) = (line for line in text.splitlines() if line.startswith("triage  openai    fast"))
    assert "strict" in row
    assert "not delivered  enum  /sentiment      2  10.0%" in text


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ([], 0),
        (["--fail-under", "0.9"], 0),
        (["--fail-under", "0.91"], 3),
        (["--fail-under", "0.91", "--json"], 3),
        (["--fail-under", "0.1", "--task", "nobody"], 4),
        (["--model", "nobody"], 0),
        (["--fail-under", "1.1"], 2),
        (["--by", "colour"], 2),
        (["--by", "reason,model"], 2),
        (["--by", "hour", "--since", "31d"], 2),
        (["--since", "soon"], 2),
    ],
)
def test_the_exit_status_tells_scripts(project: Path, options: list[str], status: int) -> None:
    assert run(project, *options).exit_code == status


def test_conditions_and_dimensions_are_passed_on(project: Path) -> None:
    narrowed = ["--model", "slow", "--mode", "strict", "--provider", "openai", "--schema", "5c5c"]
    options = [*narrowed, "--version", "working", "--since", "20d", "--by", "schema,model"]
    report = json.loads(run(project, *options, "--json").output)
    assert report["total"]["share"]["checked"] == 5
    assert [line["key"] for line in report["lines"]] == [{"schema": "5c" * 32, "model": "slow"}]


def test_hours_are_lines_in_their_order(project: Path) -> None:
    text = run(project, "--by", "hour,model", "--since", "11d").output
    rows = [line for line in text.splitlines() if ":00  " in line and "conform" not in line]
    assert [row.split()[2] for row in rows] == ["slow", "fast"]
    assert "CHANGE" not in text


def test_a_project_without_calls_says_what_makes_one(tmp_path: Path) -> None:
    write_project(tmp_path, "triage")
    StateFolder(tmp_path / ".roadworthy").create()
    text = run(tmp_path).output
    assert text.startswith("No call with an output schema from ")
    assert "json_schema" in text
