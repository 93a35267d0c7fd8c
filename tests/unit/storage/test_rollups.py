from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from storage_samples import NOW_US, a_call

from roadworthy.core import Usage
from roadworthy.storage.rollups import WIDTHS_S, Sums, is_checked, is_conforming, plus
from roadworthy.storage.rows import row_of

CALLS = st.lists(
    st.builds(
        lambda **changes: row_of(a_call(**changes)),
        started_us=st.integers(NOW_US, NOW_US + 3 * 86_400_000_000),
        task=st.sampled_from("ab"),
        outcome=st.sampled_from(["first_pass", "failed", "rejected"]),
        usage=st.builds(Usage, input_tokens=st.none() | st.integers(0, 9)),
        cost_nusd=st.none() | st.integers(0, 9),
    ),
    max_size=20,
)


@given(CALLS, st.sampled_from(WIDTHS_S))
def test_every_width_counts_every_call_once(rows: list[dict[str, Any]], width_s: int) -> None:
    counts = [c for (span, _), c in Sums(rows).counts.items() if span.width_s == width_s]
    assert sum(c.calls for c in counts) == len(rows)
    assert sum(c.unpriced for c in counts) == sum(row["cost_nusd"] is None for row in rows)
    assert sum(c.input_tokens or 0 for c in counts) == sum(r["input_tokens"] or 0 for r in rows)


@given(CALLS)
def test_a_call_is_counted_in_the_span_that_it_started_in(rows: list[dict[str, Any]]) -> None:
    spans = {span for span, _ in Sums(rows).counts}
    for row in rows:
        for width_s in WIDTHS_S:
            start_us = row["started_us"] - row["started_us"] % (width_s * 1_000_000)
            assert any(s[:3] == (width_s, start_us, row["task"]) for s in spans)


@given(CALLS, st.sampled_from(WIDTHS_S))
def test_latencies_leave_rejected_calls_out(rows: list[dict[str, Any]], width_s: int) -> None:
    sketches = [s for span, s in Sums(rows).latencies.items() if span.width_s == width_s]
    assert sum(s.count for s in sketches) == sum(row["outcome"] != "rejected" for row in rows)


@pytest.mark.parametrize(
    ("outcome", "digest", "attempts", "checked", "conforming"),
    [
        ("first_pass", "5c", 1, True, True),
        ("reasked", "5c", 2, True, True),
        ("failed", "5c", 1, True, False),
        ("truncated", "5c", 1, True, False),
        ("first_pass", None, 1, False, False),
        ("errored", "5c", 1, False, False),
        ("unchecked", "5c", 1, False, False),
        ("rejected", "5c", 0, False, False),
        ("refused", "5c", 0, False, False),  # a rule denied it
        ("failed", "5c", 0, False, False),  # a step of the chain failed
    ],
)
def test_a_call_is_checked_if_an_answer_met_a_schema(
    outcome: str, digest: str | None, attempts: int, checked: bool, conforming: bool
) -> None:
    assert is_checked(outcome, digest, attempts) is checked
    assert is_conforming(outcome, digest, attempts) is conforming


def test_steps_are_summed_up_apart_from_what_callers_asked_for() -> None:
    chain = a_call(outcome="chain", attempts=[], cost_nusd=1_500, model="")
    step = a_call(parent_id=chain.id, root_id=chain.id, step="copy", cost_nusd=1_500)
    sums = Sums([row_of(step), row_of(chain)])
    for nested, task_calls in ((True, 1), (False, 1)):
        of_kind = [c for (span, _), c in sums.counts.items() if span.nested is nested]
        assert {c.calls for c in of_kind} == {task_calls}
        assert {c.cost_nusd for c in of_kind} == {1_500}


def test_a_call_that_a_rule_answered_costs_nothing_and_is_no_priced_one() -> None:
    spent: dict[str, Any] = {"usage": Usage(input_tokens=0, output_tokens=0), "cost_nusd": 0}
    rows = [row_of(a_call(outcome="rule", attempts=[], **spent)), row_of(a_call(cost_nusd=0))]
    rule, asked = (c for (span, _), c in Sums(rows).counts.items() if span.width_s == 60)
    assert (rule.priced, rule.unpriced, rule.checked) == (0, 0, 0)
    assert (asked.priced, asked.unpriced, asked.checked) == (1, 0, 1)


def test_unknown_adds_nothing_and_is_not_zero() -> None:
    assert plus(None, None) is None
    assert plus(None, 0) == 0
    assert plus(2, None) == 2
    assert plus(2, 3) == 5
