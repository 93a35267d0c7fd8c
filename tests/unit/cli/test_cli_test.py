"""`roadworthy test` over a provider on loopback, with the registry that promotions ask."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from canned_upstream import Upstream, canned_upstream
from projects import TASK, write_project
from roadworthy.cli.app import app
from roadworthy.cli.test.running import stopped_by_ctrl_c

Run = Callable[..., Any]
GATE = "\n[test]\nn = 1\n\n[gate]\npass_rate = 1.0\n"


def answer(request: dict[str, Any]) -> str:
    asked = request["messages"][-1]["content"]
    if asked.startswith("Judge"):
        return json.dumps({"score": 0.2, "reason": "too curt"})
    sentiment = "positive" if "good" in asked else "negative"
    return json.dumps({"sentiment": sentiment, "confidence": 0.5})


def case(comment: str, sentiment: str, **more: Any) -> str:
    given = {"input": {"comment": comment}, "expect": {"sentiment": sentiment}}
    return json.dumps(given | more) + "\n"


GOOD = case("good", "positive", id="kind", tags=["short"])
BAD = case("bad", "negative", id="angry", tags=["short"])
WRONG = case("good grief", "negative", id="sly", tags=["irony"])


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with canned_upstream(answer) as running:
        yield running


@pytest.fixture
def root(upstream: Upstream, tmp_path: Path) -> Path:
    write_project(tmp_path, upstream.base_url)
    (tmp_path / "tasks/triage/cases.jsonl").write_text(GOOD + BAD)
    return tmp_path


@pytest.fixture
def run(root: Path) -> Run:
    return lambda *words: CliRunner().invoke(app, [*words, "--project", str(root)])


def cases(root: Path, *lines: str) -> None:
    (root / "tasks/triage/cases.jsonl").write_text("".join(lines))


def test_cases_that_pass_are_counted_by_tag_and_the_status_is_0(run: Run) -> None:
    result = run("test", "triage")
    assert result.exit_code == 0, result.output
    assert (
        "triage, working copy, on openai-compatible/canned-1: 2 of 2 cases pass." in result.output
    )
    assert "short  2 of 2  100.0%  34 to 100%" in result.output
    assert "2 runs: 2 asked" in result.output


def test_a_failing_case_shows_what_was_found_and_the_call_to_open(root: Path, run: Run) -> None:
    cases(root, GOOD, WRONG)
    result = run("test")
    assert result.exit_code == 1
    assert 'expect./sentiment: "positive", expected "negative"' in result.output
    opened = result.output.partition("roadworthy call ")[2].split()[0]
    assert "good grief" in run("call", opened).output


def test_a_second_run_asks_nothing_and_a_changed_case_alone_is_asked(
    root: Path, run: Run, upstream: Upstream
) -> None:
    run("test")
    assert "2 runs: 0 asked, 2 measured before" in run("test").output
    cases(root, GOOD, BAD, WRONG)
    assert "3 runs: 1 asked, 2 measured before" in run("test").output
    assert len(upstream.asked) == 3
    assert "3 runs: 3 asked" in run("test", "--no-cache").output


def test_changed_expectations_are_scored_on_what_was_answered(
    root: Path, run: Run, upstream: Upstream
) -> None:
    run("test")
    cases(root, case("good", "negative", id="kind"), BAD)
    result = run("test")
    assert result.exit_code == 1
    assert "2 runs: 0 asked, 2 measured before (1 scored anew)" in result.output
    assert len(upstream.asked) == 2


def test_a_changed_prompt_is_asked_anew(root: Path, run: Run) -> None:
    run("test")
    (root / "tasks/triage/prompt/system.md").write_text("You read comments closely.\n")
    assert "2 runs: 2 asked" in run("test").output


def test_the_gate_refuses_until_the_command_that_it_names_was_run(root: Path, run: Run) -> None:
    (root / "tasks/triage/task.toml").write_text(TASK + GATE)
    run("publish", "triage", "-m", "first")
    refused = run("promote", "triage", "1.0.0", "--to", "production")
    assert refused.exit_code == 1
    wanted = "roadworthy test triage --version 1.0.0"
    assert wanted in refused.output
    tested = run(*wanted.split()[1:])
    assert tested.exit_code == 0, tested.output
    assert "The gate holds." in tested.output
    assert run("promote", "triage", "1.0.0", "--to", "production").exit_code == 0


def test_a_version_is_tested_by_the_cases_of_production_too(root: Path, run: Run) -> None:
    (root / "tasks/triage/task.toml").write_text(TASK + GATE)
    run("publish", "triage", "-m", "first")
    run("test", "triage", "--version", "1.0.0")
    run("promote", "triage", "1.0.0", "--to", "production")
    cases(root, GOOD)
    (root / "tasks/triage/prompt/system.md").write_text("You read comments closely.\n")
    run("publish", "triage", "-m", "second")
    result = run("test", "triage", "--version", "1.1.0")
    assert "triage, 1.1.0" in result.output
    assert "2 of 2 cases pass" in result.output
    assert run("promote", "triage", "1.1.0", "--to", "production").exit_code == 0


def test_what_the_gate_misses_is_said_as_promote_says_it(root: Path, run: Run) -> None:
    (root / "tasks/triage/task.toml").write_text(TASK + GATE)
    cases(root, GOOD, WRONG)
    run("publish", "triage", "-m", "first")
    tested = run("test", "triage", "--version", "1.0.0")
    assert tested.exit_code == 1
    refused = run("promote", "triage", "1.0.0", "--to", "production")
    miss = next(line.strip() for line in refused.output.splitlines() if "pass_rate" in line)
    assert miss.startswith("pass_rate")
    assert miss in tested.output


def test_a_cassette_answers_without_a_provider(root: Path, run: Run, upstream: Upstream) -> None:
    cassette = str(root / "said.jsonl")
    assert run("test", "--n", "2", "--record", cassette).exit_code == 0
    asked = len(upstream.asked)
    assert asked == 4
    result = run("test", "--n", "2", "--replay", cassette)
    assert result.exit_code == 0, result.output
    assert "4 runs: 4 asked of the cassette" in result.output
    assert len(upstream.asked) == asked


def test_what_a_cassette_does_not_hold_is_named_by_case_and_is_no_verdict(
    root: Path, run: Run
) -> None:
    cassette = str(root / "said.jsonl")
    run("test", "--record", cassette)
    cases(root, GOOD, BAD, WRONG)
    result = run("test", "--replay", cassette)
    assert result.exit_code == 3
    assert "Unscored (1):\n  sly (irony)" in result.output
    assert "exchange_missing" in result.output


def test_documents_are_written_for_machines_and_for_people(root: Path, run: Run) -> None:
    cases(root, GOOD, WRONG)
    names = {kind: root / f"out/report.{kind}" for kind in ("xml", "json", "md")}
    run(
        "test",
        "--junit",
        str(names["xml"]),
        "--json",
        str(names["json"]),
        "--markdown",
        str(names["md"]),
    )
    suite = ElementTree.fromstring(names["xml"].read_text()).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    document = json.loads(names["json"].read_text())
    assert (document["status"], document["tasks"][0]["cases"][1]["verdict"]) == ("failed", "failed")
    assert "### ❌ triage working: 1 of 2 cases pass" in names["md"].read_text()


JUDGE = """
model = "canned"
[input.fields.output]
type = "string"
[output.fields.score]
type = "number"
minimum = 0
maximum = 1
[output.fields.reason]
type = "string"
"""


def test_judges_and_functions_of_the_project_score_answers(root: Path, run: Run) -> None:
    (root / "tasks/tone/prompt").mkdir(parents=True)
    (root / "tasks/tone/task.toml").write_text(JUDGE)
    (root / "tasks/tone/prompt/user.md").write_text("Judge {{ output }}\n")
    function = "def sure(output, _):\n    return False, 'unsure'\n"
    (root / "tasks/triage/checks.py").write_text(function)
    checks = [{"judge": "tone", "min": 0.7}, {"python": "checks.py:sure"}]
    cases(root, case("good", "positive", id="kind", checks=checks))
    result = run("test", "triage")
    assert result.exit_code == 1
    assert "judge.tone (0.20): too curt" in result.output
    assert "python.sure: unsure" in result.output
    assert "judges asked 1 times" in result.output
    assert "judges asked" not in run("test", "triage").output


def test_a_version_is_tested_though_a_working_copy_is_at_fault(root: Path, run: Run) -> None:
    run("publish", "triage", "-m", "first")
    (root / "tasks/triage/task.toml").write_text("model = 3\n")
    assert run("test", "triage").exit_code == 2
    assert run("test", "triage", "--version", "1.0.0").exit_code == 0


def test_two_versions_are_compared_though_a_working_copy_is_at_fault(root: Path, run: Run) -> None:
    run("publish", "triage", "-m", "first")
    (root / "tasks/triage/prompt/user.md").write_text("Read: {{ comment }}\n")
    run("publish", "triage", "-m", "second")
    (root / "tasks/triage/task.toml").write_text("model = 3\n")
    assert run("test", "triage", "--compare", "1.0.0", "working").exit_code == 2
    result = run("test", "triage", "--compare", "1.0.0", "1.1.0")
    assert "cannot tell 1.1.0 from 1.0.0" in result.output


def test_a_document_may_take_the_place_of_the_table(run: Run) -> None:
    assert json.loads(run("test", "--json", "-").output)["status"] == "passed"
    assert run("test", "--markdown", "-").output.startswith("### ✅ triage working")


def test_only_what_changed_is_tested(root: Path, run: Run) -> None:
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        subprocess.run(["git", *identity, *words], cwd=root, check=True)
    assert "No task with cases differs from HEAD." in run("test", "--changed-since", "HEAD").output
    cases(root, GOOD)
    assert "1 of 1 cases pass" in run("test", "--changed-since", "HEAD").output


def test_the_first_ctrl_c_stops_the_asking_and_leaves_the_second_to_python() -> None:
    async def press_twice() -> bool:
        stop = asyncio.Event()
        with stopped_by_ctrl_c(stop):
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.wait_for(stop.wait(), 5)
        return stop.is_set()

    before = signal.getsignal(signal.SIGINT)
    assert asyncio.run(press_twice())
    assert signal.getsignal(signal.SIGINT) is before


def test_two_versions_are_compared_on_the_same_cases(root: Path, run: Run) -> None:
    cases(root, GOOD, BAD, WRONG)
    run("publish", "triage", "-m", "first")
    (root / "tasks/triage/prompt/user.md").write_text("Comment: bad {{ comment }}\n")
    result = run("test", "triage", "--compare", "1.0.0", "working")
    assert result.exit_code == 0, result.output
    assert "The data cannot tell working from 1.0.0" in result.output
    assert (
        "like these to be seen four times out of five" in result.output or "+0.0" in result.output
    )


def test_equal_definitions_are_not_asked_twice(run: Run, upstream: Upstream) -> None:
    run("publish", "triage", "-m", "first")
    result = run("test", "triage", "--compare", "1.0.0", "working")
    assert result.exit_code == 0
    assert "answer alike" in result.output
    assert upstream.asked == []


def test_money_ends_the_test_before_it_is_exceeded(
    root: Path, run: Run, upstream: Upstream
) -> None:
    """A call costs 0.00004 dollars: 20 tokens at 1, 10 at 2 dollars a million."""
    task = TASK.replace("temperature = 0", "temperature = 0\nmax_tokens = 20")
    (root / "tasks/triage/task.toml").write_text(task)
    cases(root, *(case(f"good {i}", "positive", id=f"c{i}") for i in range(20)))
    result = run("test", "--max-cost", "0.0004", "--concurrency", "1")
    assert result.exit_code == 3, result.output
    assert "Left out: 10 runs (10 whole cases), because the next could exceed" in result.output
    assert len(upstream.asked) == 10
    more = run("test", "--max-cost", "1")
    assert more.exit_code == 0
    assert "20 runs: 10 asked, 10 measured before" in more.output


def test_a_limit_without_a_price_is_refused(root: Path, run: Run) -> None:
    models = (root / "models.toml").read_text()
    (root / "models.toml").write_text(models.partition("[models.canned.price]")[0])
    result = run("test", "--max-cost", "1")
    assert result.exit_code == 2
    assert "the price of canned is not known" in result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["test", "triag"], "did you mean"),
        (["test", "triage", "--version", "1.0.0"], "triage"),
        (["test", "--version", "1.0.0"], "name it"),
        (["test", "--tag", "shor"], "no case has the tag 'shor'; did you mean \"short\"?"),
        (["test", "--replay", "nowhere.jsonl"], "nowhere.jsonl"),
        (["test", "--record", "a", "--replay", "b"], "one of --record and --replay"),
        (["test", "--compare", "1.0.0", "working"], "one TASK"),
    ],
)
def test_what_cannot_begin_has_the_status_2(run: Run, words: list[str], said: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert said in result.output


@pytest.mark.parametrize("words", [[], ["triage"]])
def test_a_project_without_cases_says_how_to_write_one(
    root: Path, run: Run, words: list[str]
) -> None:
    (root / "tasks/triage/cases.jsonl").unlink()
    result = run("test", *words)
    assert result.exit_code == 2
    assert "cases.jsonl" in result.output


def ask(run: Run, *comments: str) -> None:
    for comment in comments:
        assert run("run", "triage", "--input", f"comment={comment}").exit_code == 0


def test_recorded_inputs_are_asked_alone_and_held_against_what_was_answered(
    root: Path, run: Run
) -> None:
    ask(run, "good", "good", "bad")
    cases(root, GOOD.replace("positive", "negative"), WRONG)
    (root / "tasks/triage/prompt/system.md").write_text("You read comments closely.\n")
    result = run("test", "triage", "--from-calls")
    assert result.exit_code == 1, result.output
    assert "Asked of recorded calls: 2 different inputs of 3 calls." in result.output
    assert "Same answer as recorded: 100.0% of calls" in result.output
    assert "triage, working copy, on openai-compatible/canned-1: 1 of 2 cases pass." in (
        result.output
    )
    assert "kind (short)" in result.output  # the case that asks the same says what is expected


def test_answers_to_recorded_inputs_are_no_evidence_and_kept_no_longer_than_calls(
    root: Path, run: Run
) -> None:
    ask(run, "good")
    cases(root)
    for _ in range(2):
        assert "1 run: 1 asked" in run("test", "triage", "--from-calls").output


def test_calls_that_tests_made_are_asked_if_wanted_and_none_at_all_is_told(run: Run) -> None:
    run("test", "triage")
    nothing = run("test", "triage", "--from-calls")
    assert nothing.exit_code == 2
    assert "no call of 'triage' is recorded; --with-tests takes those" in nothing.output
    found = run("test", "triage", "--from-calls", "--with-tests", "--inputs", "1")
    assert "1 different input of 1 call." in found.output


def test_nothing_that_could_be_asked_of_recorded_calls_is_no_success(root: Path, run: Run) -> None:
    ask(run, "good")
    unknown = run("test", "triage", "--from-calls", "--tag", "old")
    assert (unknown.exit_code, "no case has the tag 'old'" in unknown.output) == (2, True)
    task = root / "tasks/triage/task.toml"
    task.write_text(task.read_text().replace('type = "string"', 'type = "integer"', 1))
    (root / "tasks/triage/cases.jsonl").unlink()
    unfit = run("test", "triage", "--from-calls")
    assert "Not asked, as their input is not this version's any more" in unfit.output
    assert unfit.exit_code == 3


def test_recorded_calls_need_a_task_and_their_options_need_them(run: Run) -> None:
    assert "name it" in run("test", "--from-calls").output
    assert run("test", "triage", "--since", "2h").exit_code == 2
    assert run("test", "triage", "--from-calls", "--compare", "1.0.0", "working").exit_code == 2
