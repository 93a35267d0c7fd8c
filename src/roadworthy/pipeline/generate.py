"""Asks a model on behalf of one call, and writes each attempt into it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import msgspec

from roadworthy.conformance import Plan
from roadworthy.core import Attempt, Message, Purpose
from roadworthy.core.errors import RoadworthyError
from roadworthy.models import Ask, Choice, Reply, Structured, Upstream
from roadworthy.pipeline.prepare import Prepared
from roadworthy.pipeline.recorder import Recorder

__all__ = ["Generation"]

_DIGITS: Final = 4


@dataclass(slots=True)
class Generation:
    """The generate stage of one call: its answer, and what is asked again."""

    upstream: Upstream
    prepared: Prepared
    recorder: Recorder

    async def answer(self, purpose: Purpose = "answer") -> Reply:
        return await self._attempt(
            Attempt(
                model=self.prepared.model.name,
                provider=self.prepared.model.provider,
                mode=self.recorder.call.mode,
                purpose=purpose,
            ),
            self.ask(self.prepared.messages, self.prepared.structured),
        )

    async def weigh(
        self, messages: list[Message], plan: Plan, choice: Choice, *, purpose: Purpose
    ) -> Reply:
        """How likely the values of a choice are; what was learned is the attempt's text."""
        ask = self.ask(messages, plan.structured)
        attempt = Attempt(
            model=self.prepared.model.name,
            provider=self.prepared.model.provider,
            mode=plan.mode,
            purpose=purpose,
        )
        reply = await self._attempt(attempt, msgspec.structs.replace(ask, choice=choice))
        attempt.text = _weights(choice, reply) or attempt.text
        return reply

    async def reask(self, messages: list[Message], plan: Plan) -> Reply:
        return await self._attempt(
            Attempt(
                model=self.prepared.model.name,
                provider=self.prepared.model.provider,
                mode=plan.mode,
                purpose="reask",
            ),
            self.ask(messages, plan.structured),
        )

    def ask(self, messages: list[Message], structured: Structured | None) -> Ask:
        return Ask(
            messages=messages,
            parameters=self.prepared.parameters,
            structured=structured,
            deadline_us=self.prepared.deadline_us,
        )

    async def _attempt(self, attempt: Attempt, ask: Ask) -> Reply:
        recorder = self.recorder
        recorder.begin_attempt(attempt)
        try:
            reply = await self.upstream.send(self.prepared.model, ask)
        except RoadworthyError as error:
            recorder.fail_attempt(attempt, error)
            raise
        except BaseException:  # cancelled, or a bug: the attempt still has a duration
            recorder.fail_attempt(attempt, None)
            raise
        recorder.end_attempt(attempt, self.prepared.model, reply)
        return reply


def _weights(choice: Choice, reply: Reply) -> str:
    """The probabilities as JSON, the likeliest first: ``{"sentiment":{"positive":0.61,…}}``."""
    told: dict[str, float] = {}
    for share in sorted(reply.shares, key=lambda share: -share.log_p):
        names = (choice.values[value].removeprefix('"').removesuffix('"') for value in share.values)
        told[" | ".join(names)] = round(math.exp(share.log_p), _DIGITS)
    return msgspec.json.encode({choice.field: told}).decode() if told else ""
