"""An upstream that answers from a script: for tests of the path and of code that uses it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

from roadworthy.core import Usage
from roadworthy.core.errors import RoadworthyError
from roadworthy.models import Ask, Delta, Model, Reply

__all__ = ["Answer", "ScriptedUpstream"]

Answer: TypeAlias = str | Reply | RoadworthyError | Callable[[Model, Ask], "str | Reply"]
"""Text, a whole reply, an error to raise, or a function of what was asked."""


class ScriptedUpstream:
    """Gives one answer an attempt, in order; the last one for ever after.

    >>> upstream = ScriptedUpstream(['{"sentiment": "positive"}'])

    ``asked`` holds every (model, ask) in order. With ``hold`` set, answers wait for it, so a
    test can look at a call under way, or give it up.
    """

    def __init__(self, answers: Iterable[Answer], *, hold: asyncio.Event | None = None) -> None:
        self._answers = list(answers)
        self._hold = hold
        self.asked: list[tuple[Model, Ask]] = []
        self.open_streams = 0

    async def send(self, model: Model, ask: Ask) -> Reply:
        self.asked.append((model, ask))
        if self._hold is not None:
            await self._hold.wait()
        return self._reply(model, ask)

    @asynccontextmanager
    async def stream(self, model: Model, ask: Ask) -> AsyncIterator[AsyncIterator[list[Delta]]]:
        """The answer in pieces of four characters, or a refusal, or calls of tools; stop reason and
        usage come last."""
        self.asked.append((model, ask))
        reply = self._reply(model, ask)
        self.open_streams += 1
        try:
            yield self._pieces(reply)
        finally:
            self.open_streams -= 1

    async def close(self) -> None:
        """Nothing to close."""

    async def _pieces(self, reply: Reply) -> AsyncIterator[list[Delta]]:
        for start in range(0, len(reply.text), 4):
            if self._hold is not None and start:
                await self._hold.wait()
            yield [Delta(text=reply.text[start : start + 4], upstream_model=reply.upstream_model)]
        if reply.refusal is not None:
            yield [_told({"refusal": reply.refusal})]
        elif reply.tool_calls:
            yield [
                _told({"tool_calls": [{"index": i, **c} for i, c in enumerate(reply.tool_calls)]})
            ]
        yield [Delta(stop_reason=reply.stop_reason), Delta(usage=reply.usage)]

    def _reply(self, model: Model, ask: Ask) -> Reply:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if callable(answer):
            answer = answer(model, ask)
        if isinstance(answer, RoadworthyError):
            raise answer
        if isinstance(answer, Reply):
            return answer
        return Reply(
            text=answer,
            stop_reason="stop",
            usage=Usage(input_tokens=10, output_tokens=max(1, len(answer) // 4)),
            upstream_model="scripted-1",
            message={"role": "assistant", "content": answer},
        )


def _told(message: dict[str, Any]) -> Delta:
    """What a chunk says that is no text."""
    return Delta(chunk={"choices": [{"index": 0, "delta": message, "finish_reason": None}]})
