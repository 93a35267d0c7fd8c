"""`best_of`: several candidates, of which the one that a judge scores highest is delivered."""

from __future__ import annotations

import asyncio
from typing import Final

from roadworthy.core.errors import RoadworthyError
from roadworthy.pipeline.chain.errand import Errand, RunStep
from roadworthy.pipeline.compiled import CompiledTask
from roadworthy.pipeline.generate import Generation
from roadworthy.pipeline.request import Finished
from roadworthy.pipeline.voting.ballots import Ballot, cast, models_in_turn, undecided
from roadworthy.pipeline.voting.majority import is_same
from roadworthy.tasks.definition import BestOf
from roadworthy.tasks.expectations.judge import judge_input, judge_score

__all__ = ["answer_by_best"]

STEP: Final = "judge"
"""What the judge's calls are called within the candidate's."""


async def answer_by_best(
    generation: Generation, task: CompiledTask, best_of: BestOf, run_step: RunStep
) -> Finished:
    """The candidate that the judge scores highest, of equals the earliest.

    Equal candidates are judged once, and a single one not at all. Candidates without a score come
    after those that have one: if the judge fails on all of them, the earliest is delivered.

    Raises:
        RoadworthyError: no model answered.
    """
    recorder = generation.recorder
    with recorder.stage("generate"):
        async with asyncio.TaskGroup() as group:
            asking = [
                group.create_task(
                    cast(generation, task, models_in_turn(task, best_of.models, number), number)
                )
                for number in range(best_of.n)
            ]
        ballots = [task.result() for task in asking]
    counted = [ballot for ballot in ballots if ballot.counts]
    if not counted:
        return undecided(generation, ballots)
    candidates = _distinct(counted)
    best = candidates[0]
    if len(candidates) > 1 and not best.calls_tools:
        with recorder.stage("judge"):
            best = await _favourite(generation, task.judges[best_of.judge], candidates, run_step)
    return _deliver(generation, best)


async def _favourite(
    generation: Generation, judge: CompiledTask, candidates: list[Ballot], run_step: RunStep
) -> Ballot:
    async with asyncio.TaskGroup() as group:
        judging = [
            group.create_task(_score(generation, judge, ballot, run_step, item))
            for item, ballot in enumerate(candidates)
        ]
    scores = [task.result() for task in judging]
    known = [index for index, score in enumerate(scores) if score is not None]
    return candidates[max(known, key=lambda index: scores[index] or 0.0, default=0)]


async def _score(
    generation: Generation, judge: CompiledTask, ballot: Ballot, run_step: RunStep, item: int
) -> float | None:
    """What the judge says of a candidate; None: nothing, and its own call says why."""
    recorder = generation.recorder
    now_us = recorder.began_us + recorder.offset_us()
    values = {"input": recorder.call.input, "output": ballot.value, "rubric": ""}
    errand = Errand(
        step=STEP,
        item=item,
        task=judge,
        input=judge_input(judge.definition, values),
        timeout_s=max(0.001, (generation.prepared.deadline_us - now_us) / 1e6),
    )
    try:
        finished = await run_step(errand)
    except RoadworthyError:
        return None
    return (
        None if finished.error is not None else judge_score(judge.definition, finished.call.value)
    )


def _distinct(ballots: list[Ballot]) -> list[Ballot]:
    found: list[Ballot] = []
    for ballot in ballots:
        if not any(is_same(ballot.value, other.value) for other in found):
            found.append(ballot)
    return found


def _deliver(generation: Generation, ballot: Ballot) -> Finished:
    call = generation.recorder.call
    finished = ballot.finished
    assert finished is not None  # it counts
    call.value, call.outcome = ballot.value, ballot.call.outcome
    call.repairs = ballot.call.repairs
    return Finished(
        call=call, reply=finished.reply, text=finished.text, steps=generation.recorder.below
    )
