from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.registry import CaseResult, ResultKey
from roadworthy.registry.figures import CaseRuns, case_verdict, figures_of, share_of
from roadworthy.stats import wilson_interval

VERDICTS = st.sampled_from([True, False, None])


def run(passed: bool | None, number: int = 0, **changes: Any) -> CaseResult:
    key = ResultKey(task="t", definition="d", binding="b", question="q", run=number)
    fields: dict[str, Any] = {
        "expected": "e",
        "case_id": "c",
        "outcome": "first_pass",
        "value": 1,
        "latency_ms": 5.0,
        "at_us": 1,
    }
    return CaseResult(key=key, passed=passed, **(fields | changes))


def case(*verdicts: bool | None, name: str = "c", weight: float = 1, tags: Any = ()) -> CaseRuns:
    return CaseRuns(name, tags, weight, [run(v, n) for n, v in enumerate(verdicts)])


def test_a_case_passes_if_none_of_its_runs_failed() -> None:
    assert case_verdict([run(True), run(None)]) is True
    assert case_verdict([run(True), run(False)]) is False
    assert case_verdict([run(None)]) is None
    assert case_verdict([]) is None


def test_weights_count_and_unscored_cases_do_not() -> None:
    cases = [case(True, weight=3), case(False), case(None, weight=50)]
    figures = figures_of(cases)
    assert figures.pass_rate is not None
    assert (figures.pass_rate.value, figures.pass_rate.n) == (0.75, 2)
    assert (figures.cases, figures.runs, figures.unscored) == (3, 3, 1)


def test_tags_have_their_own_shares() -> None:
    cases = [case(True, tags=["edge", "long"]), case(False, tags=["edge"]), case(None, tags=["x"])]
    tags = figures_of(cases).tags
    assert {tag: share.value for tag, share in tags.items()} == {"edge": 0.5, "long": 1.0}


def test_flaky_cases_are_named() -> None:
    cases = [case(True, False, name="a"), case(True, True, name="b"), case(None, True, name="c")]
    assert figures_of(cases).flaky == ("a",)


def test_stability_is_the_share_of_the_most_frequent_answer() -> None:
    runs = [run(True, 0, value={"a": 1, "b": 2}), run(True, 1, value={"b": 2, "a": 1})]
    runs += [run(True, 2, value=None, error="output_refused: no"), run(True, 3, value=7)]
    figures = figures_of([CaseRuns("c", (), 1, runs), case(True)])
    assert figures.stability == 0.5
    assert figures_of([case(True)]).stability is None


def test_a_cost_that_is_not_known_is_not_nought() -> None:
    known = CaseRuns("c", (), 1, [run(True, 0, cost_nusd=2_000_000), run(True, 1, cost_nusd=0)])
    assert figures_of([known]).cost_usd == pytest.approx(0.001)
    assert figures_of([known, case(True)]).cost_usd is None


def test_conformance_counts_runs_that_delivered() -> None:
    runs = [run(True), run(False, 1, outcome="truncated"), run(True, 2, outcome="reasked")]
    share = figures_of([CaseRuns("c", (), 1, runs)]).conformance
    assert share is not None
    assert (share.value, share.n) == (2 / 3, 3)


def conformance(*cases: str) -> Any:
    """Of cases whose runs delivered (``y``) or not (``n``)."""
    outcomes = {"y": "first_pass", "n": "failed"}
    return figures_of(
        [
            CaseRuns("c", (), 1, [run(None, n, outcome=outcomes[o]) for n, o in enumerate(runs)])
            for runs in cases
        ]
    ).conformance


def test_runs_of_one_case_tell_less_than_runs_of_many() -> None:
    alone = conformance(*"yyyn" * 5)
    mixed = conformance(*["yyyn"] * 5)
    alike = conformance(*["yyyy"] * 15, *["nnnn"] * 5)
    whole = conformance(*["yyyyy"] * 4)
    assert (alone.low, alone.high) == pytest.approx(wilson_interval(15, 20))
    assert (mixed.low, mixed.high) == pytest.approx(wilson_interval(15, 20))
    assert (alike.low, alike.high) == pytest.approx(wilson_interval(15, 20))
    assert (whole.low, whole.n) == (pytest.approx(wilson_interval(4, 4).low), 20)


@given(st.lists(st.text("yn", min_size=1, max_size=6), min_size=1, max_size=12))
def test_an_interval_speaks_of_no_fewer_than_cases_and_no_more_than_runs(cases: list[str]) -> None:
    share = conformance(*cases)
    runs = sum(map(len, cases))
    least = wilson_interval(share.value * runs, runs)
    most = wilson_interval(share.value * len(cases), len(cases))
    assert most.low - 1e-9 <= share.low <= least.low + 1e-9
    assert least.high - 1e-9 <= share.high <= most.high + 1e-9


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60))
def test_p95_is_the_least_that_95_of_100_do_not_exceed(latencies: list[float]) -> None:
    runs = [run(True, n, latency_ms=ms) for n, ms in enumerate(latencies)]
    p95 = figures_of([CaseRuns("c", (), 1, runs)]).p95_ms
    enough = [v for v in latencies if sum(x <= v for x in latencies) * 100 >= 95 * len(latencies)]
    assert p95 == min(enough)


@given(st.lists(st.tuples(st.booleans(), st.floats(0.01, 100)), min_size=1, max_size=30))
def test_a_share_lies_within_its_interval(held: list[tuple[bool, float]]) -> None:
    share = share_of([ok for ok, _ in held], [weight for _, weight in held])
    assert share is not None
    assert 0 <= share.low <= share.value + 1e-12
    assert share.value <= share.high + 1e-12 <= 1 + 1e-9


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.floats(0.01, 1000))
def test_equal_weights_weigh_nothing(held: list[bool], weight: float) -> None:
    plain, weighted = share_of(held), share_of(held, [weight] * len(held))
    assert plain is not None
    assert weighted is not None
    assert math.isclose(plain.low, weighted.low, abs_tol=1e-9)
    assert math.isclose(plain.value, weighted.value, abs_tol=1e-9)


def test_nothing_has_no_figures() -> None:
    figures = figures_of([])
    assert (figures.pass_rate, figures.p95_ms, figures.cost_usd) == (None, None, None)
    assert share_of([True], [0.0]) is None
