from __future__ import annotations

import pytest

from roadworthy.monitoring import report_of
from roadworthy.storage.ledger import Tally
from roadworthy.storage.ledger_views import Ledger, LedgerGroup


def ledger(now: Tally, before: Tally) -> Ledger:
    group = LedgerGroup(key={"model": "m"}, now=now, before=before)
    return Ledger(
        since_us=0,
        until_us=60,
        bucket_us=60,
        by=("model",),
        total=now,
        before=before,
        series=[now],
        groups=[group],
        reasons=[],
    )


def tally(conforming: int, failed: int) -> Tally:
    return Tally(calls=conforming + failed, first_pass=conforming, failed=failed)


@pytest.mark.parametrize(
    ("now", "before", "verdict"),
    [
        (tally(900, 100), tally(990, 10), "worse"),
        (tally(990, 10), tally(900, 100), "better"),
        (tally(98, 2), tally(99, 1), "cannot tell"),
        (tally(0, 3), tally(0, 0), "cannot tell"),
        (tally(0, 0), tally(500, 0), "cannot tell"),
    ],
)
def test_a_change_is_told_only_where_chance_does_not_explain_it(
    now: Tally, before: Tally, verdict: str
) -> None:
    report = report_of(ledger(now, before))
    assert report.total.change.verdict == report.lines[0].change.verdict == verdict
    known = now.checked and before.checked
    assert (report.total.change.value is not None) == bool(known)


def test_a_share_is_of_answers_that_were_judged() -> None:
    now = Tally(
        calls=20, first_pass=6, repaired=2, reasked=1, failed=1, refused=1, truncated=1, errored=8
    )
    share = report_of(ledger(now, Tally())).total.share
    assert (share.conforming, share.checked, share.value) == (9, 12, 0.75)
    assert 0.46 < share.low < 0.47
    assert 0.91 < share.high < 0.92


def test_of_no_answer_the_share_is_unknown_and_not_nothing() -> None:
    share = report_of(ledger(Tally(calls=3, errored=3), Tally())).total.share
    assert (share.value, share.low, share.high) == (None, 0, 1)
