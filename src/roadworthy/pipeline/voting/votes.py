"""`votes`: the answer is asked for several times, and each field takes the value of the most."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from roadworthy.conformance import OutputSchema
from roadworthy.core import Confidence, Outcome
from roadworthy.core.errors import OutputNonconforming
from roadworthy.models import Reply
from roadworthy.pipeline.compiled import CompiledTask
from roadworthy.pipeline.generate import Generation
from roadworthy.pipeline.request import Finished
from roadworthy.pipeline.voting.ballots import Ballot, cast, models_in_turn, undecided
from roadworthy.pipeline.voting.majority import (
    ABSENT,
    Field,
    agreement,
    combine,
    count_votes,
    is_same,
    supporters,
    votes_needed,
)
from roadworthy.tasks.definition import Votes

__all__ = ["answer_by_votes"]

_MANNERS: Final[tuple[Outcome, ...]] = ("first_pass", "repaired", "reasked")
"""From the best to the worst; what several answers came to is what the worst of them did."""
_TOLD_PATHS: Final = 3


async def answer_by_votes(generation: Generation, task: CompiledTask, votes: Votes) -> Finished:
    """The majority of several answers; no more are asked for than it takes to fix it.

    An answer that fails has no vote. What each field's value has for it is the call's confidence.

    Raises:
        RoadworthyError: no model answered.
    """
    election = _Election(generation, task, votes)
    with generation.recorder.stage("generate"):
        await election.hold()
    with generation.recorder.stage("conform"):
        return election.result()


@dataclass(slots=True)
class _Election:
    generation: Generation
    task: CompiledTask
    votes: Votes
    ballots: list[Ballot] = field(default_factory=list)
    """In the order in which they were asked for."""

    @property
    def counted(self) -> list[Ballot]:
        return [ballot for ballot in self.ballots if ballot.counts]

    async def hold(self) -> None:
        while more := self._still_needed():
            asked = len(self.ballots)
            async with asyncio.TaskGroup() as group:
                asking = [
                    group.create_task(self._cast(number)) for number in range(asked, asked + more)
                ]
            self.ballots += [task.result() for task in asking]

    def result(self) -> Finished:
        """
        Raises:
            RoadworthyError: no model answered.
        """
        counted = self.counted
        if not counted:
            return undecided(self.generation, self.ballots)
        tools = next((ballot for ballot in counted if ballot.calls_tools), None)
        schema = self.generation.prepared.schema
        if tools is not None or schema is None:
            return self._deliver(tools or counted[0])
        fields = count_votes([ballot.value for ballot in counted])
        if self.votes.ties == "fail" and (tied := [one for one in fields if one.is_tied]):
            return self._tied(counted[0], tied)
        value = combine(fields)
        if self._keeps_everything(value, schema):
            return self._deliver(_first_with(counted, value), value)
        return self._deliver(_most_agreeing(counted, fields))

    def _still_needed(self) -> int:
        left = self.votes.n - len(self.ballots)
        counted = self.counted
        if any(ballot.calls_tools for ballot in counted):
            return 0
        fields = count_votes([ballot.value for ballot in counted])
        return min(left, votes_needed(fields, left)) if left else 0

    async def _cast(self, number: int) -> Ballot:
        model = models_in_turn(self.task, self.votes.models, number)
        return await cast(self.generation, self.task, model, number)

    def _keeps_everything(self, value: Any, schema: OutputSchema) -> bool:
        """What each vote keeps, their combination need not."""
        constraints = self.generation.prepared.terms.constraints
        return schema.is_valid(value) and (constraints is None or not constraints(value))

    def _deliver(self, ballot: Ballot, value: Any = ABSENT) -> Finished:
        """The end of the call: this answer, or a value that several of them make up."""
        call = self.generation.recorder.call
        same = value is ABSENT or is_same(value, ballot.value)
        call.value = ballot.value if same else value
        used = [ballot] if same else self.counted
        call.outcome = max((one.call.outcome for one in used), key=_manner)
        call.repairs = tuple(dict.fromkeys(made for one in used for made in one.call.repairs))
        call.confidence = self._confidence(call.value)
        finished = ballot.finished
        assert finished is not None  # it counts
        text = finished.text if same else msgspec.json.encode(value).decode()
        reply = finished.reply if same else Reply(stop_reason="stop")
        return Finished(call=call, reply=reply, text=text)

    def _confidence(self, value: Any) -> dict[str, Confidence]:
        """For each leaf that is delivered, the share of all answers asked for that have it so."""
        asked, votes = len(self.ballots), [ballot.value for ballot in self.counted]
        return {
            path: Confidence(value=count / asked, method="votes", votes=asked)
            for path, count in supporters(value, votes).items()
        }

    def _tied(self, ballot: Ballot, tied: list[Field]) -> Finished:
        call = self.generation.recorder.call
        call.outcome = "failed"
        paths = ", ".join(one.path or "the answer" for one in tied[:_TOLD_PATHS])
        error = OutputNonconforming(
            f'{len(self.counted)} votes are tied on {paths}, and ties = "fail" delivers nothing'
            ' then. Ask for an odd number of votes, or set ties = "first".'
        )
        error.call_id = call.id
        assert ballot.finished is not None
        return Finished(call=call, reply=ballot.finished.reply, error=error)


def _manner(outcome: Outcome) -> int:
    return _MANNERS.index(outcome) if outcome in _MANNERS else -1


def _first_with(ballots: list[Ballot], value: Any) -> Ballot:
    return next((ballot for ballot in ballots if is_same(ballot.value, value)), ballots[0])


def _most_agreeing(ballots: list[Ballot], fields: list[Field]) -> Ballot:
    return max(ballots, key=lambda ballot: agreement(fields, ballot.value))
