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
    ("outcome", "digest", "checked", "conforming"),
    [
        ("first_pass", "5c", True, True),
        ("reasked", "5c", True, True),
        ("failed", "5c", True, False),
        ("truncated", "5c", True, False),
        ("first_pass", None, False, False),
        ("errored", "5c", False, False),
        ("unchecked", "5c", False, False),
        ("rejected", "5c", False, False),
    ],
)
def test_a_call_is_checked_if_an_answer_met_a_schema(
    outcome: str, digest: str | None, checked: bool, conforming: bool
) -> None:
    assert is_checked(outcome, digest) is checked
    assert is_conforming(outcome, digest) is conforming


def test_unknown_adds_nothing_and_is_not_zero() -> None:
    assert plus(None, None) is None
    assert plus(None, 0) == 0
    assert plus(2, None) == 2
    assert plus(2, 3) == 5
