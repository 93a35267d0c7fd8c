from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from roadworthy.registry.words import Row, compare_texts, in_context

LINES = st.lists(st.sampled_from(["", "a", "a b", "a b c", "b c d", "x, y", "  a b", "é ü"]))
TEXTS = st.one_of(LINES.map("\n".join), st.text("ab \n,", max_size=60))


def marked(rows: tuple[Row, ...]) -> list[str]:
    signs = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
    return ["".join(signs[s.kind].format(s.text) for s in row.spans) for row in rows]


def sides(rows: tuple[Row, ...]) -> tuple[str, str]:
    """Both texts, put together again from the rows."""
    old, new = [], []
    for row in rows:
        if row.old is not None:
            old.append("".join(s.text for s in row.spans if s.kind != "added"))
        if row.new is not None:
            new.append("".join(s.text for s in row.spans if s.kind != "removed"))
    return "\n".join(old), "\n".join(new)


def test_a_word_that_changed_is_shown_within_its_line() -> None:
    rows = compare_texts("Be kind.\nAnswer briefly.", "Be very kind.\nAnswer briefly.")
    assert [row.kind for row in rows] == ["changed", "same"]
    assert marked(rows)[0] == "Be {+very +}kind."


def test_changes_with_a_mere_blank_between_them_are_read_as_one() -> None:
    rows = compare_texts("Name at most two main themes.", "Name at most three key themes.")
    assert marked(rows) == ["Name at most [-two main-]{+three key+} themes."]


def test_a_line_beside_one_that_is_nothing_like_it_is_another_line() -> None:
    rows = compare_texts("Answer in one sentence.", "Ignore whatever is offensive!")
    assert [(row.kind, row.old, row.new) for row in rows] == [
        ("removed", 1, None),
        ("added", None, 1),
    ]


def test_a_line_that_is_put_in_between_leaves_its_neighbours_as_they_are() -> None:
    rows = compare_texts("one fish\ntwo fish", "one fish\nand\ntwo fish")
    assert [(row.kind, row.old, row.new) for row in rows] == [
        ("same", 1, 1),
        ("added", None, 2),
        ("same", 2, 3),
    ]


def test_a_blank_more_is_seen() -> None:
    assert marked(compare_texts("{{ comment }}", "{{ comment }} ")) == ["{{ comment }}{+ +}"]
    assert [row.kind for row in compare_texts("a", "a\n")] == ["same", "added"]


def test_each_line_is_put_beside_the_one_it_is_most_like() -> None:
    rows = compare_texts(
        "State the sentiment of it.\nList the themes of it.",
        "Something new here!\nList the main themes of it.",
    )
    assert [(row.kind, row.old, row.new) for row in rows] == [
        ("removed", 1, None),
        ("added", None, 1),
        ("changed", 2, 2),
    ]


def test_equal_lines_far_from_any_change_are_counted_and_left_out() -> None:
    old = [f"line {n}" for n in range(100)]
    new = [*old[:50], "between", *old[50:]]
    rows = in_context(compare_texts("\n".join(old), "\n".join(new)), lines=2)
    assert [row.kind for row in rows] == [
        "skipped",
        "same",
        "same",
        "added",
        "same",
        "same",
        "skipped",
    ]
    assert (rows[0].skipped, rows[-1].skipped) == (48, 48)


def test_texts_in_which_everything_is_alike_are_shown_whole_without_a_search() -> None:
    old, new = "a\nb\n" * 20_000 + "x", "y\n" + "b\na\n" * 20_000
    rows = compare_texts(old, new)
    assert sides(rows) == (old, new)
    assert {row.kind for row in rows} == {"removed", "added"}


def test_a_word_is_found_in_a_line_as_long_as_a_book() -> None:
    old = " ".join(f"word{n}" for n in range(50_000))
    rows = compare_texts(old, old.replace("word7 ", "word "))
    assert [row.kind for row in rows] == ["changed"]
    assert [(s.kind, s.text) for s in rows[0].spans[1:3]] == [
        ("removed", "word7"),
        ("added", "word"),
    ]


def test_a_long_line_whose_words_are_all_alike_is_shown_whole() -> None:
    old, new = "a b " * 2_000 + "c", "x " + "b a " * 2_000
    rows = compare_texts(old, new)
    assert [s.kind for s in rows[0].spans] == ["removed", "added"]
    assert sides(rows) == (old, new)


@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_off_the_rows(old: str, new: str) -> None:
    rows = compare_texts(old, new)
    assert sides(rows) == (old, new)
    assert [row.old for row in rows if row.old is not None] == list(range(1, old.count("\n") + 2))
    assert [row.new for row in rows if row.new is not None] == list(range(1, new.count("\n") + 2))


@given(TEXTS)
def test_a_text_beside_itself_is_the_same_throughout(text: str) -> None:
    assert {row.kind for row in compare_texts(text, text)} <= {"same"}
    assert {row.kind for row in in_context(compare_texts(text, text))} <= {"skipped"}


@given(TEXTS, TEXTS)
def test_what_is_left_out_is_counted(old: str, new: str) -> None:
    rows = compare_texts(old, new)
    shown = in_context(rows, lines=1)
    assert sum(row.skipped or 1 for row in shown) == len(rows)
    assert all(row.skipped for row in shown if row.kind == "skipped")
