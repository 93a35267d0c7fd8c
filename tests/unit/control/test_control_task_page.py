from __future__ import annotations

from typing import Any

import msgspec

from roadworthy.control.samples.sample_tasks import sample_definitions
from roadworthy.control.source import Definition
from roadworthy.control.task_page import MAX_OTHERS, Cell, KeywordRow, task_rows, task_view
from roadworthy.core import Mode
from roadworthy.models import Capabilities, Model
from roadworthy.storage.views import Figures, Overview, TaskFigures
from roadworthy.tasks import TaskDefinition

FEEDBACK, SHEET = sample_definitions()
MANY_UNIONS = {
    "type": "object",
    "properties": {
        f"p{n}": {"anyOf": [{"type": "string", "maxLength": 9}, {"type": "array"}]}
        for n in range(20)
    },
    "required": [f"p{n}" for n in range(20)],
    "additionalProperties": False,
}


def overview_of(**outcomes: int) -> Overview:
    total = Figures(start_us=0, calls=sum(outcomes.values()), outcomes=outcomes)
    tasks = [TaskFigures(task="classify-feedback", figures=total)]
    return Overview(since_us=0, until_us=1, bucket_us=1, total=total, series=[], tasks=tasks)


def keywords_of(schema: dict[str, Any], *modes: Mode) -> dict[str, KeywordRow]:
    model = Model(name="m", provider="openai", upstream="u", capabilities=Capabilities(modes=modes))
    served = Definition(task=TaskDefinition(name="t", model="m", output_schema=schema), model=model)
    return {row.path: row for row in task_view("t", served, overview_of(), span="24h").keywords}


def test_outcomes_come_with_their_shares_and_lead_to_their_calls() -> None:
    view = task_view("a/b", None, overview_of(first_pass=3, failed=1), span="7d")
    assert [(row.name, row.calls, row.share) for row in view.outcomes] == [
        ("first_pass", 3, "75%"),
        ("failed", 1, "25%"),
    ]
    assert view.outcomes[1].href == "/calls?task=a%2Fb&outcome=failed&since=7d"


def test_a_keyword_is_shown_as_it_holds_here_and_at_every_provider() -> None:
    rows = task_view("product-sheet", SHEET, overview_of(), span="24h").keywords
    row = next(row for row in rows if row.path == "/properties/price/properties/amount/minimum")
    assert row.here == Cell(hold="enforced")
    assert [cell and cell.hold for cell in row.there] == [
        "enforced",
        "told",
        "enforced",
        "enforced",
    ]


def test_only_reasons_that_say_more_are_repeated_in_the_table() -> None:
    rows = keywords_of({"type": "object", "properties": {"a": {"const": "X"}}}, "strict")
    assert "cannot come back" in rows["/additionalProperties"].here.reason
    told = keywords_of(SHEET.task.output_schema or {}, "strict")
    assert told["/properties/title/maxLength"].here == Cell(hold="told")


def test_a_mode_that_binds_nothing_only_tells_the_model() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "maxLength": 3}}}
    for mode, hold in (("json", "told"), ("prompt", "told"), ("none", "validated")):
        rows = keywords_of(schema, mode)  # type: ignore[arg-type]
        assert rows["/properties/a/maxLength"].here == Cell(hold=hold)  # type: ignore[arg-type]


def test_a_provider_that_has_no_form_of_the_schema_has_empty_cells() -> None:
    rows = keywords_of(MANY_UNIONS, "strict")
    assert rows["/properties/p0/anyOf/0/maxLength"].there[1] is None


def test_tasks_that_are_served_come_before_those_that_only_have_calls() -> None:
    rows = task_rows(
        ["a-gone", "classify-feedback"],
        {"classify-feedback": FEEDBACK},
        overview_of(first_pass=2),
    )
    assert [row.name for row in rows] == ["classify-feedback", "a-gone"]
    assert [row.figures is None for row in rows] == [False, True]
    assert rows[0].enforcement is not None
    assert rows[0].enforcement.everything


def test_of_names_that_callers_chose_the_busiest_are_listed() -> None:
    busy = TaskFigures(task="model:z", figures=Figures(start_us=0, calls=9))
    overview = msgspec.structs.replace(overview_of(), tasks=[busy])
    names = [*(f"model:{number}" for number in range(MAX_OTHERS + 5)), "model:z"]
    rows = task_rows(names, {}, overview)
    assert (len(rows), rows[0].name) == (MAX_OTHERS, "model:z")
