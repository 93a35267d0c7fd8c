"""What a step does where it does not simply run: `when`, `on_error`, `for_each`."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chains import (
    TEXT,
    ByTask,
    Held,
    chain,
    chain_pipeline,
    failing,
    object_schema,
    run_chain,
    said,
    step,
    step_task,
    wish,
)
from roadworthy.core import RecordSettings, Settings
from roadworthy.core.errors import InvalidInput, JournalUnavailable, OutputNonconforming
from roadworthy.tasks import TaskDefinition
from roadworthy.tasks.definition import RuleDefinition

LIST: dict[str, Any] = {
    "type": "object",
    "properties": {"items": {"type": "array", "items": TEXT}},
    "required": ["items"],
}
MAYBE = step_task(
    "maybe",
    input_schema=object_schema(optional=("text", "more")),
    templates=step_task("maybe").templates,
)


def over_items(**fields: Any) -> TaskDefinition:
    """A chain that runs ``one`` for each of the input's items; its output is their list."""
    each = step("one", reads="item.text", for_each="input.items", **fields)
    return chain(each, input_schema=LIST, output_schema={"type": "array", "items": TEXT})


def items(*texts: str) -> dict[str, Any]:
    return {"items": [{"text": text} for text in texts]}


@pytest.mark.parametrize(("given", "runs"), [("yes", True), ("no", False)])
def test_a_step_runs_where_its_condition_holds(given: str, runs: bool) -> None:
    sheet = chain(step("one", when='input.text == "yes"', default={"text": "instead"}))
    upstream = ByTask()
    finished, journal = run_chain(sheet, upstream, input={"text": given})
    assert finished.call.value == {"text": "one(yes)" if runs else "instead"}
    assert upstream.order == (["one"] if runs else [])
    assert len(journal) == 1 + runs


@pytest.mark.parametrize("how", [{"when": "false"}, {"on_error": "skip"}, {"on_error": "default"}])
def test_an_answer_that_its_reader_changes_stays_the_default(how: dict[str, str]) -> None:
    sheet = chain(step("one", default={"text": "instead"}, **how))
    pipeline, _ = chain_pipeline(sheet, ByTask({"one": failing()}))
    for _ in range(2):
        value = asyncio.run(pipeline.run(wish())).call.value
        assert value == {"text": "instead"}
        value["text"] = "changed"


def test_a_condition_reads_the_steps_before_by_names_without_dashes() -> None:
    first = step("step-one", task="one")
    second = step("two", reads="step-one.text", when='step_one.text == "one(x)"')
    finished, _ = run_chain(chain(first, second))
    assert finished.call.value == {"text": "two(one(x))"}


def test_a_condition_that_cannot_be_evaluated_does_not_hold() -> None:
    sheet = chain(
        step("one"),
        step("two", when="int(one.text) > 3", needs=["one"], default={"text": "d"}),
    )
    assert run_chain(sheet)[0].call.value == {"text": "d"}


def test_what_needs_a_skipped_step_is_skipped_and_left_out_of_the_output() -> None:
    sheet = chain(
        step("one", when="false"),
        step("two", reads="one.text"),
        step("three", reads="two.text"),
        step("four"),
        output={"first": "three.text", "last": "four.text"},
        output_schema=object_schema("last", optional=("first",)),
    )
    finished, journal = run_chain(sheet)
    assert finished.call.value == {"last": "four(x)"}
    assert [call.step for call in journal] == ["four", ""]
    notes = {stage.name: stage.note for stage in finished.call.stages}
    assert [notes[f"step {name}"] for name in ("one", "two", "three", "four")] == [
        *["skipped"] * 3,
        "",
    ]


def test_an_optional_field_of_a_skipped_step_is_left_out() -> None:
    sheet = chain(
        step("one", when="false"),
        step("maybe", reads="one.text", wires={"text": "one.text", "more": "input.text"}),
        tasks={"maybe": MAYBE},
    )
    _, journal = run_chain(sheet)
    assert [(call.step, call.input) for call in journal[:-1]] == [("maybe", {"more": "x"})]


def test_a_condition_on_a_skipped_step_does_not_hold_whatever_else_it_says() -> None:
    two = step("two", when='true || one.text == ""', needs=["one"], default={"text": "d"})
    assert run_chain(chain(step("one", when="false"), two))[0].call.value == {"text": "d"}


def test_the_default_of_a_skipped_step_is_read_like_its_answer() -> None:
    sheet = chain(step("one", when="false", default={"text": "d"}), step("two", reads="one.text"))
    assert run_chain(sheet)[0].call.value == {"text": "two(d)"}


