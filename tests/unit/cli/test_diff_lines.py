from __future__ import annotations

from typing import Any

from roadworthy.cli.diff_lines import Piece, difference_lines, plain
from roadworthy.registry import Change
from roadworthy.registry.differences import (
    CaseDifference,
    Difference,
    TextDifference,
    ValueDifference,
)
from roadworthy.registry.words import compare_texts, whole_text

BREAKING = Change(level="major", place="output./a", what="may be null now", breaking=True)
HARMLESS = Change(level="patch", place="input./comment", what="description changed")


def shown(**fields: Any) -> list[str]:
    given: dict[str, Any] = {"task": "t", "old": "1.0.0", "new": "working", "level": "minor"}
    return [plain(line) for line in difference_lines(Difference(**{**given, **fields}))]


def test_no_difference_is_said_in_a_line() -> None:
    assert shown(level=None) == ["t 1.0.0 → working: no difference"]


def test_a_change_that_breaks_is_marked_and_stands_first() -> None:
    changes = (
        msg := Change(level="minor", place="output", what="fields in another order"),
        BREAKING,
    )
    assert msg in changes
    lines = shown(level="major", changes=changes, output=changes, input=(HARMLESS,))
    assert lines == [
        "t 1.0.0 → working: major, a caller may break",
        "",
        "Input",
        "  patch  input./comment  description changed",
        "",
        "Output",
        "  major  output./a  may be null now, breaking",
        "  minor  output     fields in another order",
    ]


def test_words_are_marked_within_their_line_and_whole_lines_by_their_sign() -> None:
    old, new = "Be kind.\nSay why.\nbye", "Be very kind.\nbye\nAnd now"
    text = TextDifference(place="prompt/system.md", verb="changed", rows=compare_texts(old, new))
    assert shown(texts=(text,))[2:] == [
        "prompt/system.md",
        "  ~ Be {+very +}kind.",
        "  - Say why.",
        "    bye",
        "  + And now",
    ]


def test_a_text_that_is_new_says_so_in_its_heading() -> None:
    text = TextDifference(place="blocks/a.md", verb="added", rows=whole_text("x", "added"))
    assert shown(texts=(text,))[2:] == ["blocks/a.md (added)", "  + x"]


def test_settings_stand_before_and_after() -> None:
    settings = (
        ValueDifference(place="parameters.temperature", verb="changed", old=0.2, new=0.7),
        ValueDifference(place="mode", verb="added", new="json"),
        ValueDifference(place="timeout_s", verb="removed", old=3.0),
    )
    assert shown(settings=settings)[2:] == [
        "Settings",
        "  parameters.temperature  0.2 → 0.7",
        '  mode                    {+"json"+}',
        "  timeout_s               [-3.0-]",
    ]


def test_cases_say_what_of_them_changed() -> None:
    cases = (
        CaseDifference(name="good", verb="changed", fields=("expect", "tags")),
        CaseDifference(name="new", verb="added"),
    )
    assert shown(cases=cases)[2:] == ["Cases", "  ~ good: expect, tags", "  + new"]


def test_control_characters_of_a_text_are_shown_and_not_sent_to_the_terminal() -> None:
    text = TextDifference(place="p", verb="added", rows=whole_text("\x1b[31mred\r\x9b", "added"))
    (line,) = shown(texts=(text,))[3:]
    assert line == "  + ␛[31mred␍\ufffd"


def test_only_equal_lines_far_from_a_change_are_left_out() -> None:
    old = "\n".join("abcdefgh")
    text = TextDifference(place="p", verb="changed", rows=compare_texts(old, old + "\ni"))
    lines = list(
        difference_lines(
            Difference(task="t", old="1", new="2", level="minor", texts=(text,)), context=1
        )
    )
    assert [plain(line) for line in lines[3:]] == ["    … 7 equal lines", "    h", "  + i"]
    assert lines[3] == [Piece("    … 7 equal lines", "note")]
