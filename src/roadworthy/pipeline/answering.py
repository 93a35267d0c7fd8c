"""The stages generate and conform: from what was prepared to a whole answer.

Most answers are asked for once. Where the task says so, closed fields are chosen by their
likelihood first, and the rest is asked for several times: the majority, or a judge's favourite,
is delivered.
"""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import msgspec

from roadworthy.core.errors import OutputRefused
from roadworthy.models import Reply
from roadworthy.pipeline.chain.errand import RunStep
from roadworthy.pipeline.choosing.choice import Chosen, choose_fields
from roadworthy.pipeline.compiled import CompiledTask
from roadworthy.pipeline.conformed import conform_reply
from roadworthy.pipeline.generate import Generation
from roadworthy.pipeline.request import Finished
from roadworthy.pipeline.variants import planned
from roadworthy.pipeline.voting.best_of import answer_by_best
from roadworthy.pipeline.voting.votes import answer_by_votes

__all__ = ["answer_whole"]


def answer_whole(generation: Generation, run_step: RunStep) -> Coroutine[Any, Any, Finished]:
    """The answer, once it conforms, or why none may be delivered. ``run_step`` runs a judge.

    Raises:
        UpstreamError: no model answered.
    """
    task = generation.prepared.task
    if task is None or not task.has_rivals:
        return _answer_once(generation)
    if not task.definition.choose or task.output is None:
        return _answer_among(generation, task, run_step)
    return _answer_chosen(generation, task, run_step)


async def _answer_once(generation: Generation) -> Finished:
    recorder = generation.recorder
    with recorder.stage("generate"):
        reply = await generation.answer()
    with recorder.stage("conform"):
        return await conform_reply(generation, reply)


async def _answer_among(generation: Generation, task: CompiledTask, run_step: RunStep) -> Finished:
    """One of several answers, where the task asks for that."""
    definition = task.definition
    if definition.votes is not None:
        return await answer_by_votes(generation, task, definition.votes)
    if definition.best_of is not None:
        return await answer_by_best(generation, task, definition.best_of, run_step)
    return await _answer_once(generation)


async def _answer_chosen(generation: Generation, task: CompiledTask, run_step: RunStep) -> Finished:
    """The chosen fields, and the rest generated beside them."""
    call = generation.recorder.call
    try:
        with generation.recorder.stage("choose"):
            chosen = await choose_fields(generation, task)
    except OutputRefused as refused:
        call.outcome = "refused"
        refused.call_id = call.id
        return Finished(call=call, error=refused)
    if chosen.is_whole:
        finished = await _conform_chosen(generation, chosen)
    else:
        beside = _beside(generation, task, chosen) if chosen.values else generation
        finished = await _answer_among(beside, task, run_step)
    if finished.error is None:
        call.confidence = {**call.confidence, **chosen.confidence(call.value)}
    return finished


async def _conform_chosen(generation: Generation, chosen: Chosen) -> Finished:
    """An answer all of whose fields were chosen: the likeliest that keeps the constraints. If none
    does, the model is asked as it is of an answer that it wrote."""
    constraints = generation.prepared.terms.constraints
    values = chosen.values
    if constraints is not None:
        kept = (value for value in chosen.combinations() if not constraints(value))
        values = next(kept, values)
    reply = Reply(text=msgspec.json.encode(values).decode(), stop_reason="stop")
    terms = replace(generation.prepared.terms, form="plain")
    apart = replace(generation, prepared=replace(generation.prepared, terms=terms))
    with generation.recorder.stage("conform"):
        return await conform_reply(apart, reply)


def _beside(generation: Generation, task: CompiledTask, chosen: Chosen) -> Generation:
    """What is left to ask, with the chosen fields fixed."""
    schema = chosen.closed.fixing(chosen.values)
    prepared, mode = planned(generation.prepared, schema=schema, name=task.definition.name)
    generation.recorder.call.mode = mode
    generation.recorder.call.messages = prepared.messages
    return replace(generation, prepared=prepared)
