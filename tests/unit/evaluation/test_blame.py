"""Which step is to blame, from what speaks against steps."""

from __future__ import annotations

import pytest
from planted import plant

from roadworthy.evaluation.blame import Finding, blame, findings_of, top_step, wired_from
from roadworthy.registry import Score
from roadworthy.tasks.definition import ChainDefinition, StepDefinition

CHAIN = ChainDefinition(
    steps=(
        StepDefinition(name="search", task="t", needs=("copy",)),
        StepDefinition(name="copy", task="t", needs=("facts",)),
        StepDefinition(name="facts", task="t"),
    ),
    output={"title": "search.title", "a/b": "copy.text", "note": "input.note"},
    tasks={},
)


def failed(name: str, step: str = "", reason: str = "") -> Score:
    return Score(name=name, step=step, passed=False, reason=reason)


@pytest.mark.parametrize("seed", range(20))
def test_the_planted_faulty_step_is_named(seed: int) -> None:
    planted = plant(seed)
    report = planted.test()
    assert report.blame is not None
    assert report.blame.failing == 3
    assert {run.blamed for case in report.cases for run in case.runs} == {planted.faulty}
    first = {step.step: step.first for step in report.blame.steps if step.first}
    assert first == {planted.faulty: 3}


def test_the_first_step_in_topological_order_is_to_blame_however_steps_are_written() -> None:
    found = blame(CHAIN, [Finding("search", "output"), Finding("copy", "expectation", "x")])
    assert found is not None
    assert (found.step, found.behind) == ("copy", ("search",))
    assert found.findings == (Finding("copy", "expectation", "x"),)


def test_nothing_against_any_step_blames_none() -> None:
    assert blame(CHAIN, []) is None
    assert blame(CHAIN, [Finding("elsewhere", "own")]) is None


def test_what_is_said_of_items_and_of_inner_steps_speaks_against_the_chains_own_step() -> None:
    found = blame(CHAIN, [Finding("copy[2]/inner", "own")])
    assert found is not None
    assert found.step == "copy"
    assert top_step("copy/inner[3]") == "copy"


def test_fields_that_are_wired_from_a_step_speak_against_it() -> None:
    assert wired_from(CHAIN) == {"/title": "search", "/a~1b": "copy"}
    places = {"contains./title": "/title", "expect./note": "/note", "range": "/a~1b/0"}
    scores = [failed("contains./title", reason="short"), failed("expect./note"), failed("range")]
    assert findings_of(scores, wired_from(CHAIN), places) == [
        Finding("search", "output", "contains./title: short"),
        Finding("copy", "output", "range"),
    ]


def test_a_chain_whose_output_is_a_steps_lets_every_place_speak_against_it() -> None:
    assert findings_of([failed("contains./x/y")], {"": "copy"}, {"contains./x/y": "/x/y"}) == [
        Finding("copy", "output", "contains./x/y")
    ]


def test_scores_of_steps_speak_against_them_unless_they_pass_or_are_unscored() -> None:
    scores = [
        failed("delivered", "copy", "no value was delivered: output_truncated"),
        failed("contains", "facts"),
        Score(name="range", step="search", passed=None),
        Score(name="regex", step="search", passed=True),
    ]
    assert findings_of(scores, {}, {}) == [
        Finding("copy", "error", "delivered: no value was delivered: output_truncated"),
        Finding("facts", "expectation", "contains"),
    ]
