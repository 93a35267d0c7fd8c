from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from pipelines import MODEL, chat, pipeline_of
from roadworthy.core import Settings, SystemClock, Usage
from roadworthy.core.errors import (
    OutputNonconforming,
    OutputTruncated,
    RoadworthyError,
    UpstreamUnavailable,
)
from roadworthy.models import Ask, Delta, Model, Reply
from roadworthy.pipeline import CallRequest, CallStream, Pipeline, compile_state
from roadworthy.tasks import ConstraintDefinition, Snapshot, StreamMode, TaskDefinition, Template
from roadworthy.testing import MemoryJournal, ScriptedUpstream

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "note": {"type": "string"},
        "mood": {"enum": ["glad", "sad"]},
        "stars": {"type": "integer", "minimum": 1, "maximum": 5},
    },
    "required": ["note", "mood", "stars"],
    "additionalProperties": False,
}
GOOD = {"note": "Came late, and soaked.", "mood": "sad", "stars": 2}
TOTAL = ConstraintDefinition(name="low", require="output.stars < 3", message="too many stars")


def ask(**fields: Any) -> CallRequest:
    return chat(stream=True, output_schema=SCHEMA, **fields)


def served(
    answers: list[Any], *, stream: StreamMode = "fields", **fields: Any
) -> tuple[Pipeline, MemoryJournal, ScriptedUpstream, CallRequest]:
    """A pipeline with one task, what it records and asks, and a request for a stream of it."""
    task = TaskDefinition(
        name="note",
        model="scripted",
        input_schema={"type": "object"},
        output_schema=SCHEMA,
        templates=(Template(role="user", source="Say it.", file="user.md"),),
        stream=stream,
        **fields,
    )
    snapshot = Snapshot(
        revision="r", settings=Settings(), tasks={"note": task}, models={"scripted": MODEL}
    )
    state = compile_state(snapshot, {})
    journal, upstream = MemoryJournal(), ScriptedUpstream(answers)
    pipeline = Pipeline(
        state=lambda: state, upstream=upstream, journal=journal, clock=SystemClock()
    )
    request = CallRequest(target="task:note", surface="task", input={}, stream=True)
    return pipeline, journal, upstream, request


async def texts(stream: CallStream) -> list[str]:
    return [delta.text async for batch in stream.deltas for delta in batch if delta.text]


async def read(stream: CallStream, into: list[str]) -> None:
    async for batch in stream.deltas:
        into += [delta.text for delta in batch]


def test_fields_reach_the_caller_while_the_model_writes() -> None:
    async def scenario() -> None:
        pipeline, journal = pipeline_of(ScriptedUpstream([json.dumps(GOOD)]))
        stream = await pipeline.stream(ask())
        pieces: list[str] = []
        async for batch in stream.deltas:
            pieces += [delta.text for delta in batch if delta.text]
            assert len(journal.calls) == any(delta.stop_reason for delta in batch)
        assert len(pieces) > 5
        assert '"sad"' in "".join(pieces)
        assert json.loads("".join(pieces)) == GOOD == journal.calls[0].value
        (call,) = journal.calls
        assert (call.outcome, call.stream, call.mode) == ("first_pass", True, "strict")
        assert call.attempts[0].first_token_us is not None
        assert [stage.name for stage in call.stages][-2:] == ["generate", "conform"]
        assert call.usage.output_tokens

    asyncio.run(scenario())


def test_what_needs_a_repair_follows_at_the_end() -> None:
    async def scenario() -> None:
        written = '```json\n{"note": "Fine.", "mood": "Glad", "stars": "4"}\n```'
        pipeline, journal = pipeline_of(ScriptedUpstream([written]))
        pieces = await texts(await pipeline.stream(ask()))
        assert pieces[-1] == ',"mood":"glad","stars":4}'
        assert "".join(pieces) == '{"note":"Fine.","mood":"glad","stars":4}'
        assert journal.calls[0].outcome == "repaired"
        assert {"enum", "fence", "number"} <= {repair.kind for repair in journal.calls[0].repairs}

    asyncio.run(scenario())


