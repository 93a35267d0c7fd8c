from __future__ import annotations

from typing import Any

import msgspec
from fixed_registry import row_of, version_of

from roadworthy.control.prompts.diff_page import DiffView, diff_view
from roadworthy.registry import Version
from roadworthy.registry.differences import difference
from roadworthy.registry.words import Span
from roadworthy.tasks import Template
from roadworthy.tasks.cases import Case, Suite


def version(number: str, prompt: str = "{{ comment }}", **changes: Any) -> Version:
    suite = changes.pop("suite", None)
    templates = (Template(role="user", source=prompt, file="tasks/triage/prompt/user.md"),)
    return version_of(row_of(number), suite=suite, templates=templates, **changes)


def view(old: Version, new: Version, *, whole: bool = False) -> DiffView:
    return diff_view(difference(old, new), old.row, new.row, whole=whole)


def test_a_changed_line_stands_on_both_sides_with_its_words_marked() -> None:
    (text,) = view(version("1.0.0", "Say what is."), version("1.1.0", "Say what was.")).texts
    (row,) = text.rows
    assert row.left == (Span("same", "Say what "), Span("removed", "is"), Span("same", "."))
    assert row.right == (Span("same", "Say what "), Span("added", "was"), Span("same", "."))


def test_a_line_that_is_new_stands_on_the_right_alone() -> None:
    (text,) = view(version("1.0.0", "a"), version("1.1.0", "a\nb")).texts
    assert [(row.kind, row.old, row.new) for row in text.rows] == [
        ("same", 1, 1),
        ("added", None, 2),
    ]
    assert text.rows[1].left == ()


def test_equal_lines_far_from_a_change_are_left_out_unless_asked_for() -> None:
    lines = "\n".join(f"line {n}" for n in range(40))
    old, new = version("1.0.0", lines), version("1.1.0", lines + "\nmore")
    (short,), (whole,) = view(old, new).texts, view(old, new, whole=True).texts
    assert (short.rows[0].kind, short.rows[0].skipped) == ("skipped", 37)
    assert len(whole.rows) == 41


def test_a_huge_text_is_cut_and_says_so() -> None:
    old = version("1.0.0", "x" * 20_000)
    new = version("1.1.0", "y\n" * 5_000)
    (text,) = view(old, new).texts
    assert len(text.rows) == 1_500
    assert text.more > 3_000
    assert sum(len(span.text) for span in text.rows[0].left) <= 4_001


def test_settings_are_compared_by_word() -> None:
    old = version("1.0.0", parameters={"temperature": 0.7})
    new = version("1.1.0", parameters={"temperature": 0.2, "stop": ["\n"]})
    rows = {row.place: row for row in view(old, new).settings}
    assert [s.text for s in rows["parameters.temperature"].right if s.kind == "added"] == ["2"]
    assert rows["parameters.stop"].left == ()
    assert rows["parameters.stop"].right == (Span("added", '["\\n"]'),)


def test_a_case_shows_only_what_differs_and_a_new_one_what_it_asks_and_expects() -> None:
    case = Case(id="angry", input={"comment": "no"}, expect={"mood": "calm"}, tags=["edge"])
    other = msgspec.structs.replace(case, expect={"mood": "angry"})
    new = Case(id="new", input={"comment": "yes"}, expect={"mood": "calm"})
    old_suite, new_suite = Suite(cases=(case,)), Suite(cases=(other, new))
    rows = view(version("1.0.0", suite=old_suite), version("1.1.0", suite=new_suite)).cases
    assert [(row.case, row.verb, row.place) for row in rows] == [
        ("angry", "changed", "expect"),
        ("new", "added", "input"),
        ("new", "added", "expect"),
    ]


def test_breaking_changes_are_counted() -> None:
    schema = {"type": "object", "properties": {}, "required": []}
    old = version("1.0.0", output_schema={**schema, "properties": {"a": {"type": "string"}}})
    assert view(old, version("2.0.0", output_schema=schema)).breaking >= 1


def test_characters_that_hide_text_are_spelled_out() -> None:
    (text,) = view(version("1.0.0", "pay \u202e100"), version("1.1.0", "pay 100")).texts
    assert "⟦U+202E⟧" in "".join(span.text for span in text.rows[0].left)
