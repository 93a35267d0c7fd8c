"""Calls of tasks with constraints, and what is asked again, as a whole path."""

from __future__ import annotations

import asyncio
import json

import msgspec
import pytest

from pipelines import MODEL, TRIAGE, triage
from roadworthy.core import Mode, RecordSettings, Settings, SystemClock
from roadworthy.core.errors import OutputNonconforming
from roadworthy.models import Ask, Capabilities, Model, Reply
from roadworthy.pipeline import Pipeline, compile_state
from roadworthy.tasks import ConstraintDefinition, Snapshot, TaskDefinition
from roadworthy.testing import MemoryJournal, ScriptedUpstream

SURE = ConstraintDefinition(
    name="sure",
    when='output.sentiment != "neutral"',
    require="output.confidence >= 0.6",
    message="whoever is not neutral must be surer than that",
    paths=("/confidence",),
)
UNSURE = '{"sentiment":"positive","confidence":0.5}'
CONSTRAINED = msgspec.structs.replace(TRIAGE, constraints=(SURE,))


def pipeline(
    upstream: ScriptedUpstream,
    task: TaskDefinition = CONSTRAINED,
    *,
    texts: bool = True,
    model: Model = MODEL,
) -> tuple[Pipeline, MemoryJournal]:
    state = compile_state(
        Snapshot(
            revision="r1",
            settings=Settings(record=RecordSettings(texts=texts)),
            tasks={"triage": task},
            models={"scripted": model},
        ),
        {},
    )
    assert state.tasks["triage"].has_constraints == bool(task.constraints)
    journal = MemoryJournal()
    clock = SystemClock()
    return Pipeline(state=lambda: state, upstream=upstream, journal=journal, clock=clock), journal


def test_what_breaks_a_constraint_is_asked_for_again() -> None:
    upstream = ScriptedUpstream([UNSURE, '{"confidence":0.8}'])
    run, journal = pipeline(upstream)
    finished = asyncio.run(run.run(triage()))
    assert finished.call.value == {"sentiment": "positive", "confidence": 0.8}
    assert finished.call.outcome == "reasked"
    first, second = journal.calls[0].attempts
    assert [v.keyword for v in first.violations] == ["constraint"]
    assert second.purpose == "reask"
    question = upstream.asked[1][1].messages[-1]["content"]
    assert "surer than that (constraint sure)" in question


def test_a_long_answer_is_read_aside_and_held_to_its_constraints_all_the_same() -> None:
    lengthy = "Thinking. " * 2_000 + UNSURE
    upstream = ScriptedUpstream([lengthy, " " * 20_000 + '{"confidence":0.8}'])
    run, _ = pipeline(upstream)

    async def beside() -> tuple[object, int]:
        turns = 0
        call = asyncio.create_task(run.run(triage()))
        while not call.done():
            await asyncio.sleep(0)
            turns += 1
        return call.result().call.value, turns

    value, turns = asyncio.run(beside())
    assert value == {"sentiment": "positive", "confidence": 0.8}
    assert turns > 3  # the event loop went on meanwhile


LONG = {"type": "string", "minLength": 40}
WORDY = msgspec.structs.replace(
    TRIAGE,
    output_schema={
        "type": "object",
        "properties": {
            "sentiment": {"enum": ["positive", "negative"]},
            "confidence": {"type": "number", "maximum": 1},
            "a": LONG,
            "b": LONG,
        },
        "required": ["sentiment", "confidence", "a", "b"],
        "additionalProperties": False,
    },
)
WORDY_ANSWER = {"sentiment": "positive", "confidence": 50, "a": "a" * 60, "b": "b" * 60}


