"""Reports as JUnit XML, which the test views of CI systems read.

A suite a task, a test case a run. There is no standard; what is written here is what the readers
of GitHub's actions, GitLab and Jenkins have in common: ``testsuites > testsuite > testcase`` with
``failure``, ``error`` or ``skipped``.

Source: testmoapp/junitxml, "Common JUnit XML format & examples"; GitLab documentation, "Unit test
reports", 2026-11.
"""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree

from roadworthy.core import format_usd
from roadworthy.evaluation.report import CaseReport, Report, RunReport, TaskReport

__all__ = ["junit_xml"]

_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot say, however it is escaped. Source: W3C, XML 1.0, production 2 (Char)."""


def junit_xml(report: Report) -> str:
    """The whole document."""
    suites = [_suite(task) for task in report.tasks]
    root = ElementTree.Element("testsuites", {"name": "roadworthy test"})
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    root.set("time", _seconds(sum(float(suite.get("time", "0")) for suite in suites)))
    root.extend(suites)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(
        root, encoding="unicode"
    )


def _suite(task: TaskReport) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", {"name": f"{task.task}@{task.version}"})
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in _properties(task):
        ElementTree.SubElement(properties, "property", {"name": name, "value": _clean(value)})
    cases = [case for one in task.cases for case in _cases(task, one)]
    cases += [_gate_case(task, miss.figure, miss.message) for miss in task.misses if task.decided]
    suite.set("tests", str(len(cases)))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(sum(case.find(tag) is not None for case in cases)))
    suite.set("time", _seconds(sum(float(case.get("time", "0")) for case in cases)))
    suite.extend(cases)
    return suite


def _properties(task: TaskReport) -> list[tuple[str, str]]:
    figures = task.figures
    found = [
        ("version", task.version),
        ("definition", task.definition),
        ("model", task.model),
        ("status", task.status),
    ]
    if figures.pass_rate is not None:
        found.append(("pass_rate", f"{figures.pass_rate.value:.4f}"))
    if figures.conformance is not None:
        found.append(("conformance", f"{figures.conformance.value:.4f}"))
    if figures.stability is not None:
        found.append(("stability", f"{figures.stability:.4f}"))
    if figures.p95_ms is not None:
        found.append(("p95_ms", f"{figures.p95_ms:.0f}"))
    if task.blame is not None:
        found += [(f"failed_first.{step.step}", str(step.first)) for step in task.blame.steps]
        found.append(("failed_first.unexplained", str(task.blame.unexplained)))
    found.append(("cost_usd", f"{task.cost_usd:.6f}"))
    return found


def _cases(task: TaskReport, case: CaseReport) -> list[ElementTree.Element]:
    found = [_run_case(task, case, run) for run in case.runs]
    for _ in range(case.wanted - len(case.runs)):
        element = _element(task, case.id if case.wanted == 1 else f"{case.id} (left out)")
        ElementTree.SubElement(element, "skipped", {"message": "not asked"})
        found.append(element)
    return found


def _run_case(task: TaskReport, case: CaseReport, run: RunReport) -> ElementTree.Element:
    name = case.id if case.wanted == 1 else f"{case.id} (run {run.run + 1} of {case.wanted})"
    element = _element(task, name, run.latency_ms / 1000)
    if run.passed is True:
        return element
    bad = [s for s in run.scores if s.passed is run.passed]
    text = "\n".join(f"{score.label}: {score.reason or 'failed'}" for score in bad)
    message = text.partition("\n")[0] or run.error or "no verdict"
    unscored = "skipped" if run.error is None else "error"
    tag = "failure" if run.passed is False else unscored
    what = ElementTree.SubElement(element, tag, {"message": _clean(message)})
    if tag != "skipped":
        what.set("type", run.outcome)
    what.text = _clean("\n".join(_details(case, run, text)))
    return element


def _details(case: CaseReport, run: RunReport, text: str) -> list[str]:
    lines = [text] if text else []
    if run.error is not None:
        lines.append(run.error)
    if run.blamed:
        lines.append(f"failed first at step {run.blamed!r}: {'; '.join(run.because)}")
    if case.tags:
        lines.append(f"tags: {', '.join(case.tags)}")
    if run.cost_usd is not None:
        lines.append(f"cost: {format_usd(round(run.cost_usd * 1e9))}")
    if run.call is not None:
        lines.append(f"roadworthy call {run.call}")
    return lines


def _gate_case(task: TaskReport, figure: str, message: str) -> ElementTree.Element:
    element = _element(task, f"gate: {figure}")
    ElementTree.SubElement(element, "failure", {"message": _clean(message), "type": "gate"})
    return element


def _element(task: TaskReport, name: str, seconds: float = 0.0) -> ElementTree.Element:
    known = {"classname": f"roadworthy.{task.task}", "name": _clean(name)}
    return ElementTree.Element("testcase", {**known, "time": _seconds(seconds)})


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"


def _clean(text: str) -> str:
    """With signs that XML cannot hold shown as their code."""
    return _FORBIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
