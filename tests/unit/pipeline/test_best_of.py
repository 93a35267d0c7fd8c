"""Calls that deliver a judge's favourite, as a whole path."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from pipelines import triage
from roadworthy.core.errors import OutputNonconforming, UpstreamUnavailable
from roadworthy.models import Ask, Model
from roadworthy.tasks import TaskDefinition, Template
from roadworthy.tasks.definition import BestOf
from roadworthy.testing import MemoryJournal, ScriptedUpstream
from voting import said, serve, task

JUDGE = TaskDefinition(
    name="judge-mood",
    version="1.2.0",
    model="scripted",
    input_schema={
        "type": "object",
        "properties": {"input": {"type": "object"}, "output": {"type": "object"}},
        "required": ["output"],
    },
    output_schema={
        "type": "object",
        "properties": {"score": {"type": "integer", "minimum": 0, "maximum": 10}},
        "required": ["score"],
    },
    templates=(Template(role="user", source="JUDGE {{ output.confidence }}", file="user.md"),),
    max_reasks=0,
)
BEST = task(best_of=BestOf(n=3, judge="judge-mood"), judges={"judge-mood": JUDGE})


class Candidates(ScriptedUpstream):
    """The candidates in order; the judge scores a candidate's confidence by a table."""

    def __init__(self, candidates: list[Any], scores: dict[float, Any]) -> None:
        super().__init__(candidates)
        self._scores = scores
        self.judged: list[float] = []

    def _reply(self, model: Model, ask: Ask) -> Any:
        text = str(ask.messages[-1]["content"])
        if not text.startswith("JUDGE"):
            return super()._reply(model, ask)
        confidence = float(text.split()[1])
        self.judged.append(confidence)
        score = self._scores[confidence]
        if isinstance(score, Exception):
            raise score
        return ScriptedUpstream([json.dumps({"score": score})])._reply(model, ask)


def ask_best(
    candidates: list[Any], scores: dict[float, Any]
) -> tuple[Any, Candidates, MemoryJournal]:
    upstream = Candidates(candidates, scores)
    pipeline, journal = serve(BEST, upstream)
    return asyncio.run(pipeline.run(triage())), upstream, journal


THREE = [said(confidence=0.1), said(confidence=0.2), said(confidence=0.3)]


def test_the_candidate_that_the_judge_scores_highest_is_delivered() -> None:
    finished, upstream, _ = ask_best(THREE, {0.1: 3, 0.2: 9, 0.3: 5})
    assert finished.call.value["confidence"] == 0.2
    assert json.loads(finished.text) == finished.call.value
    assert sorted(upstream.judged) == [0.1, 0.2, 0.3]
    assert [attempt.purpose for attempt in finished.call.attempts] == ["vote"] * 3


def test_judging_is_a_call_of_its_own_below_the_call_and_its_cost_is_the_calls() -> None:
    finished, _, journal = ask_best(THREE, {0.1: 3, 0.2: 9, 0.3: 5})
    *judged, call = journal.calls
    assert call is finished.call
    assert [(c.task, c.version, c.step, c.item) for c in judged] == [
        ("judge-mood", "1.2.0", "judge", item) for item in range(3)
    ]
    assert {c.parent_id for c in judged} == {call.id}
    own = sum(attempt.cost_nusd or 0 for attempt in call.attempts)
    assert call.cost_nusd == own + sum(c.cost_nusd or 0 for c in judged)
    assert finished.steps == judged


def test_of_equal_scores_the_earliest_wins() -> None:
    finished, _, _ = ask_best(THREE, {0.1: 3, 0.2: 7, 0.3: 7})
    assert finished.call.value["confidence"] == 0.2


def test_equal_candidates_are_judged_once_and_one_alone_not_at_all() -> None:
    _, upstream, _ = ask_best([THREE[0], THREE[1], THREE[0]], {0.1: 3, 0.2: 7})
    assert sorted(upstream.judged) == [0.1, 0.2]
    finished, upstream, _ = ask_best([THREE[0]], {})
    assert (upstream.judged, finished.call.value["confidence"]) == ([], 0.1)


def test_a_candidate_without_a_score_comes_after_those_with_one() -> None:
    scores = {0.1: UpstreamUnavailable("down"), 0.2: 0, 0.3: "eleven"}
    finished, _, _ = ask_best(THREE, scores)
    assert finished.call.value["confidence"] == 0.2


def test_where_the_judge_fails_on_all_the_earliest_candidate_is_delivered() -> None:
    down = UpstreamUnavailable("down")
    finished, _, journal = ask_best(THREE, {0.1: down, 0.2: down, 0.3: down})
    assert (finished.error, finished.call.value["confidence"]) == (None, 0.1)
    assert [call.outcome for call in journal.calls[:3]] == ["errored"] * 3


def test_a_candidate_that_does_not_conform_is_none() -> None:
    finished, upstream, _ = ask_best(["{}", THREE[1], "{}", "{}"], {})
    assert (finished.call.value["confidence"], upstream.judged) == (0.2, [])
    finished, _, _ = ask_best(["{}"], {})
    assert isinstance(finished.error, OutputNonconforming)


def test_where_no_candidate_comes_back_the_call_fails_with_its_error() -> None:
    with pytest.raises(UpstreamUnavailable):
        ask_best([UpstreamUnavailable("down")], {})