def test_a_question_fills_what_was_not_sent() -> None:
    async def scenario() -> None:
        upstream = ScriptedUpstream([json.dumps(GOOD | {"stars": 9}), '{"stars": 3}'])
        pipeline, journal = pipeline_of(upstream)
        pieces = await texts(await pipeline.stream(ask()))
        assert json.loads("".join(pieces)) == GOOD | {"stars": 3}
        assert journal.calls[0].outcome == "reasked"
        assert [a.purpose for a in journal.calls[0].attempts] == ["answer", "reask"]

    asyncio.run(scenario())


def test_what_was_sent_is_not_asked_for_again() -> None:
    async def scenario() -> None:
        broken = '{"note": "Came late", "mood": "sad", oops no json any more'
        pipeline, journal, upstream, request = served([broken, json.dumps(GOOD)], repair="none")
        sent: list[str] = []
        with pytest.raises(OutputNonconforming, match="buffered"):
            await read(await pipeline.stream(request), sent)
        assert "".join(sent) == '{"note":"Came late","mood":"sad"'
        assert [c.outcome for c in journal.calls] == ["failed"]
        assert journal.calls[0].value is None
        assert len(upstream.asked) == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("max_reasks", [0, 2])
def test_an_answer_that_can_no_longer_conform_is_given_up_at_once(max_reasks: int) -> None:
    async def scenario() -> None:
        bad = json.dumps({"stars": 9, "note": "x" * 400, "mood": "sad"})
        pipeline, journal, upstream, request = served([bad, '{"stars": 3}'], max_reasks=max_reasks)
        sent: list[str] = []
        if max_reasks:  # a field that was not sent is asked for again, which is cheaper
            await read(await pipeline.stream(request), sent)
            assert json.loads("".join(sent))["stars"] == 3
            return
        with pytest.raises(OutputNonconforming, match="given up"):
            await pipeline.stream(request)
        assert upstream.open_streams == 0
        (call,) = journal.calls
        assert (call.outcome, call.attempts[0].error) == ("failed", "aborted_nonconforming")
        assert call.attempts[0].violations[0].path == "/stars"
        assert len(call.attempts[0].text or "") < 20
        assert call.attempts[0].usage == Usage(output_tokens=3, estimated=True)
        assert call.cost_nusd is None

    asyncio.run(scenario())


def test_a_loop_is_cut_and_the_answer_asked_for_again() -> None:
    async def scenario() -> None:
        looping = '{"stars": 1' + "1" * 2_000
        upstream = ScriptedUpstream([looping, json.dumps(GOOD)])
        pipeline, journal = pipeline_of(upstream)
        pieces = await texts(await pipeline.stream(ask()))
        assert json.loads("".join(pieces)) == GOOD
        assert len(pieces) > 3
        first, second = journal.calls[0].attempts
        assert (first.error, second.error, second.purpose) == ("looped", None, "reask")
        assert len(first.text or "") < 500
        assert journal.calls[0].outcome == "reasked"
        assert len(upstream.asked[1][1].messages) > len(upstream.asked[0][1].messages)

    asyncio.run(scenario())


def test_a_loop_after_something_was_sent_is_an_error() -> None:
    async def scenario() -> None:
        pipeline, journal = pipeline_of(ScriptedUpstream(['{"note": "' + "on and " * 2_000]))
        sent: list[str] = []
        with pytest.raises(OutputNonconforming, match="a phrase repeats"):
            await read(await pipeline.stream(ask()), sent)
        assert "".join(sent).startswith('{"note":"on and ')
        assert journal.calls[0].attempts[0].error == "looped"
        assert len(journal.calls[0].attempts) == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("read_first", [0, 1, 3])
