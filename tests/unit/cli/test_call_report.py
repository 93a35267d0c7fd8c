from __future__ import annotations

import pytest

from roadworthy.cli.call_report import report
from roadworthy.core import Call, Reason, Repair
from roadworthy.storage import StoredCall

REPAIR = Repair(path="/people/Ann", kind="number", before="3 apples", after="3")
REASON = Reason(kind="repair", name="number", path="/people/*")


@pytest.mark.parametrize(
    ("repairs", "told", "silent"),
    [
        ((REPAIR,), "/people/Ann number: 3 apples", "Reasons"),
        ((), "repair: number at /people/*", "Ann"),
    ],
)
def test_why_an_answer_did_not_conform_is_told_with_texts_and_without(
    repairs: tuple[Repair, ...], told: str, silent: str
) -> None:
    call = Call(
        id="1", task="t", started_us=0, outcome="repaired", repairs=repairs, reasons=(REASON,)
    )
    text = report(StoredCall(call=call, texts_kept=bool(repairs)))
    assert told in text
    assert silent not in text