@pytest.mark.parametrize(
    ("fields", "value", "note"),
    [
        ({"on_error": "default", "default": {"text": "d"}}, "two(d)", "default"),
        ({"on_error": "task", "fallback": "other"}, "two(other(x))", "fallback"),
        ({"on_error": "skip", "default": {"text": "s"}}, "two(s)", "upstream_unavailable"),
    ],
)
def test_a_failed_step_is_replaced_as_it_says(
    fields: dict[str, Any], value: str, note: str
) -> None:
    sheet = chain(step("one", **fields), step("two", reads="one.text"))
    finished, journal = run_chain(sheet, ByTask({"one": failing()}))
    assert finished.call.value == {"text": value}
    assert finished.call.outcome == "chain"
    assert next(s.note for s in finished.call.stages if s.name == "step one") == note
    assert (journal[0].step, journal[0].outcome) == ("one", "errored")


def test_a_step_that_is_skipped_where_it_fails_gives_nothing() -> None:
    sheet = chain(
        step("one", on_error="skip"),
        step("two"),
        output={"one": "one.text", "two": "two.text"},
        output_schema=object_schema("two", optional=("one",)),
    )
    finished, _ = run_chain(sheet, ByTask({"one": lambda _: "no JSON"}))
    assert finished.call.value == {"two": "two(x)"}


def test_the_task_that_answers_in_its_place_is_a_call_of_the_same_step() -> None:
    sheet = chain(step("one", on_error="task", fallback="other"))
    _, journal = run_chain(sheet, ByTask({"one": failing()}))
    assert [(call.step, call.task, call.outcome) for call in journal] == [
        ("one", "one", "errored"),
        ("one", "other", "first_pass"),
        ("", "sheet", "chain"),
    ]


def test_a_chain_fails_where_what_answers_in_a_steps_place_fails() -> None:
    sheet = chain(step("one", on_error="task", fallback="other"))
    upstream = ByTask({"one": failing(), "other": lambda _: "no JSON"})
    finished, _ = run_chain(sheet, upstream)
    assert isinstance(finished.error, OutputNonconforming)
    assert finished.error.step == "one"


def test_no_step_passes_over_a_call_that_may_not_go_unrecorded() -> None:
    sheet = chain(step("one", on_error="default", default={"text": "d"}), step("two"))
    settings = Settings(record=RecordSettings(when_full="refuse"))
    pipeline, journal = chain_pipeline(sheet, ByTask(), settings=settings)
    journal.full = True
    with pytest.raises(JournalUnavailable):
        asyncio.run(pipeline.run(wish()))
    assert pipeline.load.under_way == 0


def test_the_other_steps_are_cancelled_where_one_fails_and_have_ended_before_the_chain() -> None:
    async def scenario() -> None:
        upstream = Held({"two": lambda _: "no JSON"})
        sheet = chain(step("one"), step("two"), step("three", reads="one.text", needs=["two"]))
        pipeline, journal = chain_pipeline(sheet, upstream)
        call = asyncio.create_task(pipeline.run(wish()))
        assert [await upstream.next(), await upstream.next()] == ["one", "two"]
        upstream.let_go("two")
        finished = await call
        assert finished.error is not None
        assert finished.error.step == "two"
        told = [(call.step, call.outcome) for call in journal.calls]
        assert told == [("two", "failed"), ("one", "cancelled"), ("", "failed")]

    asyncio.run(scenario())


def test_nothing_begins_in_the_moment_in_which_another_step_fails() -> None:
    async def scenario() -> None:
        upstream = Held({"two": lambda _: "no JSON"})
        sheet = chain(step("one"), step("two"), step("three", reads="one.text"))
        pipeline, journal = chain_pipeline(sheet, upstream)
        call = asyncio.create_task(pipeline.run(wish()))
        assert [await upstream.next(), await upstream.next()] == ["one", "two"]
        upstream.let_go("three", "two", "one")  # both end in the same turn of the loop
        await call
        assert upstream.waiting == 0
        told = [(call.step, call.outcome) for call in journal.calls]
        assert told == [("two", "failed"), ("one", "first_pass"), ("", "failed")]

    asyncio.run(scenario())


def test_a_chain_that_is_given_up_gives_up_its_steps() -> None:
    async def scenario() -> None:
        upstream = Held()
        pipeline, journal = chain_pipeline(chain(step("one"), step("two")), upstream)
        call = asyncio.create_task(pipeline.run(wish()))
        assert [await upstream.next(), await upstream.next()] == ["one", "two"]
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert {call.outcome for call in journal.calls} == {"cancelled"}
        assert [call.step for call in journal.calls][-1] == ""
        assert pipeline.load.under_way == 0

    asyncio.run(scenario())