def test_a_caller_who_goes_away_ends_the_upstream_and_is_recorded(read_first: int) -> None:
    async def scenario() -> None:
        upstream = ScriptedUpstream([json.dumps(GOOD)])
        pipeline, journal = pipeline_of(upstream)
        stream = await pipeline.stream(ask())
        for _ in range(read_first):
            await anext(stream.deltas)
        await stream.deltas.aclose()
        assert upstream.open_streams == 0
        assert [c.outcome for c in journal.calls] == ["cancelled"]
        assert journal.calls[0].attempts[0].error == "cancelled"
        assert pipeline.load.under_way == 0

    asyncio.run(scenario())


def test_a_caller_cancelled_while_waiting_for_the_first_field_is_recorded() -> None:
    async def scenario() -> None:
        upstream = ScriptedUpstream([json.dumps(GOOD)], hold=asyncio.Event())
        pipeline, journal = pipeline_of(upstream)
        task = asyncio.create_task(pipeline.stream(ask()))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (upstream.open_streams, pipeline.load.under_way) == (0, 0)
        assert [c.outcome for c in journal.calls] == ["cancelled"]

    asyncio.run(scenario())


def test_a_slow_reader_holds_the_upstream_back() -> None:
    async def scenario() -> None:
        pulled = 0

        class Counting(ScriptedUpstream):
            async def _pieces(self, reply: Reply) -> AsyncIterator[list[Delta]]:
                nonlocal pulled
                async for batch in super()._pieces(reply):
                    pulled += 1
                    yield batch

        pipeline, _ = pipeline_of(Counting([json.dumps(GOOD | {"note": "word " * 200})]))
        stream = await pipeline.stream(ask())
        await anext(stream.deltas)
        before = pulled
        await asyncio.sleep(0)
        assert before == pulled < 10
        assert len(await texts(stream)) > 100

    asyncio.run(scenario())


class Dying(ScriptedUpstream):
    """Breaks each stream off after some pieces."""

    def __init__(self, answers: list[str], *, after: list[int]) -> None:
        super().__init__(answers)
        self.after = after

    @asynccontextmanager
    async def stream(self, model: Model, ask: Ask) -> AsyncIterator[AsyncIterator[list[Delta]]]:
        left = self.after.pop(0) if self.after else 10_000
        async with super().stream(model, ask) as deltas:
            yield self._until(deltas, left)

    async def _until(
        self, deltas: AsyncIterator[list[Delta]], left: int
    ) -> AsyncIterator[list[Delta]]:
        async for batch in deltas:
            if left == 0:
                error = UpstreamUnavailable("The stream ended early.")
                error.transient = True
                raise error
            left -= 1
            yield batch


def test_an_upstream_that_dies_midway_is_an_error_after_what_was_sent() -> None:
    async def scenario() -> None:
        pipeline, journal = pipeline_of(Dying([json.dumps(GOOD)], after=[6]))
        sent: list[str] = []
        with pytest.raises(UpstreamUnavailable):
            await read(await pipeline.stream(ask()), sent)
        assert "".join(sent).startswith('{"note":"Came')
        (call,) = journal.calls
        assert (call.outcome, call.attempts[0].error) == ("errored", "upstream_unavailable")
        assert call.attempts[0].text

    asyncio.run(scenario())


@pytest.mark.parametrize("deaths", [1, 2])
def test_a_stream_that_dies_before_anything_was_sent_is_asked_for_once_more(deaths: int) -> None:
    async def scenario() -> None:
        upstream = Dying([json.dumps(GOOD)], after=[1] * deaths)
        pipeline, journal = pipeline_of(upstream)
        if deaths == 1:
            assert json.loads("".join(await texts(await pipeline.stream(ask())))) == GOOD
        else:
            with pytest.raises(UpstreamUnavailable):
                await pipeline.stream(ask())
        errors = [attempt.error for attempt in journal.calls[0].attempts]
        assert errors == ["upstream_unavailable", None if deaths == 1 else "upstream_unavailable"]
        assert upstream.open_streams == 0

    asyncio.run(scenario())


