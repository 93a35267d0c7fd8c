"""What one call adds to the ledger of conformance, and what many add up to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from storage_samples import MINUTE_US, NOW_US, a_call

from roadworthy.core import Attempt, Call, Fired, Reason, Repair, Usage
from roadworthy.storage.ledger import (
    MAX_PATH,
    OTHER,
    UNRECORDED,
    Cause,
    Entry,
    LedgerSums,
    Tally,
    entry_of,
)
from roadworthy.storage.ledger_room import (
    MAX_CAUSES,
    MAX_CELLS,
    MAX_SCHEMAS,
    Room,
    Window,
    fitted,
    window_of,
)
from roadworthy.storage.rollups import WIDTHS_S, is_checked, is_conforming

OUTCOMES = (
    *("first_pass", "repaired", "reasked", "unchecked", "refused", "truncated", "failed"),
    *("errored", "rejected", "cancelled"),
)
REASONS = st.builds(
    Reason,
    kind=st.sampled_from(["repair", "reask", "failure"]),
    name=st.sampled_from(["enum", "number"]),
    path=st.sampled_from(["", "/a", "/b/*"]),
)


def attempt(purpose: Any = "answer", **changes: Any) -> Attempt:
    fields: dict[str, Any] = {"model": "fast", "provider": "openai", "mode": "strict"}
    return Attempt(purpose=purpose, **(fields | changes))


def spent(cost_nusd: int | None, *, tokens: int | None = 5) -> Attempt:
    usage = Usage(input_tokens=tokens, output_tokens=tokens)
    return attempt("reask", mode="json", usage=usage, cost_nusd=cost_nusd)


CALLS = st.lists(
    st.builds(
        a_call,
        started_us=st.integers(NOW_US, NOW_US + 3 * 86_400_000_000),
        task=st.sampled_from("ab"),
        outcome=st.sampled_from(OUTCOMES),
        schema_digest=st.sampled_from([None, "s1", "s2"]),
        reasons=st.lists(REASONS, max_size=3).map(tuple),
        attempts=st.lists(
            st.builds(spent, st.none() | st.integers(0, 9)) | st.just(attempt()), max_size=3
        ),
    ),
    max_size=20,
)


def entry(call: Call) -> Entry:
    found = entry_of(call)
    assert found is not None
    return found


def entries(calls: list[Call]) -> list[Entry]:
    return [found for found in map(entry_of, calls) if found is not None]


def total(sums: LedgerSums, width_s: int) -> Tally:
    tally = Tally()
    for cell, part in sums.tallies.items():
        if cell.width_s == width_s:
            tally.add(part)
    return tally


@pytest.mark.parametrize(
    "call",
    [
        a_call(schema_digest=None),
        a_call(outcome="rejected"),
        a_call(outcome="rule", attempts=[]),
        a_call(outcome="refused", attempts=[], rules=(Fired(name="late", effect="deny"),)),
        a_call(outcome="chain", attempts=[], model=""),
        a_call(outcome="errored", attempts=[], model=""),
    ],
    ids=["no schema", "rejected", "rule", "denied", "chain", "failed chain"],
)
def test_a_call_that_nothing_was_asked_of_is_not_counted(call: Call) -> None:
    assert entry_of(call) is None


def test_a_call_counts_for_the_attempt_that_answered() -> None:
    gone = attempt(provider="azure", mode="grammar", error="upstream_timeout")
    call = a_call(attempts=[gone, attempt(), spent(1)])
    cell = entry(call).cell
    assert (cell.provider, cell.model, cell.mode) == ("openai", "fast", "strict")
    assert cell.start_us == NOW_US // MINUTE_US * MINUTE_US


def test_a_call_that_nobody_answered_counts_for_whom_it_asked_last() -> None:
    gone = attempt(provider="azure", error="upstream_timeout")
    assert entry(a_call(outcome="errored", attempts=[attempt(), gone])).cell.provider == "openai"
    assert entry(a_call(outcome="errored", attempts=[gone])).cell.provider == "azure"
    alone = entry(a_call(outcome="cancelled", attempts=[])).cell
    assert (alone.provider, alone.model, alone.mode) == ("", "local", "grammar")


def test_what_further_questions_cost_is_kept_apart() -> None:
    tally = entry(a_call(attempts=[attempt(cost_nusd=9), spent(4), spent(None, tokens=None)])).tally
    assert (tally.reasks, tally.reasks_unpriced, tally.reask_cost_nusd) == (2, 1, 4)
    assert (tally.reask_input_tokens, tally.reask_output_tokens) == (5, 5)
    assert entry(a_call()).tally.reask_cost_nusd is None


@pytest.mark.parametrize(
    ("outcome", "cause"),
    [
        ("repaired", Cause("repair", UNRECORDED, OTHER)),
        ("reasked", Cause("reask", UNRECORDED, OTHER)),
        ("failed", Cause("failure", UNRECORDED, OTHER)),
        ("refused", Cause("failure", "refused", "")),
    ],
)
def test_what_a_record_does_not_say_is_told_to_be_so(outcome: str, cause: Cause) -> None:
    assert entry(a_call(outcome=outcome)).causes == (cause,)


def test_no_text_of_a_call_gets_into_its_reasons() -> None:
    repair = Repair(path="/people/Mrs Miller", kind="number", before="secret", after="1")
    reason = Reason(kind="repair", name="number", path="/people/*")
    call = a_call(repairs=(repair,), reasons=(reason,))
    assert entry(call).causes == (Cause("repair", "number", "/people/*"),)


def test_a_reason_fits_its_columns() -> None:
    reason = Reason(kind="repair", name="n" * 900, path="/x" * 900)
    (cause,) = entry(a_call(reasons=(reason,))).causes
    assert (len(cause.name), len(cause.path)) == (60, MAX_PATH)


@given(CALLS, st.sampled_from(WIDTHS_S))
def test_the_ledger_adds_up_to_a_plain_count(calls: list[Call], width_s: int) -> None:
    counted = [c for c in calls if entry_of(c)]
    told = total(LedgerSums(entries(calls)), width_s)
    assert told.calls == len(counted)
    assert told.checked == sum(
        is_checked(c.outcome, c.schema_digest, len(c.attempts)) for c in calls
    )
    assert told.conforming == sum(
        is_conforming(c.outcome, c.schema_digest, len(c.attempts)) for c in calls
    )
    assert told.calls == told.checked + told.errored + told.cancelled + told.otherwise
    reasks = [a for c in counted for a in c.attempts if a.purpose == "reask"]
    assert told.reasks == len(reasks)
    assert (told.reask_cost_nusd or 0) == sum(a.cost_nusd or 0 for a in reasks)


@given(CALLS, st.sampled_from(WIDTHS_S))
def test_a_reason_is_counted_once_a_call(calls: list[Call], width_s: int) -> None:
    added = entries(calls)
    causes = LedgerSums(added).causes
    for cause in {cause for e in added for cause in e.causes}:
        calls_of = sum(n.calls for (c, k), n in causes.items() if k == cause and c[0] == width_s)
        assert calls_of == sum(cause in e.causes for e in added)


def flood(number: int) -> LedgerSums:
    """Every call with a schema, a model and a reason of its own."""
    return LedgerSums(
        entry(
            a_call(
                schema_digest=f"s{n}",
                attempts=[attempt(model=f"m{n}")],
                reasons=(Reason(kind="repair", name=f"k{n}", path=f"/p{n}"),),
            )
        )
        for n in range(number)
    )


def test_a_flood_of_schemas_models_and_reasons_takes_bounded_room() -> None:
    rooms: dict[Window, Room] = {}
    cells, causes = set(), set()
    for _ in range(3):
        sums = fitted(flood(300), rooms)
        assert total(sums, 60).calls == 300
        assert sum(n.calls for (c, _), n in sums.causes.items() if c.width_s == 60) == 300
        cells |= {cell for cell in sums.tallies if cell.width_s == 60}
        causes |= {cause for _, cause in sums.causes}
    assert len({cell.schema_digest for cell in cells}) == MAX_SCHEMAS + 1
    assert len(cells) == MAX_CELLS + 1
    assert len(causes) == 2 * MAX_CAUSES + 1


def test_who_came_first_keeps_a_row_in_a_flood() -> None:
    ours = entry(a_call(schema_digest="ours"))
    room = Room()
    assert room.cell(ours.cell) == ours.cell
    for n in range(500):
        room.cell(ours.cell._replace(schema_digest=f"s{n}"))
    assert room.cell(ours.cell) == ours.cell
    assert room.cell(ours.cell._replace(schema_digest="late")).schema_digest == OTHER


def test_one_task_has_no_less_room_for_what_another_holds() -> None:
    other = entry(a_call(task="other")).cell
    rooms: dict[Window, Room] = {}
    fitted(flood(300), rooms)
    assert rooms.setdefault(window_of(other), Room()).cell(other) == other
