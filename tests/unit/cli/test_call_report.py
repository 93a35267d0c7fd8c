from __future__ import annotations

from typing import Any

import pytest

from roadworthy.cli.call_report import report
from roadworthy.core import Call, Confidence, Fired, Reason, Repair
from roadworthy.storage import CallRow, CallTree, StoredCall
from roadworthy.storage import rows as stored_rows

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


def row_of(call: Call) -> CallRow:
    row = stored_rows.row_of(call)
    return CallRow(**{name: row[name] for name in CallRow.__struct_fields__})


def a_step(name: str, start_us: int, took_us: int, **changes: Any) -> Call:
    place = {"parent_id": "root", "root_id": "root", "step": name, "outcome": "first_pass"}
    times = {"started_us": start_us, "duration_us": took_us}
    return Call(**({"id": name, "task": f"write-{name}"} | place | times | changes))


def test_a_chains_call_is_told_with_its_tree_and_each_of_its_steps() -> None:
    root = Call(id="root", task="sheet", started_us=0, duration_us=90_000, outcome="chain")
    asked = [{"role": "user", "content": "Praise it."}]
    copy = a_step("copy", 0, 60_000, messages=asked, value={"text": "A fine mug."})
    aside = a_step("seo", 0, 10_000, outcome="failed")
    tree = CallTree(root=row_of(root), below=[row_of(copy), row_of(aside)], more=2)
    stored = [StoredCall(call=call, texts_kept=True) for call in (copy, aside)]
    text = report(StoredCall(call=root, texts_kept=True), tree, stored)
    copied, beside = (line for line in text.splitlines() if "█" in line and "sheet" not in line)
    assert copied.startswith("  ●    copy  first_pass  60.0 ms")
    assert "●" not in beside
    assert "… and 2 more" in text
    assert "Praise it." in text
    assert 'answered {"text":"A fine mug."}' in text


def test_a_step_says_where_it_stands_and_which_rules_took_effect() -> None:
    fired = (Fired(name="empty", effect="answer"),)
    call = a_step("copy", 0, 5, item=2, outcome="rule", rules=fired)
    text = report(StoredCall(call=call, texts_kept=True))
    assert "copy[2] of call root" in text
    assert "empty (answer)" in text


def test_what_speaks_for_the_answer_is_told_by_field() -> None:
    confidence = {
        "/mood": Confidence(value=0.613, method="likelihood"),
        "/themes": Confidence(value=2 / 3, method="votes", votes=3),
    }
    call = Call(id="1", task="t", started_us=0, outcome="first_pass", confidence=confidence)
    text = report(StoredCall(call=call, texts_kept=True))
    assert "/mood 61% by likelihood, calibrated" in text
    assert "/themes 67% of 3 votes" in text