def test_a_fault_of_the_gateways_own_is_recorded_as_one(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        class Faulty(ScriptedUpstream):
            async def _pieces(self, reply: Reply) -> AsyncIterator[list[Delta]]:
                yield [Delta(text='{"note": "a", ')]
                raise ZeroDivisionError

        pipeline, journal = pipeline_of(Faulty([""]))
        sent: list[str] = []
        with pytest.raises(RoadworthyError, match="its log names the cause"):
            await read(await pipeline.stream(ask()), sent)
        assert [c.outcome for c in journal.calls] == ["errored"]

    asyncio.run(scenario())
    assert "ZeroDivisionError" in caplog.text


def test_refusals_and_cut_off_answers_keep_openais_shape() -> None:
    async def scenario() -> None:
        refused = Reply(refusal="I can't.", stop_reason="refusal")
        cut = Reply(text=json.dumps(GOOD)[:30], stop_reason="length")
        pipeline, journal = pipeline_of(ScriptedUpstream([refused, cut]))
        deltas = [d async for batch in (await pipeline.stream(ask())).deltas for d in batch]
        assert deltas[0].chunk is not None
        assert deltas[0].chunk["choices"][0]["delta"]["refusal"] == "I can't."
        deltas = [d async for batch in (await pipeline.stream(ask())).deltas for d in batch]
        assert deltas[-1].stop_reason == "length"
        assert "".join(d.text for d in deltas) == '{"note":"Came late, and soake'
        assert [c.outcome for c in journal.calls] == ["refused", "truncated"]

    asyncio.run(scenario())


def test_on_the_task_surface_a_cut_off_answer_is_an_error() -> None:
    async def scenario() -> None:
        cut = Reply(text=json.dumps(GOOD)[:30], stop_reason="length")
        pipeline, journal, _, request = served([cut])
        sent: list[str] = []
        with pytest.raises(OutputTruncated):
            await read(await pipeline.stream(request), sent)
        assert [c.outcome for c in journal.calls] == ["truncated"]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("stream", "fields", "flows"),
    [
        ("fields", {}, True),
        ("buffered", {}, False),
        ("fields", {"constraints": (TOTAL,)}, False),
        ("raw", {}, True),
    ],
)
def test_what_a_task_says_of_its_streams_holds(
    stream: StreamMode, fields: dict[str, Any], flows: bool
) -> None:
    async def scenario() -> None:
        pipeline, journal, _, request = served([json.dumps(GOOD)], stream=stream, **fields)
        pieces = await texts(await pipeline.stream(request))
        assert (len(pieces) > 1) == flows
        assert json.loads("".join(pieces)) == GOOD == journal.calls[0].value

    asyncio.run(scenario())


def test_a_raw_stream_that_does_not_conform_ends_in_an_error() -> None:
    async def scenario() -> None:
        pipeline, journal, upstream, request = served(
            ['{"note": "a", "mood": "sad"}', json.dumps(GOOD)], stream="raw"
        )
        sent: list[str] = []
        with pytest.raises(OutputNonconforming, match="/stars is required"):
            await read(await pipeline.stream(request), sent)
        assert "".join(sent) == '{"note": "a", "mood": "sad"}'[: len("".join(sent))]
        assert [c.outcome for c in journal.calls] == ["failed"]
        assert (len(upstream.asked), upstream.open_streams) == (1, 0)

    asyncio.run(scenario())


def test_a_raw_stream_is_given_up_once_it_can_no_longer_conform() -> None:
    async def scenario() -> None:
        prose = "Let me think about that. " * 40
        pipeline, journal, upstream, request = served(
            ['{"mood": "gloomy", "note": "' + prose, json.dumps(GOOD)], stream="raw"
        )
        sent: list[str] = []
        with pytest.raises(OutputNonconforming, match="/mood"):
            await read(await pipeline.stream(request), sent)
        assert len("".join(sent)) < 20
        assert journal.calls[0].attempts[0].error == "aborted_nonconforming"
        assert upstream.open_streams == 0

    asyncio.run(scenario())
