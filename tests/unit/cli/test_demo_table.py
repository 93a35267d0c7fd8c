"""The demo's table, in the terminal and as Markdown."""

from __future__ import annotations

import io
import math
from typing import Any

import pytest
from rich.console import Console

from roadworthy.cli.demo.figures import Column, Share
from roadworthy.cli.demo.table import Caption, markdown_table, rich_table, rows_of

HALF = Share(hits=30, of=60)
ALL = Share(hits=60, of=60)
CAPTION = Caption(
    comments=60,
    of=143,
    asked_again=20,
    source="examples/feedback",
    model="a model",
    elapsed_s=201.4,
    date="2026-11-21",
    machine="2 cores",
)


def column(**given: Any) -> Column:
    shares = dict.fromkeys(
        ("parses", "conforms", "in_range", "same_sentiment", "same_answer", "agrees"), HALF
    )
    rest = {"p50_ms": 512.0, "p95_ms": 1999.0, "input_tokens": 56.4, "output_tokens": 21.0}
    return Column(**{**shares, **rest, "cost_nusd": 56_200_000, **given})


def rows(before: Column, after: Column) -> dict[str, tuple[str, str]]:
    return {label: (b, a) for label, b, a in rows_of(before, after, priced_as="gpt-5-mini")}


def test_shares_are_shown_with_their_interval() -> None:
    shown = rows(column(), column(conforms=ALL))
    assert shown["conforms to the contract"] == ("50 % (38–62)", "100 % (94–100)")  # noqa: RUF001


@pytest.mark.parametrize(
    ("hits", "shown"), [(999, "99 %"), (1, "1 %"), (0, "0 %"), (1000, "100 %")]
)
def test_hundred_and_zero_are_shown_only_where_they_are_exact(hits: int, shown: str) -> None:
    cell = rows(column(parses=Share(hits=hits, of=1000)), column())["parses as JSON"][0]
    assert cell.startswith(shown)


def test_the_other_figures_bear_their_units() -> None:
    shown = rows(column(), column())
    assert shown["latency p95"][0] == "2.00 s"
    assert shown["tokens a call, in + out"][0] == "56 + 21"
    assert shown["1,000 calls at gpt-5-mini's price"][0] == "$0.0562"


def test_what_is_not_known_says_so() -> None:
    none = column(agrees=None, p50_ms=math.nan, input_tokens=None, cost_nusd=None)
    shown = rows(none, column())
    assert shown["agrees with the expected sentiment"][0] == "n/a"
    assert shown["latency p50"][0] == shown["tokens a call, in + out"][0] == "n/a"
    assert shown["1,000 calls at gpt-5-mini's price"][0] == "unknown"


def test_the_table_fits_a_terminal_of_eighty_columns() -> None:
    out = io.StringIO()
    wide = column(conforms=ALL, parses=ALL)
    table = rich_table(rows_of(wide, wide, priced_as="gpt-5-mini"))
    Console(file=out, width=80).print(table)
    text = out.getvalue()
    assert "same whole answer when asked 3 times" in text
    assert text.count("100 % (94–100)") == 4  # noqa: RUF001


def test_markdown_says_what_the_figures_are_of() -> None:
    text = markdown_table(rows_of(column(), column(), priced_as="gpt-5-mini"), CAPTION)
    head, rule, *body = text.splitlines()
    assert head == "| | before: prompt + json.loads | after: Roadworthy task |"
    assert rule == "|---|---:|---:|"
    assert sum(line.startswith("| ") for line in body) == 10
    assert "60 of the 143 comments in examples/feedback" in text
    assert "201 s on 2 cores, 2026-11-21" in text
