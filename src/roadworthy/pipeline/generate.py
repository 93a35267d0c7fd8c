"""Asks a model on behalf of one call, and writes each attempt into it."""

from __future__ import annotations

from dataclasses import dataclass

from roadworthy.conformance import Plan
from roadworthy.core import Attempt, Message
from roadworthy.core.errors import RoadworthyError
from roadworthy.models import Ask, Reply, Structured, Upstream
from roadworthy.pipeline.prepare import Prepared
from roadworthy.pipeline.recorder import Recorder

__all__ = ["Generation"]


@dataclass(frozen=True, slots=True)
class Generation:
    """The generate stage of one call: its answer, and what is asked again."""

    upstream: Upstream
    prepared: Prepared
    recorder: Recorder

    async def answer(self) -> Reply:
        return await self._attempt(
            Attempt(
                model=self.prepared.model.name,
                provider=self.prepared.model.provider,
                mode=self.recorder.call.mode,
            ),
            self.ask(self.prepared.messages, self.prepared.structured),
        )

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
