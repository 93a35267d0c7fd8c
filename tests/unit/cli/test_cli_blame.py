"""`roadworthy test CHAIN --blame` over a provider on loopback."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from canned_upstream import Upstream, canned_upstream
from projects import write_project
from roadworthy.cli.app import app
from roadworthy.cli.test.changed import changed_tasks
from roadworthy.tasks import load_project

Run = Callable[..., Any]
SHEET = """
[input.fields]
note = "string"

[[step]]
name = "facts"
task = "extract"

[[step]]
name = "praise"
task = "copy"
input.name = "facts.name"

[output]
name = "facts.name"
text = "praise.text"
"""
EXTRACT = """
model = "canned"
[input.fields]
note = "string"

[output.fields]
name = "string"
"""
COPY = """
model = "canned"
[input.fields]
name = "string"

[output.fields]
text = "string"

[test]
checks = [{ not_contains = "sadly", at = "/text" }]
"""


def answer(request: dict[str, Any]) -> str:
    """Reads the note's second word as the name; of anything called Orla it says nothing good."""
    asked = request["messages"][-1]["content"]
    kind, _, rest = asked.partition(" ")
    if kind == "read":
        return json.dumps({"name": rest.split()[-1]})
    return json.dumps({"text": f"{rest}, sadly." if rest == "Orla" else f"Buy {rest}."})


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with canned_upstream(answer) as running:
        yield running


@pytest.fixture
def root(upstream: Upstream, tmp_path: Path) -> Path:
    write_project(tmp_path, upstream.base_url)
    for task, text, prompt in (
        ("sheet", SHEET, ""),
        ("extract", EXTRACT, "read {{ note }}"),
        ("copy", COPY, "praise {{ name }}"),
    ):
        folder = tmp_path / "tasks" / task
        (folder / "prompt").mkdir(parents=True)
        (folder / "task.toml").write_text(text)
        if prompt:
            (folder / "prompt/user.md").write_text(prompt)
        else:
            (folder / "prompt").rmdir()
    cases(
        tmp_path,
        {"id": "fine", "input": {"note": "mug Fjord"}, "expect": {"text": "Buy Fjord."}},
        {"id": "misread", "input": {"note": "Fjord mug"}, "expect": {"name": "Fjord"}},
        {"id": "sad", "input": {"note": "lamp Orla"}, "checks": [{"cel": "size(output.text) < 5"}]},
    )
    return tmp_path


@pytest.fixture
def run(root: Path) -> Run:
    return lambda *words: CliRunner().invoke(app, [*words, "--project", str(root)])


def cases(root: Path, *lines: dict[str, Any]) -> None:
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (root / "tasks/sheet/cases.jsonl").write_text(text)


def blamed(document: dict[str, Any]) -> dict[str, str]:
    (task,) = document["tasks"]
    return {case["id"]: case["runs"][0].get("blamed", "") for case in task["cases"]}


def test_failing_cases_name_the_step_that_failed_first_and_steps_their_share(run: Run) -> None:
    result = run("test", "sheet", "--blame")
    assert result.exit_code == 1, result.output
    assert "Of 2 failing runs, 1 failed first at step 'facts'." in result.output
    assert "facts (extract)  1             50.0%" in result.output
    assert "failed first at step 'praise'\n    praise: not_contains./text: it does" in (
        result.output
    )


def test_what_was_measured_before_is_blamed_by_its_recorded_steps(
    run: Run, upstream: Upstream
) -> None:
    run("test", "sheet")
    asked = len(upstream.asked)
    result = run("test", "sheet", "--blame", "--json", "-")
    assert blamed(json.loads(result.output)) == {"fine": "", "misread": "facts", "sad": "praise"}
    assert len(upstream.asked) == asked


def test_expectations_of_steps_fail_the_case_and_are_scored_on_recorded_steps(
    root: Path, run: Run, upstream: Upstream
) -> None:
    case = {"id": "fine", "input": {"note": "mug Fjord"}}
    cases(root, case)
    assert run("test", "sheet").exit_code == 0
    asked = len(upstream.asked)
    cases(root, case | {"steps": {"facts": {"expect": {"name": "Fjord mug"}}}})
    result = run("test", "sheet", "--blame")
    assert result.exit_code == 1
    assert 'facts: expect./name: "Fjord", expected "Fjord mug"' in result.output
    assert "0 asked, 1 measured before (1 scored anew)" in result.output
    assert len(upstream.asked) == asked


def test_failures_that_nothing_explains_are_told_and_what_to_write(root: Path, run: Run) -> None:
    cases(root, {"id": "odd", "input": {"note": "mug Fjord"}, "checks": [{"cel": "false"}]})
    result = run("test", "sheet", "--blame")
    assert "Nothing speaks against any step in 1 failing run." in result.output
    assert "Nothing speaks against any step in: odd. Say what their steps should give" in (
        " ".join(result.output.split())
    )


def test_reports_for_machines_and_pull_requests_name_the_steps(root: Path, run: Run) -> None:
    result = run("test", "sheet", "--blame", "--junit", str(root / "out.xml"), "--markdown", "-")
    assert "| facts (extract) | 1 | 50.0% |" in result.output
    suite = ElementTree.fromstring((root / "out.xml").read_text())
    assert suite.find(".//property[@name='failed_first.facts']").attrib["value"] == "1"  # type: ignore[union-attr]
    failure = suite.find(".//testcase[@name='misread']/failure")
    assert failure is not None
    assert "failed first at step 'facts'" in (failure.text or "")


def test_a_step_is_tested_alone_on_what_chains_under_test_asked_it(run: Run) -> None:
    run("test", "sheet")
    result = run("test", "copy", "--from-calls", "--with-tests")
    assert "3 different inputs of 3 calls" in result.output
    assert "2 of 3 cases pass" in result.output


def test_recorded_inputs_of_a_chain_are_blamed_on_steps_as_well(run: Run) -> None:
    run("test", "sheet")
    result = run("test", "sheet", "--from-calls", "--with-tests", "--blame", "--json", "-")
    assert blamed(json.loads(result.output)) == {"fine": "", "misread": "facts", "sad": "praise"}
    assert run("test", "copy", "--from-calls", "--with-tests", "--blame").exit_code == 2


def test_a_chain_is_tested_again_where_a_step_of_it_has_changed(root: Path) -> None:
    project = load_project(root)
    assert changed_tasks(project, ["tasks/copy/prompt/user.md"]) == ["sheet"]
    assert changed_tasks(project, ["tasks/triage/prompt/user.md"]) == []


def test_only_chains_have_steps_to_blame(run: Run) -> None:
    result = run("test", "copy", "--blame")
    assert result.exit_code == 2
    assert "'copy' (working) is no chain: there are no steps to blame" in result.output


def test_a_version_is_blamed_by_the_suites_of_the_versions_that_it_pins(
    root: Path, run: Run
) -> None:
    published = run("publish", "--all", "-m", "first")
    assert published.exit_code == 0, published.output
    (root / "tasks/copy/task.toml").write_text(COPY.replace("sadly", "Buy"))
    result = run("test", "sheet", "--version", "1.0.0", "--blame", "--json", "-")
    assert blamed(json.loads(result.output)) == {"fine": "", "misread": "facts", "sad": "praise"}
    (task,) = json.loads(result.output)["tasks"]
    assert [step["version"] for step in task["blame"]["steps"]] == ["1.0.0", "1.0.0"]
