"""Chains run through the whole path: what comes out, and what stands in the journal."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chains import (
    ByTask,
    Held,
    chain,
    chain_pipeline,
    failing,
    run_chain,
    said,
    step,
    step_task,
    wish,
)
from roadworthy.core.errors import OutputNonconforming, UpstreamUnavailable
from roadworthy.pipeline import Pipeline
from roadworthy.tasks import ConstraintDefinition
from roadworthy.tasks.definition import Votes


def test_steps_take_what_is_wired_and_the_last_one_is_the_answer() -> None:
    finished, _ = run_chain(chain(step("one"), step("two", reads="one.text")))
    assert finished.call.value == {"text": "two(one(x))"}
    assert finished.text == '{"text":"two(one(x))"}'
    assert (finished.call.outcome, finished.call.model) == ("chain", "")


def test_the_output_is_put_together_from_several_steps() -> None:
    sheet = chain(
        step("one"),
        step("two"),
        output={"first": "one.text", "second": "two.text", "of": "input.text"},
    )
    finished, _ = run_chain(sheet)
    assert finished.call.value == {"first": "one(x)", "second": "two(x)", "of": "x"}


def test_a_whole_output_may_be_wired_as_the_whole_input() -> None:
    finished, _ = run_chain(chain(step("one"), step("two", reads="one", wires={"": "one"})))
    assert finished.call.value == {"text": "two(one(x))"}


def test_constants_stand_beside_what_is_wired() -> None:
    finished, _ = run_chain(chain(step("one", wires={}, constants={"text": "fixed"})))
    assert finished.call.value == {"text": "one(fixed)"}


def test_each_step_is_a_call_of_its_own_that_stands_before_its_chains() -> None:
    finished, journal = run_chain(chain(step("one"), step("two", reads="one.text")), unit="u1")
    assert [(c.task, c.step, c.outcome) for c in journal] == [
        ("one", "one", "first_pass"),
        ("two", "two", "first_pass"),
        ("sheet", "", "chain"),
    ]
    whole = journal[-1]
    assert {(c.parent_id, c.root_id, c.surface, c.unit) for c in journal[:2]} == {
        (whole.id, whole.id, "task", "u1")
    }
    assert (whole.parent_id, whole.root_id, whole.attempts) == (None, None, [])
    assert finished.steps == journal[:2]


def test_a_chain_costs_what_its_steps_cost() -> None:
    finished, journal = run_chain(chain(step("one"), step("two", reads="one.text")))
    steps, whole = journal[:2], finished.call
    assert whole.cost_nusd == sum(call.cost_nusd or 0 for call in steps) > 0
    assert whole.usage.input_tokens == 20
    assert whole.usage.output_tokens == sum(call.usage.output_tokens or 0 for call in steps)


def test_every_step_leaves_a_stage_in_its_chains_call() -> None:
    finished, _ = run_chain(chain(step("one"), step("two", reads="one.text")))
    names = [stage.name for stage in finished.call.stages]
    assert names == ["resolve", "check", "step one", "step two", "conform"]


def test_steps_that_do_not_wait_for_each_other_run_side_by_side() -> None:
    async def both_have_asked_before_one_is_answered() -> None:
        upstream = Held()
        sheet = chain(step("one"), step("two"), step("three", reads="one.text", needs=["two"]))
        pipeline, _ = chain_pipeline(sheet, upstream)
        call = asyncio.create_task(pipeline.run(wish()))
        assert await upstream.next() == "one"
        assert await upstream.next() == "two"
        upstream.let_go("one", "two", "three")
        await call
        assert upstream.order[2:] == ["three"]

    asyncio.run(both_have_asked_before_one_is_answered())


def test_a_failed_step_ends_the_chain_with_its_error_and_its_outcome() -> None:
    sheet = chain(step("one"), step("two", reads="one.text"), step("three", reads="two.text"))
    upstream = ByTask({"two": lambda _: "no JSON at all"})
    finished, journal = run_chain(sheet, upstream)
    assert isinstance(finished.error, OutputNonconforming)
    assert finished.error.step == "two"
    assert finished.error.message.startswith("step 'two': The answer does not conform")
    assert finished.error.call_id == finished.call.id
    assert [call.outcome for call in journal] == ["first_pass", "failed", "failed"]
    assert "step" not in (journal[1].error.message if journal[1].error else "step")


def test_an_error_of_the_provider_is_raised_with_its_step() -> None:
    upstream = ByTask({"one": failing()})
    pipeline, journal = chain_pipeline(chain(step("one")), upstream)
    with pytest.raises(UpstreamUnavailable, match="step 'one': gone") as caught:
        asyncio.run(pipeline.run(wish()))
    assert (caught.value.step, caught.value.call_id) == ("one", journal.calls[-1].id)
    assert [call.outcome for call in journal.calls] == ["errored", "errored"]


def test_a_step_may_be_a_chain_itself() -> None:
    inner = chain(step("one"), step("two", reads="one.text"), name="inner")
    sheet = chain(step("inner"), tasks={"inner": inner})
    finished, journal = run_chain(sheet)
    assert finished.call.value == {"text": "two(one(x))"}
    by_task = {call.task: call for call in journal}
    assert by_task["one"].parent_id == by_task["inner"].id
    assert by_task["inner"].parent_id == by_task["one"].root_id == by_task["sheet"].id
    assert finished.call.cost_nusd == by_task["inner"].cost_nusd
    assert [call.task for call in finished.steps] == ["one", "two", "inner"]


def test_the_failed_step_of_a_chain_within_a_chain_is_named_from_the_outside_in() -> None:
    inner = chain(step("one"), name="inner")
    sheet = chain(step("inner"), tasks={"inner": inner})
    finished, journal = run_chain(sheet, ByTask({"one": lambda _: "no JSON"}))
    assert finished.error is not None
    assert finished.error.step == "inner/one"
    assert finished.error.message.startswith("step 'inner/one': The answer")
    told = [call.error.message[:20] if call.error else "" for call in journal]
    assert told == ["The answer does not ", "step 'one': The answ", "step 'inner/one': Th"]


def test_input_that_a_chain_does_not_take_reaches_no_step() -> None:
    upstream = ByTask()
    pipeline, journal = chain_pipeline(chain(step("one")), upstream)
    with pytest.raises(Exception, match="input schema"):
        asyncio.run(pipeline.run(wish(input={"txt": "x"})))
    assert upstream.asked == []
    assert [call.outcome for call in journal.calls] == ["rejected"]


@pytest.mark.parametrize("answer", [said("y"), '{"text": 1}'])
def test_a_call_under_way_is_counted_once_however_it_ends(answer: str) -> None:
    pipeline, _ = chain_pipeline(chain(step("one")), ByTask({"one": lambda _: answer}))
    asyncio.run(pipeline.run(wish()))
    assert pipeline.load.under_way == 0


def test_calls_below_are_handed_to_who_asks_for_them_even_if_the_chain_fails() -> None:
    steps: list[Any] = []
    upstream = ByTask({"two": failing()})
    pipeline, _ = chain_pipeline(chain(step("one"), step("two", reads="one.text")), upstream)
    with pytest.raises(UpstreamUnavailable):
        asyncio.run(pipeline.run(wish(steps=steps)))
    assert [(call.step, call.outcome) for call in steps] == [
        ("one", "first_pass"),
        ("two", "errored"),
    ]


def test_a_chain_is_held_to_its_own_constraints_and_nothing_is_asked_again() -> None:
    told = ConstraintDefinition(name="short", require="size(output.text) < 5", message="too long")
    upstream = ByTask()
    finished, journal = run_chain(chain(step("one"), constraints=(told,)), upstream)
    assert isinstance(finished.error, OutputNonconforming)
    assert "too long (constraint short)" in finished.error.message
    assert (finished.call.outcome, len(upstream.asked)) == ("failed", 1)
    assert [(r.kind, r.name, r.path) for r in finished.call.reasons] == [
        ("failure", "constraint", "/text")
    ]
    assert journal[0].outcome == "first_pass"


def test_what_the_steps_give_is_held_to_the_schema_that_the_chain_states() -> None:
    narrow = {"type": "object", "properties": {"text": {"maxLength": 3}}}
    finished, _ = run_chain(chain(step("one"), output_schema=narrow))
    assert isinstance(finished.error, OutputNonconforming)
    assert [(r.name, r.path) for r in finished.call.reasons] == [("maxLength", "/text")]


@pytest.mark.parametrize("stream", [False, True])
def test_what_was_measured_of_a_steps_fields_is_told_of_the_chains(stream: bool) -> None:
    voted = step_task("one", votes=Votes(n=3))
    whole = chain(step("one"), tasks={"one": voted})
    parts = chain(
        step("one"), step("two"), output={"a/b": "one.text", "c": "two.text"}, tasks={"one": voted}
    )
    for sheet, pointer in ((whole, "/text"), (parts, "/a~1b")):
        pipeline, journal = chain_pipeline(sheet, ByTask())
        asyncio.run(_ended(pipeline, stream=stream))
        told = journal.calls[-1].confidence
        assert {place: (c.value, c.method) for place, c in told.items()} == {
            pointer: (1.0, "votes")
        }


async def _ended(pipeline: Pipeline, *, stream: bool) -> None:
    if not stream:
        await pipeline.run(wish())
        return
    flowing = await pipeline.stream(wish(stream=True))
    async for _ in flowing.deltas:
        pass
