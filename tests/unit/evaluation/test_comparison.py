from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import pytest

from pipelines import MODEL, TRIAGE
from roadworthy.evaluation.comparison import Comparison, compare_runs
from roadworthy.evaluation.comparison_rows import power_sentence, verdict_sentence
from roadworthy.evaluation.documents import comparison_json
from roadworthy.evaluation.expectations import Services
from roadworthy.evaluation.markdown import comparison_markdown
from roadworthy.evaluation.measuring import Asked, score
from roadworthy.evaluation.runner import Measured, SubjectRuns
from roadworthy.evaluation.subjects import Subject, subject_of
from roadworthy.registry import CaseResult
from roadworthy.tasks import Case, Suite

NAMED = Comparison(task="triage", a="1.0.0", b="1.1.0", models=("p/a", "p/b"))


def subject(cases: int, *, weight: float = 1.0) -> Subject:
    suite = Suite(
        cases=tuple(
            Case(
                id=f"c{i}",
                input={"comment": str(i)},
                expect={"sentiment": "positive"},
                tags=["even"] if i % 2 == 0 else ["odd"],
                weight=weight if i == 0 else 1.0,
            )
            for i in range(cases)
        )
    )
    return subject_of(
        TRIAGE, suite, version="1.0.0", models={"scripted": MODEL}, services=lambda _: Services()
    )


def measured(of: Subject, passed: Sequence[Sequence[bool]], *, latency_ms: float) -> SubjectRuns:
    """Runs by case; a case without runs was not asked."""
    runs = SubjectRuns(subject=of)
    for case, verdicts in zip(of.cases, passed, strict=True):
        for run, ok in enumerate(verdicts):
            value = {"sentiment": "positive" if ok else "negative", "confidence": 0.5}
            result = CaseResult(
                key=of.key(case, run),
                expected="",
                case_id=case.id,
                outcome="first_pass",
                value=value,
                latency_ms=latency_ms + run,
                cost_nusd=1_000,
                call_id=f"call-{case.id}",
                at_us=0,
            )
            scored = asyncio.run(score(Asked(result), case))
            runs.runs.setdefault(case.question, {})[run] = Measured(scored, asked=True)
    return runs


def compared(
    a: Sequence[Sequence[bool]], b: Sequence[Sequence[bool]], *, weight: float = 1.0
) -> Comparison:
    of = subject(len(a), weight=weight)
    return compare_runs(NAMED, measured(of, a, latency_ms=100), measured(of, b, latency_ms=300))


NEVER, ONCE = [[False]], [[True]]


def test_a_clear_difference_is_told_with_its_cases() -> None:
    found = compared(NEVER * 20 + ONCE * 10, ONCE * 18 + NEVER * 2 + ONCE * 10)
    assert found.verdict == "better"
    assert found.pass_rate is not None
    assert found.pass_rate.difference == pytest.approx(0.6)
    assert found.pass_rate.low > 0
    assert (len(found.better), len(found.worse)) == (18, 0)
    assert found.sign_p < 0.001
    assert "1.1.0 passes more cases than 1.0.0: +60.0 points" in verdict_sentence(found)
    assert power_sentence(found) == ""


def test_few_cases_cannot_tell_and_it_says_how_many_would() -> None:
    found = compared(ONCE * 6 + NEVER * 4, ONCE * 7 + NEVER * 3)
    assert found.verdict == "cannot_tell"
    assert found.needed is not None
    assert found.needed > 10
    assert "cannot tell 1.1.0 from 1.0.0" in verdict_sentence(found)
    assert f"about {found.needed:,} cases" in power_sentence(found)


def test_no_difference_says_from_where_on_one_would_show() -> None:
    found = compared(ONCE * 10, ONCE * 10)
    assert (found.verdict, found.needed) == ("cannot_tell", None)
    assert power_sentence(found).startswith("These 10 show differences from about")


def test_repeats_of_a_case_are_one_pair() -> None:
    found = compared([[True, False, True]] * 4, [[True, True, True]] * 4)
    assert found.cases == 4
    assert found.pass_rate is not None
    assert found.pass_rate.difference == pytest.approx(1 / 3)
    assert found.better[0].a == pytest.approx(2 / 3)


def test_the_reason_and_the_call_are_of_the_side_that_passes_less() -> None:
    found = compared(ONCE + ONCE, NEVER + ONCE)
    (worse,) = found.worse
    assert worse.id == "c0"
    assert worse.reason == 'expect./sentiment: "negative", expected "positive"'
    assert worse.call == "call-c0"


def test_latency_and_tags_are_compared_by_case_too() -> None:
    found = compared(ONCE * 6, ONCE * 6)
    latency = next(figure for figure in found.figures if figure.name == "latency_ms")
    assert (latency.a, latency.b, latency.difference) == (100, 300, 200)
    assert [tag.name for tag in found.tags] == ["even", "odd"]
    assert [tag.cases for tag in found.tags] == [3, 3]


def test_weights_count_in_the_pass_rate() -> None:
    found = compared(NEVER * 2, ONCE + NEVER, weight=3.0)
    assert found.pass_rate is not None
    assert found.pass_rate.difference == pytest.approx(0.75)


def test_a_case_without_a_verdict_on_one_side_is_named_and_left_out() -> None:
    found = compared([[True], [True]], [[True], []])
    assert found.cases == 1
    assert found.unpaired == ("c1",)


def test_nothing_to_compare_is_said() -> None:
    found = compared([[]], [[]])
    assert found.verdict == "cannot_tell"
    assert verdict_sentence(found) == "There is no case with a verdict on both sides."
    json.loads(comparison_json(found))


def test_documents_say_the_verdict() -> None:
    found = compared(ONCE * 6 + NEVER * 4, ONCE * 7 + NEVER * 3)
    assert json.loads(comparison_json(found))["verdict"] == "cannot_tell"
    assert "cannot tell" in comparison_markdown(found)
    assert "| pass rate | 60.0% | 70.0% | +10.0 |" in comparison_markdown(found)
