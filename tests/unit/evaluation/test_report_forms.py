"""JUnit XML and Markdown: what CI systems read, whatever a model has written."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.evaluation.documents import report_json
from roadworthy.evaluation.junit import junit_xml
from roadworthy.evaluation.markdown import report_markdown, text
from roadworthy.evaluation.report import CaseReport, Report, RunReport, TaskReport
from roadworthy.registry import Figures, Miss, Score, Share


def run(passed: bool | None, *, reason: str = "", number: int = 0, **more: Any) -> RunReport:
    return RunReport(
        run=number,
        passed=passed,
        outcome=more.pop("outcome", "first_pass"),
        scores=(Score(name="contains", passed=passed, reason=reason),),
        latency_ms=1500,
        call="01a1",
        **more,
    )


def report(*cases: CaseReport, **task: Any) -> Report:
    figures = Figures(pass_rate=Share(value=0.5, low=0.2, high=0.8, n=2), cases=len(cases))
    return Report(
        tasks=(
            TaskReport(
                task="triage",
                version="1.0.0",
                definition="d",
                model="openai/m",
                binding="b",
                figures=task.pop("figures", figures),
                cases=cases,
                **task,
            ),
        )
    )


GOOD = CaseReport(id="good", verdict="passed", runs=(run(True),))
BAD = CaseReport(id="bad", verdict="failed", tags=("edge",), runs=(run(False, reason="no refund"),))


def suite_of(found: Report) -> ElementTree.Element:
    suite = ElementTree.fromstring(junit_xml(found)).find("testsuite")
    assert suite is not None
    return suite


def test_runs_are_test_cases_with_what_failed_and_where_to_look() -> None:
    suite = suite_of(report(GOOD, BAD))
    assert suite.attrib == {
        "name": "triage@1.0.0",
        "tests": "2",
        "failures": "1",
        "errors": "0",
        "skipped": "0",
        "time": "3.000",
    }
    failure = suite.find("testcase[@name='bad']/failure")
    assert failure is not None
    assert failure.get("message") == "contains: no refund"
    assert "roadworthy call 01a1" in (failure.text or "")
    assert "tags: edge" in (failure.text or "")


def test_what_has_no_verdict_is_an_error_or_skipped_and_what_was_not_asked_is_skipped() -> None:
    away = run(None, error="upstream_unavailable: away", outcome="errored")
    found = report(
        CaseReport(id="away", verdict="unscored", runs=(away,)),
        CaseReport(id="unscored", verdict="unscored", runs=(run(None, reason="judge failed"),)),
        CaseReport(id="later", verdict="left_out", wanted=2),
        left_out=2,
    )
    suite = suite_of(found)
    assert (suite.get("tests"), suite.get("errors"), suite.get("skipped")) == ("4", "1", "3")
    assert found.status == "incomplete"


def test_repeats_are_test_cases_of_their_own() -> None:
    flaky = CaseReport(id="f", verdict="flaky", wanted=2, runs=(run(True), run(False, number=1)))
    names = [case.get("name") for case in suite_of(report(flaky)).iter("testcase")]
    assert names == ["f (run 1 of 2)", "f (run 2 of 2)"]


def test_what_the_gate_misses_is_a_failure_of_its_own() -> None:
    miss = Miss(figure="p95_ms", wanted=1, found=2, message="p95_ms 2 ms of at most 1 ms")
    suite = suite_of(report(GOOD, gate=True, misses=(miss,)))
    failure = suite.find("testcase[@name='gate: p95_ms']/failure")
    assert failure is not None
    assert failure.get("message") == miss.message


@given(st.text())
def test_whatever_a_model_writes_the_xml_stays_well_formed(words: str) -> None:
    try:
        words.encode()
    except UnicodeEncodeError:
        words += "\ud800"
    case = CaseReport(id=words, verdict="failed", tags=(words,), runs=(run(False, reason=words),))
    found = suite_of(report(case)).find("testcase/failure")
    assert found is not None
    assert (found.text or "").startswith("contains: ")


def test_signs_that_xml_cannot_say_are_shown_as_their_code() -> None:
    case = CaseReport(id="c", verdict="failed", runs=(run(False, reason="a\x00b\x1b[31m\ufffe"),))
    failure = suite_of(report(case)).find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == r"contains: a\u0000b\u001b[31m\ufffe"


@pytest.mark.parametrize(
    "words", ["<script>x</script>", "[a](http://evil)", "@everyone", "a | b", "`x`", "</details>"]
)
def test_markdown_shows_what_a_model_wrote_and_runs_none_of_it(words: str) -> None:
    case = CaseReport(id="c", verdict="failed", runs=(run(False, reason=words),))
    shown = report_markdown(report(case))
    assert f"contains: {words}" not in shown
    assert shown.count("</details>") == 1
    assert re.sub(r"\\(.)", r"\1", text(words).replace("<!-- -->", "")) == words


def test_markdown_is_short_and_folds_the_rest() -> None:
    shown = report_markdown(report(GOOD, BAD))
    assert shown.startswith("### ❌ triage 1.0.0: 1 of 2 cases pass\n")
    assert "<details><summary>Failing cases (1)</summary>" in shown
    many = [CaseReport(id=f"c{i}", verdict="failed", runs=BAD.runs) for i in range(5_000)]
    assert len(report_markdown(report(*many))) < 20_000


def test_json_says_what_follows_from_the_figures_too() -> None:
    document = json.loads(report_json(report(GOOD, BAD)))
    assert document["format"] == 1
    assert document["status"] == document["tasks"][0]["status"] == "failed"
    assert document["tasks"][0]["cases"][1]["runs"][0]["scores"][0]["reason"] == "no refund"


@pytest.mark.parametrize(
    ("task", "status"),
    [
        ({}, "failed"),
        ({"gate": True}, "passed"),
        ({"gate": True, "partial": True}, "failed"),
        ({"gate": True, "left_out": 1}, "incomplete"),
        (
            {"gate": True, "misses": (Miss(figure="x", wanted=1, found=0, message="x"),)},
            "failed",
        ),
    ],
)
def test_the_gate_decides_where_it_can(task: dict[str, Any], status: str) -> None:
    assert report(GOOD, BAD, **task).status == status


def test_results_that_could_not_be_kept_are_no_success() -> None:
    found = msgspec.structs.replace(report(GOOD), unkept="the disk is full")
    assert found.status == "incomplete"
    assert "no gate knows of them: the disk is full" in report_markdown(found)
