"""Calls whose closed fields are chosen by their likelihood, as a whole path."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest

from pipelines import INPUT, MODEL, triage
from roadworthy.core.errors import (
    OutputNonconforming,
    OutputRefused,
    TaskUnservable,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from roadworthy.models import Ask, Capabilities, Model, Reply, Share
from roadworthy.pipeline import Finished
from roadworthy.tasks import ConstraintDefinition, TaskDefinition
from roadworthy.tasks.definition import Votes
from roadworthy.testing import ScriptedUpstream
from voting import TELLING, Weighing, let_go_on, purposes, said, serve, task

MOODS = {"positive": 0.7, "neutral": 0.1, "negative": 0.2}
BIAS = {"positive": 0.8, "neutral": 0.1, "negative": 0.1}
ONE = task(choose=("sentiment",))
CLOSED_SCHEMA = {
    "type": "object",
    "properties": {
        "mood": {"enum": ["good", "bad"]},
        "why": {"anyOf": [{"const": "price"}, {"const": 3}, {"type": "boolean"}]},
        "kind": {"const": "comment"},
    },
    "required": ["mood", "why", "kind"],
    "additionalProperties": False,
}
CLOSED = task(output_schema=CLOSED_SCHEMA, choose=("mood", "why", "kind"))


def run(definition: TaskDefinition, upstream: Any, **models: Model) -> Finished:
    pipeline, _ = serve(definition, upstream, **models)
    return asyncio.run(pipeline.run(triage()))


def test_the_likeliest_value_is_taken_once_the_bias_is_taken_away() -> None:
    upstream = Weighing({"sentiment": MOODS}, {"sentiment": BIAS}, [said("negative")])
    finished = run(ONE, upstream)
    assert finished.call.value == {"sentiment": "negative", "confidence": 0.5}
    quotients = [0.7 / 0.8, 0.1 / 0.1, 0.2 / 0.1]
    told = finished.call.confidence["/sentiment"]
    assert told.value == pytest.approx(2 / sum(quotients))
    assert told.method == "likelihood"
    assert purposes(finished.call) == ["choose", *["calibrate"] * 3, "answer"]


def test_the_rest_is_generated_with_the_field_fixed() -> None:
    upstream = Weighing({"sentiment": MOODS}, {"sentiment": BIAS}, [said("negative")])
    run(ONE, upstream)
    structured = upstream.asked[0][1].structured
    assert structured is not None
    assert structured.schema["properties"]["sentiment"]["enum"] == ["negative"]
    assert structured.schema["properties"]["confidence"]["maximum"] == 1


def test_an_answer_with_another_value_in_the_fixed_field_is_asked_for_again() -> None:
    upstream = Weighing(
        {"sentiment": MOODS}, {"sentiment": BIAS}, [said("positive"), said("negative")]
    )
    finished = run(ONE, upstream)
    assert finished.call.value["sentiment"] == "negative"
    assert finished.call.outcome == "reasked"


def test_the_prior_is_measured_once() -> None:
    upstream = Weighing({"sentiment": MOODS}, {"sentiment": BIAS}, [said("negative")])
    pipeline, journal = serve(ONE, upstream)

    async def scenario() -> None:
        await asyncio.gather(*(pipeline.run(triage()) for _ in range(3)))
        await pipeline.run(triage())

    asyncio.run(scenario())
    told = [purpose for call in journal.calls for purpose in purposes(call)]
    assert (told.count("calibrate"), told.count("choose")) == (3, 4)


def test_a_prior_that_could_not_be_measured_is_measured_by_the_next_call() -> None:
    class Failing(Weighing):
        async def send(self, model: Model, ask: Ask) -> Reply:
            if ask.messages[-1]["content"] == "Comment: N/A" and len(self.weighed) < 3:
                self.weighed.append(ask)
                raise UpstreamUnavailable("down")
            return await super().send(model, ask)

    upstream = Failing({"sentiment": MOODS}, {"sentiment": BIAS}, [said("negative")])
    pipeline, journal = serve(ONE, upstream)

    async def scenario() -> None:
        both = [pipeline.run(triage()) for _ in range(2)]
        ended = await asyncio.gather(*both, return_exceptions=True)
        assert isinstance(ended[0], UpstreamUnavailable)

    asyncio.run(scenario())
    assert [call.outcome for call in journal.calls] == ["errored", "first_pass"]
    assert purposes(journal.calls[1]).count("calibrate") == 3


def test_a_call_waits_for_the_prior_that_another_measures_no_longer_than_its_own_time() -> None:
    measured = asyncio.Event()

    class Slow(Weighing):
        async def send(self, model: Model, ask: Ask) -> Reply:
            if ask.messages[-1]["content"] == "Comment: N/A":
                await measured.wait()
            return await super().send(model, ask)

    upstream = Slow({"sentiment": MOODS}, {"sentiment": BIAS}, [said("negative")])
    pipeline, journal = serve(ONE, upstream)

    async def scenario() -> None:
        first = asyncio.create_task(pipeline.run(triage()))
        await let_go_on()
        with pytest.raises(UpstreamTimeout, match="'sentiment'"):
            await asyncio.wait_for(pipeline.run(triage(timeout_s=0.01)), 10)
        measured.set()
        await first

    asyncio.run(scenario())
    assert [call.outcome for call in journal.calls] == ["errored", "first_pass"]


def test_an_answer_that_can_be_no_other_asks_no_model() -> None:
    schema = {"type": "object", "properties": {"kind": {"const": "comment"}}, "required": ["kind"]}
    finished = run(task(output_schema=schema, choose=("kind",)), Weighing({}))
    assert finished.call.value == {"kind": "comment"}
    assert (finished.call.attempts, finished.call.cost_nusd) == ([], 0)


def test_a_closed_answer_is_chosen_whole_and_nothing_is_generated() -> None:
    weights: dict[str, dict[Any, float]] = {"mood": {"bad": 3}, "why": {"price": 1, 3: 5}}
    upstream = Weighing(weights)
    finished = run(CLOSED, upstream)
    assert finished.call.value == {"mood": "bad", "why": 3, "kind": "comment"}
    assert json.loads(finished.text) == finished.call.value
    assert (upstream.asked, finished.call.outcome) == ([], "first_pass")
    assert finished.call.confidence["/mood"].value == pytest.approx(0.75)
    assert "/kind" not in finished.call.confidence


def test_each_field_is_weighed_beside_those_before_it() -> None:
    upstream = Weighing({"mood": {"bad": 3}, "why": {3: 5}})
    run(CLOSED, upstream)
    last = upstream.weighed[-1]
    assert last.choice is not None
    assert last.choice.fixed == {"mood": "bad"}
    assert last.choice.values == ('"price"', "3", "true", "false")
    assert last.structured is not None
    assert list(last.structured.schema["properties"]) == ["mood", "why"]


def test_what_was_learned_stands_in_the_attempt() -> None:
    upstream = Weighing({"sentiment": MOODS}, answers=[said("positive")])
    finished = run(ONE, upstream)
    assert finished.call.attempts[0].text == (
        '{"sentiment":{"positive":0.7,"negative":0.2,"neutral":0.1}}'
    )


def test_the_likeliest_answer_that_keeps_the_constraints_is_chosen() -> None:
    never = ConstraintDefinition(
        name="never", require='output.mood != "bad" || output.why != 3', message="not so"
    )
    weights: dict[str, dict[Any, float]] = {
        "mood": {"bad": 3, "good": 1},
        "why": {"price": 2, 3: 5, True: 0.1, False: 0.1},
    }
    finished = run(msgspec.structs.replace(CLOSED, constraints=(never,)), Weighing(weights))
    assert (finished.call.value["mood"], finished.call.value["why"]) == ("bad", "price")
    assert finished.call.confidence["/why"].value < 0.5


def test_where_no_choice_keeps_the_constraints_the_model_is_told() -> None:
    never = ConstraintDefinition(name="never", require="output.why == 9.0", message="nine, please")
    definition = msgspec.structs.replace(CLOSED, constraints=(never,), max_reasks=1)
    upstream = Weighing({"mood": {"bad": 3}}, answers=['{"why":3}'])
    finished = run(definition, upstream)
    assert isinstance(finished.error, OutputNonconforming)
    assert "nine, please" in str(upstream.asked[0][1].messages[-1]["content"])
    assert finished.call.confidence == {}


def test_votes_are_cast_on_what_was_not_chosen() -> None:
    definition = task(choose=("sentiment",), votes=Votes(n=3))
    answers = [said("negative", 0.1), said("negative", 0.2), said("negative", 0.2)]
    finished = run(definition, Weighing({"sentiment": MOODS}, {"sentiment": BIAS}, answers))
    assert finished.call.value == {"sentiment": "negative", "confidence": 0.2}
    assert {path: c.method for path, c in finished.call.confidence.items()} == {
        "/sentiment": "likelihood",
        "/confidence": "votes",
    }


def test_a_model_that_does_not_say_how_likely_its_words_are_is_not_asked() -> None:
    silent = msgspec.structs.replace(MODEL, capabilities=Capabilities(modes=("strict",)))
    with pytest.raises(TaskUnservable, match="log_probabilities = true"):
        run(ONE, Weighing({}), scripted=silent)


def test_a_refusal_to_choose_is_the_calls_refusal() -> None:
    finished = run(ONE, ScriptedUpstream([Reply(refusal="no", stop_reason="refusal")]))
    assert isinstance(finished.error, OutputRefused)
    assert finished.call.outcome == "refused"


def test_a_field_of_which_nothing_is_learned_is_generated() -> None:
    def answer(_model: Model, asked: Ask) -> Reply | str:
        return Reply(text="Well,", stop_reason="length") if asked.choice else said("neutral")

    finished = run(ONE, ScriptedUpstream([answer]))
    assert finished.call.value["sentiment"] == "neutral"
    assert (finished.call.confidence, purposes(finished.call)) == ({}, ["choose", "answer"])


def test_values_that_one_answer_does_not_tell_apart_are_asked_about_again() -> None:
    schema = {
        "type": "object",
        "properties": {"f": {"enum": ["very good", "fair", "very bad"]}},
        "required": ["f"],
    }
    told: list[tuple[str, ...]] = []

    def answer(_model: Model, asked: Ask) -> Reply:
        assert asked.choice is not None
        told.append(asked.choice.values)
        if len(asked.choice.values) == 3:
            shares = (Share((0, 2), -0.2231), Share((1,), -1.6094))
        else:
            shares = (Share((0,), -1.3863), Share((1,), -0.2877))
        return Reply(shares=shares)

    definition = task(output_schema=schema, choose=("f",))
    finished = run(definition, ScriptedUpstream([answer]))
    assert told[:2] == [('"very good"', '"fair"', '"very bad"'), ('"very good"', '"very bad"')]
    # The prior is the same, so that what is left is even: a third each.
    assert finished.call.confidence["/f"].value == pytest.approx(1 / 3, abs=1e-3)


def test_a_mode_that_hides_log_probabilities_is_passed_over() -> None:
    modes = Capabilities(modes=("tool", "json"), log_probabilities=True)
    upstream = Weighing({"sentiment": MOODS}, answers=[said("positive")])
    run(ONE, upstream, scripted=msgspec.structs.replace(TELLING, capabilities=modes))
    asked = upstream.weighed[0]
    assert asked.structured is not None
    assert asked.structured.mode == "json"
    assert asked.messages[0]["role"] == "system"
    assert INPUT["comment"] in str(asked.messages[-1]["content"])
