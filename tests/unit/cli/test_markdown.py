from __future__ import annotations

from roadworthy.cli.markdown import cell, code, fenced, table


def test_nothing_in_a_cell_takes_effect() -> None:
    assert cell("a|b\n*c* <d> `e`") == r"a\|b \*c\* \<d\> \`e\`"


def test_code_holds_backticks_and_pipes() -> None:
    assert code("a|b") == r"`a\|b`"
    assert code("`x`") == "`` `x` ``"
    assert code("") == ""


def test_a_fence_is_longer_than_those_it_holds() -> None:
    assert fenced("```js\n```") == "````\n```js\n```\n````"
    assert fenced("x", "jinja") == "```jinja\nx\n```"


def test_a_table_without_rows_is_none() -> None:
    assert table(("a", "b"), []) == ""
    assert table(("a", "b"), [("1", "2")]) == "| a | b |\n|---|---|\n| 1 | 2 |"
