"""One of several answers to a call: asked for, held to the schema, and kept apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from roadworthy.conformance import modes_beside
from roadworthy.core import ANSWERED, Call
from roadworthy.core.errors import RoadworthyError
from roadworthy.models import Model
from roadworthy.pipeline.compiled import CompiledTask, modes_of
from roadworthy.pipeline.conformed import conform_reply
from roadworthy.pipeline.generate import Generation
from roadworthy.pipeline.request import Finished
from roadworthy.pipeline.variants import planned

__all__ = ["Ballot", "cast", "models_in_turn", "undecided"]


@dataclass(frozen=True, slots=True)
class Ballot:
    """How one answer ended."""

    call: Call
    """What the answer itself would have made of the call."""
    finished: Finished | None = None
    error: RoadworthyError | None = None
    """Why there is no answer."""

    @property
    def counts(self) -> bool:
        """Whether it holds an answer that may be delivered."""
        return self.error is None and self.call.outcome in ANSWERED

    @property
    def calls_tools(self) -> bool:
        """Whether the model answered with calls of the caller's own tools."""
        reply = None if self.finished is None else self.finished.reply
        return self.counts and reply is not None and bool(reply.tool_calls) and not reply.text

    @property
    def value(self) -> Any:
        return self.call.value


def models_in_turn(task: CompiledTask, names: tuple[str, ...], number: int) -> Model | None:
    """Which of these logical models answers the question of this number, from 0; None: the one
    that would be asked anyway."""
    return task.models[names[number % len(names)]] if names else None


async def cast(
    generation: Generation, task: CompiledTask, model: Model | None, number: int
) -> Ballot:
    """The answer of this number, in a record of its own; errors that end it are part of it."""
    recorder = generation.recorder.branch()
    prepared = generation.prepared
    if model is not None and model != prepared.model:
        modes = modes_beside(modes_of(task.definition, model), prepared.parameters)
        prepared, recorder.call.mode = planned(
            prepared, schema=prepared.schema, model=model, modes=modes, name=task.definition.name
        )
    seed = prepared.parameters.get("seed")
    if type(seed) is int:  # the same seed would give the same answer again
        prepared = replace(prepared, parameters={**prepared.parameters, "seed": seed + number})
    apart = replace(generation, prepared=prepared, recorder=recorder)
    try:
        finished = await conform_reply(apart, await apart.answer("vote"))
    except RoadworthyError as error:
        recorder.call.outcome = "errored"
        return Ballot(recorder.call, error=error)
    return Ballot(recorder.call, finished, finished.error)


def undecided(generation: Generation, ballots: list[Ballot]) -> Finished:
    """The end of a call none of whose answers counts: as the first of them ended.

    Raises:
        RoadworthyError: the first error, where no model gave an answer of which to tell.
    """
    call = generation.recorder.call
    told = next((ballot for ballot in ballots if ballot.finished is not None), None)
    if told is None or told.finished is None:
        raise next(ballot.error for ballot in ballots if ballot.error is not None)
    call.outcome, call.value = told.call.outcome, told.call.value
    return replace(told.finished, call=call)