@pytest.mark.parametrize(
    ("modes", "in_words"),
    [(("strict", "json"), False), (("json", "prompt"), True), (("prompt",), True)],
)
def test_a_question_for_a_part_states_the_part_and_not_the_whole(
    modes: tuple[Mode, ...], in_words: bool
) -> None:
    upstream = ScriptedUpstream([json.dumps(WORDY_ANSWER), '{"confidence":0.5}'])
    model = msgspec.structs.replace(MODEL, capabilities=Capabilities(modes=modes))
    run, _ = pipeline(upstream, WORDY, model=model)
    finished = asyncio.run(run.run(triage()))
    assert finished.call.value == {**WORDY_ANSWER, "confidence": 0.5}
    ask = upstream.asked[1][1]
    said = json.dumps(ask.messages)
    assert ("JSON Schema" in said) == in_words
    assert "sentiment" not in said.replace(json.dumps(ask.messages[-2]), "")
    if not in_words:
        assert ask.structured is not None
        assert list(ask.structured.schema["properties"]) == ["confidence"]


def test_nothing_is_delivered_that_breaks_a_constraint() -> None:
    run, journal = pipeline(ScriptedUpstream([UNSURE]))
    finished = asyncio.run(run.run(triage()))
    assert isinstance(finished.error, OutputNonconforming)
    assert "/confidence whoever is not neutral" in finished.error.message
    assert (journal.calls[0].outcome, journal.calls[0].value) == ("failed", None)
    assert len(journal.calls[0].attempts) == 3


def test_a_constraint_that_does_not_bind_asks_nothing() -> None:
    run, journal = pipeline(ScriptedUpstream(['{"sentiment":"neutral","confidence":0.5}']))
    asyncio.run(run.run(triage()))
    assert journal.calls[0].outcome == "first_pass"


def test_a_streamed_answer_is_held_to_its_constraints_too() -> None:
    async def streamed() -> str:
        run, _ = pipeline(ScriptedUpstream([UNSURE, '{"confidence":0.8}']))
        stream = await run.stream(triage(stream=True))
        return "".join([delta.text async for batch in stream.deltas for delta in batch])

    assert msgspec.json.decode(asyncio.run(streamed()))["confidence"] == 0.8


def test_a_constraint_reads_the_calls_own_input() -> None:
    long_or_sure = msgspec.structs.replace(
        SURE, require="size(input.comment) > 100 || output.confidence > 0.9"
    )
    task = msgspec.structs.replace(TRIAGE, constraints=(long_or_sure,))
    run, _ = pipeline(ScriptedUpstream([UNSURE, '{"confidence":0.95}']), task)
    assert asyncio.run(run.run(triage())).call.outcome == "reasked"


class Silent(ScriptedUpstream):
    """Answers once; whoever asks again waits."""

    def __init__(self) -> None:
        super().__init__([UNSURE])
        self.is_waited_for = asyncio.Event()

    async def send(self, model: Model, ask: Ask) -> Reply:
        if self.asked:
            self.is_waited_for.set()
            await asyncio.Event().wait()
        return await super().send(model, ask)


def test_a_caller_who_leaves_during_a_further_question_is_recorded_as_gone() -> None:
    async def leave() -> MemoryJournal:
        upstream = Silent()
        run, journal = pipeline(upstream)
        under_way = asyncio.ensure_future(run.run(triage()))
        await upstream.is_waited_for.wait()
        under_way.cancel()
        with pytest.raises(asyncio.CancelledError):
            await under_way
        return journal

    (call,) = asyncio.run(leave()).calls
    assert (call.outcome, call.value) == ("cancelled", None)
    assert [attempt.error for attempt in call.attempts] == [None, "cancelled"]
    assert [attempt.purpose for attempt in call.attempts] == ["answer", "reask"]


def test_without_texts_nothing_of_a_further_question_is_written_down() -> None:
    secret = "the-secret-word"
    answer = f'{{"sentiment":"{secret}","confidence":0.5}}'
    run, journal = pipeline(ScriptedUpstream([answer]), texts=False)
    asyncio.run(run.run(triage()))
    assert secret not in msgspec.json.encode(journal.calls[0]).decode()
