"""A chain whose caller asked for a stream."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from chains import ByTask, chain, chain_pipeline, failing, said, step, step_task, wish
from roadworthy.core import RecordSettings, Settings
from roadworthy.core.errors import (
    JournalUnavailable,
    OutputNonconforming,
    RoadworthyError,
    UpstreamUnavailable,
)
from roadworthy.models import Reply
from roadworthy.pipeline import CallStream
from roadworthy.tasks import ConstraintDefinition, TaskDefinition

TWO = chain(step("one"), step("two", reads="one.text"))
LOW = ConstraintDefinition(name="short", require="size(output.text) < 99", message="too long")


async def pieces_of(stream: CallStream) -> list[str]:
    return [delta.text async for batch in stream.deltas for delta in batch if delta.text]


def streamed(
    definition: TaskDefinition, upstream: ByTask | None = None, **fields: Any
) -> tuple[list[str], list[Any]]:
    """The pieces of a stream, and the journal."""
    pipeline, journal = chain_pipeline(definition, upstream or ByTask())

    async def read() -> list[str]:
        return await pieces_of(await pipeline.stream(wish(stream=True, **fields)))

    pieces = asyncio.run(read())
    assert pipeline.load.under_way == 0
    return pieces, journal.calls


def test_the_last_step_flows_once_the_others_have_ended() -> None:
    pieces, journal = streamed(TWO)
    assert len(pieces) > 2
    assert json.loads("".join(pieces)) == {"text": "two(one(x))"}
    assert [(c.step, c.outcome) for c in journal] == [
        ("one", "first_pass"),
        ("two", "first_pass"),
        ("", "chain"),
    ]
    assert journal[-1].value == {"text": "two(one(x))"}
    assert journal[-1].cost_nusd == (journal[0].cost_nusd or 0) + (journal[1].cost_nusd or 0)


def test_the_chain_stands_in_the_journal_before_its_last_piece_is_sent() -> None:
    async def scenario() -> None:
        pipeline, journal = chain_pipeline(TWO, ByTask())
        stream = await pipeline.stream(wish(stream=True))
        assert [call.step for call in journal.calls] == ["one"]
        batches = [batch async for batch in stream.deltas]
        assert [call.step for call in journal.calls] == ["one", "two", ""]
        assert batches[-1][-1].stop_reason == "stop"
        names = [stage.name for stage in stream.call.stages]
        assert names == ["resolve", "check", "step one", "step two", "conform"]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "definition",
    [
        chain(
            step("one"), step("two", reads="one.text"), output={"a": "two.text", "b": "one.text"}
        ),
        chain(step("one"), step("two", reads="one.text"), stream="buffered"),
        chain(step("one"), step("two", reads="one.text"), constraints=(LOW,)),
        chain(step("one"), step("two", on_error="default", default={"text": "d"})),
        chain(step("one"), step("two", when="false", default={"text": "d"})),
        chain(step("two"), step("one", reads="two.text"), output="two"),
    ],
    ids=["wired", "buffered", "constrained", "replaceable", "skipped", "read by another"],
)
def test_what_is_not_exactly_the_last_steps_is_sent_in_one_piece(
    definition: TaskDefinition,
) -> None:
    pieces, journal = streamed(definition)
    assert len(pieces) == 1
    assert json.loads(pieces[0]) == journal[-1].value
    assert journal[-1].outcome == "chain"


def test_the_step_that_flows_comes_last_wherever_it_is_written() -> None:
    upstream = ByTask()
    pieces, _ = streamed(chain(step("one"), step("two"), output="one"), upstream)
    assert len(pieces) > 2
    assert upstream.order == ["two", "one"]


def test_the_last_step_of_a_chain_within_a_chain_flows() -> None:
    inner = chain(step("one"), step("two", reads="one.text"), name="inner")
    sheet = chain(step("zero"), step("inner", reads="zero.text"), tasks={"inner": inner})
    pieces, journal = streamed(sheet)
    assert len(pieces) > 2
    assert json.loads("".join(pieces)) == {"text": "two(one(zero(x)))"}
    assert [call.task for call in journal] == ["zero", "one", "two", "inner", "sheet"]
    assert {call.outcome for call in journal[-2:]} == {"chain"}


def test_free_text_flows_as_it_is() -> None:
    poem = step_task("poem", output_schema=None, stream="raw")
    upstream = ByTask({"poem": lambda _: "Roses are red."})
    sheet = chain(step("poem"), tasks={"poem": poem}, output_schema=None, stream="raw")
    pieces, journal = streamed(sheet, upstream)
    assert "".join(pieces) == journal[-1].value == "Roses are red."


@pytest.mark.parametrize("failing_step", ["one", "two"])
def test_a_step_that_fails_before_anything_is_sent_is_an_error_with_its_name(
    failing_step: str,
) -> None:
    pipeline, journal = chain_pipeline(TWO, ByTask({failing_step: failing()}))
    with pytest.raises(UpstreamUnavailable, match=f"step '{failing_step}': gone") as caught:
        asyncio.run(pipeline.stream(wish(stream=True)))
    whole = journal.calls[-1]
    assert (whole.outcome, whole.error and whole.error.message) == (
        "errored",
        f"step '{failing_step}': gone",
    )
    assert caught.value.call_id == whole.id
    assert pipeline.load.under_way == 0


@pytest.mark.parametrize("failing_step", ["one", "two"])
def test_an_answer_that_does_not_conform_ends_the_chain_with_its_step(failing_step: str) -> None:
    pipeline, journal = chain_pipeline(TWO, ByTask({failing_step: lambda _: "no JSON"}))
    with pytest.raises(OutputNonconforming, match=f"step '{failing_step}'"):
        asyncio.run(pipeline.stream(wish(stream=True)))
    assert journal.calls[-1].outcome == "failed"
    assert pipeline.load.under_way == 0


def test_an_error_within_the_stream_bears_the_name_of_the_step() -> None:
    cut = Reply(text='{"text": "a rather long be', stop_reason="length")
    pipeline, journal = chain_pipeline(TWO, ByTask({"two": lambda _: cut}))

    async def scenario() -> None:
        stream = await pipeline.stream(wish(stream=True))
        with pytest.raises(RoadworthyError, match="step 'two'"):
            await pieces_of(stream)

    asyncio.run(scenario())
    assert [(c.step, c.outcome) for c in journal.calls[1:]] == [
        ("two", "truncated"),
        ("", "truncated"),
    ]


def test_a_caller_who_goes_away_is_recorded_for_the_step_and_for_the_chain() -> None:
    async def scenario() -> None:
        pipeline, journal = chain_pipeline(TWO, ByTask())
        stream = await pipeline.stream(wish(stream=True))
        await anext(stream.deltas)
        await stream.deltas.aclose()
        told = [(call.step, call.outcome) for call in journal.calls]
        assert told == [("one", "first_pass"), ("two", "cancelled"), ("", "cancelled")]
        assert pipeline.load.under_way == 0

    asyncio.run(scenario())


def test_what_the_last_step_gives_is_held_to_the_chains_own_schema() -> None:
    narrow = {"type": "object", "properties": {"text": {"maxLength": 3}}}
    pipeline, journal = chain_pipeline(chain(step("one"), output_schema=narrow), ByTask())

    async def scenario() -> None:
        stream = await pipeline.stream(wish(stream=True))
        with pytest.raises(OutputNonconforming, match="what the chain promises"):
            await pieces_of(stream)

    asyncio.run(scenario())
    assert [call.outcome for call in journal.calls] == ["first_pass", "failed"]


def test_a_journal_that_is_full_ends_the_chain_too() -> None:
    async def scenario() -> None:
        settings = Settings(record=RecordSettings(when_full="refuse"))
        pipeline, journal = chain_pipeline(TWO, ByTask(), settings=settings)
        stream = await pipeline.stream(wish(stream=True))
        journal.full = True
        with pytest.raises(JournalUnavailable):
            await pieces_of(stream)
        assert pipeline.load.under_way == 0

    asyncio.run(scenario())


def test_a_recorded_last_step_is_sent_whole() -> None:
    pieces, journal = streamed(TWO, recorded={"two": {"text": "before"}})
    assert pieces == ['{"text":"before"}']
    assert [call.step for call in journal] == ["one", ""]


@pytest.mark.parametrize("text", ["y", "z" * 50])
def test_a_stream_says_what_the_whole_answer_says(text: str) -> None:
    upstream = ByTask({"two": lambda _: said(text)})
    pieces, journal = streamed(TWO, upstream)
    assert json.loads("".join(pieces)) == journal[-1].value == {"text": text}
