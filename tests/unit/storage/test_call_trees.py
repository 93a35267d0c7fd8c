"""Trees of calls as people read them, and the critical path."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from roadworthy.storage.trees import below_of, critical_path, laid_out, step_label
from roadworthy.storage.views import CallRow, CallTree

MS = 1_000


def row(
    name: str, start_ms: int, took_ms: int, parent: str | None = "root", item: int | None = None
) -> CallRow:
    return CallRow(
        id=name,
        task=f"task-of-{name}",
        version="1.0.0",
        model="local",
        surface="task",
        stream=False,
        started_us=start_ms * MS,
        duration_us=took_ms * MS,
        outcome="first_pass",
        error_code=None,
        mode="none",
        input_tokens=None,
        output_tokens=None,
        cost_nusd=None,
        attempts=1,
        repairs=0,
        conversation_id=None,
        parent_id=parent,
        root_id=None if parent is None else "root",
        step=None if parent is None else name,
        item=item,
    )


ROOT = row("root", 0, 100, parent=None)


def test_the_critical_path_leads_back_through_whoever_ended_last() -> None:
    quick, slow = row("quick", 0, 20), row("slow", 0, 60)
    last, beside = row("last", 61, 38), row("beside", 61, 5)
    assert critical_path(ROOT, [quick, slow, last, beside]) == {"slow", "last"}


def test_the_path_goes_into_a_step_that_is_a_chain_itself() -> None:
    inner = row("inner", 10, 80)
    first, second = row("first", 11, 30, "inner"), row("second", 42, 45, "inner")
    aside = row("aside", 11, 5, "inner")
    below = [row("begin", 0, 9), inner, first, second, aside]
    assert critical_path(ROOT, below) == {"begin", "inner", "first", "second"}


def test_a_tree_is_read_from_its_root_down_in_the_order_of_starting() -> None:
    late, early = row("late", 50, 10), row("early", 0, 50)
    within = row("within", 1, 40, "early")
    found = laid_out(ROOT, [late, within, early])
    assert [(r.call.id, r.depth) for r in found] == [
        ("root", 0),
        ("early", 1),
        ("within", 2),
        ("late", 1),
    ]
    assert [r.start_us for r in found] == [0, 0, 1 * MS, 50 * MS]
    assert [r.critical for r in found] == [False, True, True, True]


def test_steps_of_a_call_that_is_not_recorded_yet_stand_at_the_top() -> None:
    found = laid_out(None, [row("a", 5, 10), row("b", 16, 10)])
    assert [(r.call.id, r.depth, r.start_us) for r in found] == [("a", 0, 0), ("b", 0, 11 * MS)]
    assert laid_out(None, []) == []


def test_a_part_of_a_tree_is_a_tree() -> None:
    inner = row("inner", 0, 9)
    below = [row("aside", 0, 5), row("first", 1, 2, "inner"), inner, row("deep", 2, 1, "first")]
    whole = CallTree(root=ROOT, below=below)
    part = below_of(whole, "inner")
    assert part.root == inner
    assert [r.id for r in part.below] == ["first", "deep"]
    assert below_of(whole, "root") == whole
    assert below_of(whole, "aside").below == []


def test_a_step_is_called_by_its_name_and_item() -> None:
    assert step_label(ROOT) == "task-of-root"
    assert step_label(row("copy", 0, 1)) == "copy"
    assert step_label(row("copy", 0, 1, item=0)) == "copy[0]"


LENGTHS = st.lists(st.integers(2, 50), min_size=1, max_size=12)


@given(LENGTHS, st.data())
def test_steps_one_after_another_are_all_critical_and_those_in_their_shadow_are_not(
    lengths: list[int], data: st.DataObject
) -> None:
    below, at = [], 0
    for number, length in enumerate(lengths):
        below.append(row(f"s{number}", at, length))
        shadow = data.draw(st.integers(0, length - 2))
        below.append(row(f"shadow{number}", at, shadow))
        at += length
    assert critical_path(ROOT, data.draw(st.permutations(below))) == {
        f"s{number}" for number in range(len(lengths))
    }
