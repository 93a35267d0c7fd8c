from __future__ import annotations

import pytest

from roadworthy.cli.conformance_table import FEW_REASONS, percent, table_of
from roadworthy.monitoring import report_of
from roadworthy.storage.ledger import Tally
from roadworthy.storage.ledger_views import Ledger, LedgerGroup, ReasonCount


def ledger(reasons: int = 0, **tally: int) -> Ledger:
    total = Tally(**tally)
    return Ledger(
        since_us=0,
        until_us=3_600_000_000,
        bucket_us=60_000_000,
        by=("model",),
        total=total,
        before=Tally(),
        series=[],
        groups=[LedgerGroup(key={"model": "m" * 50}, now=total, before=Tally())],
        reasons=[
            ReasonCount(kind="repair", name=f"n{n}", path="", calls=1, before=0, example="01a1")
            for n in range(reasons)
        ],
    )


@pytest.mark.parametrize(
    ("share", "told"),
    [(1.0, "100.0%"), (0.99999, "99.9%"), (0.29, "29.0%"), (0.0, "0.0%"), (None, "unknown")],
)
def test_only_all_of_them_are_shown_as_all(share: float | None, told: str) -> None:
    assert percent(share) == told


def test_nothing_is_said_of_a_change_where_there_was_nothing_before() -> None:
    text = table_of(report_of(ledger(calls=2, first_pass=2)))
    assert "no answer was checked in the span of equal length before" in text
    assert text.splitlines()[-1].endswith("0")


def test_calls_without_an_answer_leave_the_share_unknown() -> None:
    text = table_of(report_of(ledger(calls=2, errored=1, cancelled=1)))
    assert text.startswith("0 of 0 checked answers conform: unknown")
    assert "1 errored, 1 cancelled" in text


def test_reasons_are_few_unless_all_are_wanted() -> None:
    report = report_of(ledger(reasons=14, calls=20, repaired=20))
    few, every = table_of(report), table_of(report, all_reasons=True)
    assert f"and {14 - FEW_REASONS} more: --by reason" in few
    assert ("n13" in every, "n13" in few) == (True, False)


def test_columns_stand_below_each_other() -> None:
    lines = table_of(report_of(ledger(reasons=2, calls=2_000, repaired=2_000))).splitlines()
    head, row = (next(line for line in lines if line.startswith(w)) for w in ("MODEL", "m"))
    assert head.index("CHECKED") + len("CHECKED") == row.index("2,000") + len("2,000")