@pytest.mark.parametrize("given", ["text", 5, {"text": "a"}, None])
def test_a_step_for_each_item_of_what_is_no_list_is_the_callers_mistake(given: Any) -> None:
    sheet = chain(
        step("one", reads="input.text", for_each="input.items"),
        input_schema={"type": "object", "properties": {"items": {}, "text": {"type": "string"}}},
        output_schema={"type": "array", "items": TEXT},
    )
    upstream = ByTask()
    with pytest.raises(InvalidInput, match=r"^step 'one': input.items is no list"):
        run_chain(sheet, upstream, input={"text": "a", "items": given})
    assert upstream.order == []


def test_a_step_runs_for_each_item_and_gives_the_list_in_order() -> None:
    finished, journal = run_chain(over_items(), input=items("a", "b", "c"))
    assert finished.call.value == [{"text": f"one({text})"} for text in "abc"]
    assert [(call.step, call.item) for call in journal[:-1]] == [("one", 0), ("one", 1), ("one", 2)]


def test_no_items_are_an_empty_list() -> None:
    finished, journal = run_chain(over_items(), input=items())
    assert finished.call.value == []
    assert len(journal) == 1


def test_no_more_items_run_at_once_than_the_step_says() -> None:
    async def scenario() -> None:
        upstream = Held()
        pipeline, _ = chain_pipeline(over_items(concurrency=2), upstream)
        call = asyncio.create_task(pipeline.run(wish(input=items(*"abcde"))))
        assert [await upstream.next(), await upstream.next()] == ["one", "one"]
        for _ in range(50):
            await asyncio.sleep(0)
        assert upstream.waiting == 0
        upstream.let_go("one")
        assert len((await call).call.value) == 5

    asyncio.run(scenario())


def test_items_for_which_the_condition_does_not_hold_have_no_place_in_the_list() -> None:
    finished, _ = run_chain(over_items(when='item.text != "b"'), input=items("a", "b", "c"))
    assert finished.call.value == [{"text": "one(a)"}, {"text": "one(c)"}]


def test_a_condition_that_reads_no_item_decides_for_the_whole_step() -> None:
    sheet = over_items(when="size(input.items) > 9", default=[{"text": "d"}])
    assert run_chain(sheet, input=items("a"))[0].call.value == [{"text": "d"}]


@pytest.mark.parametrize(
    ("fields", "values"),
    [
        ({"on_error": "skip"}, ["one(a)", "one(c)"]),
        ({"on_error": "default", "default": {"text": "d"}}, ["one(a)", "d", "one(c)"]),
        ({"on_error": "task", "fallback": "two"}, ["one(a)", "two(b)", "one(c)"]),
    ],
)
def test_an_item_that_fails_is_replaced_as_the_step_says(
    fields: dict[str, Any], values: list[str]
) -> None:
    upstream = ByTask({"one": lambda text: "no JSON" if text == "b" else said(f"one({text})")})
    finished, _ = run_chain(over_items(**fields), upstream, input=items("a", "b", "c"))
    assert finished.call.value == [{"text": value} for value in values]


def test_an_item_that_fails_ends_the_chain_and_is_named() -> None:
    upstream = ByTask({"one": lambda text: "no JSON" if text == "b" else said(text)})
    finished, _ = run_chain(over_items(), upstream, input=items("a", "b", "c"))
    assert finished.error is not None
    assert finished.error.step == "one[1]"


def test_items_that_rules_answer_do_not_hold_up_other_calls() -> None:
    answer = RuleDefinition(name="same", effect="answer", answer={"text": "a"})
    by_rule = step_task("one", model="", templates=(), rules=(answer,))
    each = step("one", reads="item.text", for_each="input.items", concurrency=1)
    sheet = chain(
        each,
        tasks={"one": by_rule},
        input_schema=LIST,
        output_schema={"type": "array", "items": TEXT},
    )
    pipeline, journal = chain_pipeline(sheet, ByTask())
    ended: list[int] = []

    async def scenario() -> None:
        call = asyncio.create_task(pipeline.run(wish(input=items(*"abcdefgh"))))
        while not call.done():
            ended.append(len(journal.calls))
            await asyncio.sleep(0)

    asyncio.run(scenario())
    assert max(ended) < 9
    assert len(set(ended)) > 4
