"""Calls that are answered by votes, as a whole path."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest

from pipelines import MODEL, triage
from roadworthy.client import Answer
from roadworthy.conformance import compile_schema
from roadworthy.core import Confidence, Usage
from roadworthy.core.errors import (
    OutputNonconforming,
    OutputRefused,
    UpstreamUnavailable,
)
from roadworthy.models import Ask, Model, Reply
from roadworthy.pipeline import CallRequest
from roadworthy.pipeline.recorder import without_texts
from roadworthy.serving.task import task_body
from roadworthy.tasks import ConstraintDefinition
from roadworthy.tasks.definition import Votes
from roadworthy.testing import ScriptedUpstream
from voting import ask, let_go_on, purposes, said, serve, task

THREE = task(votes=Votes(n=3))
BROKEN = '{"sentiment":"splendid"'


def test_a_majority_of_two_ends_a_vote_of_three() -> None:
    finished, upstream = ask(THREE, [said("neutral"), said("neutral"), said("negative")])
    assert finished.call.value == {"sentiment": "neutral", "confidence": 0.5}
    assert (len(upstream.asked), purposes(finished.call)) == (2, ["vote", "vote"])
    assert finished.call.confidence == {
        "/sentiment": Confidence(value=1.0, method="votes", votes=2),
        "/confidence": Confidence(value=1.0, method="votes", votes=2),
    }


def test_the_third_is_asked_where_two_differ_and_each_field_has_its_own_majority() -> None:
    answers = [said("positive", 0.2), said("negative", 0.4), said("negative", 0.2)]
    finished, _ = ask(THREE, answers)
    assert finished.call.value == {"sentiment": "negative", "confidence": 0.2}
    assert json.loads(finished.text) == finished.call.value
    assert finished.call.confidence["/sentiment"].value == pytest.approx(2 / 3)
    assert finished.call.outcome == "first_pass"


def test_the_cost_of_all_votes_is_the_calls() -> None:
    finished, _ = ask(THREE, [said("neutral")])
    assert finished.call.usage == Usage(
        input_tokens=20, output_tokens=2 * (len(said("neutral")) // 4)
    )
    assert finished.call.cost_nusd == sum(a.cost_nusd or 0 for a in finished.call.attempts)


def test_the_first_votes_are_asked_side_by_side() -> None:
    async def scenario() -> int:
        hold = asyncio.Event()
        upstream = ScriptedUpstream([said()], hold=hold)
        pipeline, _ = serve(task(votes=Votes(n=5)), upstream)
        call = asyncio.create_task(pipeline.run(triage()))
        await let_go_on()
        asked = len(upstream.asked)
        hold.set()
        await call
        return asked

    assert asyncio.run(scenario()) == 3


def test_an_answer_that_fails_has_no_vote() -> None:
    lax = msgspec.structs.replace(THREE, max_reasks=0)
    finished, upstream = ask(lax, [BROKEN, said("negative"), said("negative")])
    assert finished.call.value["sentiment"] == "negative"
    assert len(upstream.asked) == 3
    assert finished.call.confidence["/sentiment"].value == pytest.approx(2 / 3)


def test_a_provider_that_fails_once_costs_one_vote() -> None:
    finished, _ = ask(THREE, [UpstreamUnavailable("down"), said("negative")])
    assert (finished.error, finished.call.value["sentiment"]) == (None, "negative")
    assert [attempt.error for attempt in finished.call.attempts] == [
        "upstream_unavailable",
        None,
        None,
    ]


def test_each_vote_is_asked_again_by_itself() -> None:
    first = said("neutral").replace("0.5", "7")
    finished, _ = ask(THREE, [first, said("neutral")])
    assert finished.call.value == {"sentiment": "neutral", "confidence": 0.5}
    assert sorted(purposes(finished.call)) == ["reask", "vote", "vote"]
    assert finished.call.outcome == "reasked"
    broken = [a for a in finished.call.attempts if a.violations]
    assert [violation.path for violation in broken[0].violations] == ["/confidence"]


def test_where_no_vote_counts_the_first_ones_end_is_the_calls() -> None:
    lax = msgspec.structs.replace(THREE, max_reasks=0)
    finished, upstream = ask(lax, [BROKEN])
    assert isinstance(finished.error, OutputNonconforming)
    assert (finished.call.outcome, len(upstream.asked)) == ("failed", 3)
    refused, _ = ask(THREE, [Reply(refusal="no", stop_reason="refusal")])
    assert isinstance(refused.error, OutputRefused)
    assert refused.call.outcome == "refused"


def test_where_no_vote_comes_back_the_call_fails_with_its_error() -> None:
    upstream = ScriptedUpstream([UpstreamUnavailable("down")])
    pipeline, journal = serve(THREE, upstream)
    with pytest.raises(UpstreamUnavailable):
        asyncio.run(pipeline.run(triage()))
    assert (journal.calls[0].outcome, len(journal.calls[0].attempts)) == ("errored", 3)


def test_of_a_tie_the_earliest_is_delivered_or_nothing() -> None:
    answers = [said("positive"), said("neutral"), said("negative")]
    finished, _ = ask(THREE, answers)
    assert finished.call.value["sentiment"] == "positive"
    strict = task(votes=Votes(n=3, ties="fail"))
    finished, _ = ask(strict, answers)
    assert isinstance(finished.error, OutputNonconforming)
    assert "/sentiment" in finished.error.message
    assert (finished.call.outcome, finished.call.value) == ("failed", None)


def test_a_combination_that_breaks_a_constraint_gives_way_to_the_vote_that_agrees_most() -> None:
    sure = ConstraintDefinition(
        name="sure",
        require='output.sentiment != "negative" || output.confidence > 0.5',
        message="whoever is negative must be sure",
    )
    definition = task(votes=Votes(n=3), constraints=(sure,), max_reasks=0)
    answers = [said("negative", 0.9), said("negative", 0.8), said("neutral", 0.1)]
    finished, _ = ask(definition, answers)
    assert finished.call.value == {"sentiment": "negative", "confidence": 0.9}
    answers = [said("negative", 0.9), said("neutral", 0.1), said("negative", 0.6), said("x", 0.1)]
    five = task(votes=Votes(n=5), constraints=(sure,), max_reasks=0)
    finished, _ = ask(five, [*answers[:3], said("neutral", 0.1), said("negative", 0.7)])
    assert finished.call.value == {"sentiment": "negative", "confidence": 0.9}
    assert finished.call.confidence["/confidence"].value == pytest.approx(1 / 5)


def test_several_models_vote_in_turn() -> None:
    other = msgspec.structs.replace(MODEL, name="other", upstream="other-1")
    definition = task(votes=Votes(n=3, models=("scripted", "other")))
    asked: list[str] = []

    def answer(model: Model, _ask: Ask) -> str:
        asked.append(model.name)
        return said(confidence=len(asked) / 10)

    pipeline, _ = serve(definition, ScriptedUpstream([answer]), other=other)
    finished = asyncio.run(pipeline.run(triage()))
    assert asked == ["scripted", "other", "scripted"]
    assert [attempt.model for attempt in finished.call.attempts] == asked


def test_a_seed_is_another_for_each_vote() -> None:
    definition = task(votes=Votes(n=3), parameters={"seed": 7})
    _, upstream = ask(definition, [said("positive"), said("neutral"), said("neutral")])
    assert [asked.parameters["seed"] for _, asked in upstream.asked] == [7, 8, 9]


def test_a_stream_of_votes_comes_whole() -> None:
    upstream = ScriptedUpstream([said("neutral")])
    pipeline, _ = serve(task(votes=Votes(n=3), stream="fields"), upstream)

    async def scenario() -> list[str]:
        stream = await pipeline.stream(triage(stream=True))
        return [delta.text async for batch in stream.deltas for delta in batch if delta.text]

    assert asyncio.run(scenario()) == [said("neutral")]


def test_calls_of_the_callers_own_tools_are_no_vote() -> None:
    calls = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    reply = Reply(tool_calls=calls, stop_reason="tool_calls")
    upstream = ScriptedUpstream([reply])
    pipeline, _ = serve(THREE, upstream)
    request = CallRequest(
        target="task:triage",
        surface="chat",
        input={"comment": "x"},
        parameters={"tools": [{"type": "function", "function": {"name": "f"}}]},
    )
    finished = asyncio.run(pipeline.run(request))
    assert finished.reply is not None
    assert (finished.reply.tool_calls, len(upstream.asked)) == (calls, 2)


def test_a_call_that_is_given_up_gives_its_votes_up() -> None:
    async def scenario() -> Any:
        upstream = ScriptedUpstream([said()], hold=asyncio.Event())
        pipeline, journal = serve(THREE, upstream)
        call = asyncio.create_task(pipeline.run(triage()))
        await let_go_on()
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        return journal.calls[0]

    call = asyncio.run(scenario())
    assert call.outcome == "cancelled"
    assert [attempt.error for attempt in call.attempts] == ["cancelled", "cancelled"]


def test_without_texts_confidence_stays_in_fields_that_the_schema_declares() -> None:
    call, _ = ask(THREE, [said("neutral")])
    told = Confidence(value=1.0, method="votes", votes=2)
    call.call.confidence["/what somebody wrote"] = told
    kept = without_texts(call.call, compile_schema(THREE.output_schema))
    assert kept.confidence == {"/sentiment": told, "/confidence": told}


def test_the_task_surface_tells_what_speaks_for_the_answer() -> None:
    finished, _ = ask(THREE, [said("neutral")])
    body = json.loads(msgspec.json.encode(task_body(finished.call)))
    assert body["confidence"]["/sentiment"] == {"value": 1.0, "method": "votes", "votes": 2}
    assert msgspec.convert(body, Answer).confidence == finished.call.confidence
    plain, _ = ask(task(), [said("neutral")])
    assert "confidence" not in task_body(plain.call)
