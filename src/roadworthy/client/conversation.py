"""Calls of one conversation, which go on with the version that its first answer came from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar, overload

from roadworthy.client.answer import Answer
from roadworthy.client.stream import AnswerStream

__all__ = ["AsyncConversation"]

T = TypeVar("T")


class Asks(Protocol):
    """What of a client a conversation needs."""

    async def answer(
        self,
        task: str,
        fields: dict[str, Any],
        *,
        conversation_id: str | None = None,
        unit: str | None = None,
    ) -> Answer: ...

    def begin_stream(
        self,
        task: str,
        body: dict[str, Any],
        output: type[T] | None,
        *,
        on_answer: Callable[[Answer], None] | None = None,
    ) -> AnswerStream[T]: ...


class AsyncConversation:
    """Runs one task again and again for one conversation.

    A promotion in between does not change who answers: from the first answer on, calls pin the
    version that gave it. Nothing of this is kept anywhere but here. To go on in another process,
    keep `task` and `id` and begin with both.
    """

    def __init__(self, client: Asks, task: str, *, conversation_id: str, unit: str | None) -> None:
        self._client = client
        self._unit = unit
        self.task = task
        """What the next call asks for: with ``@VERSION`` once there was an answer."""
        self.id = conversation_id
        """Recorded with every call."""

    @property
    def version(self) -> str | None:
        """The version that is pinned; None: there was no answer yet."""
        _, at, selector = self.task.partition("@")
        return selector if at else None

    async def run(self, **fields: Any) -> Any:
        """The task's value for these input fields; raises as `AsyncClient.run`."""
        return (await self.answer(fields)).value

    async def answer(self, fields: dict[str, Any]) -> Answer:
        """As `run`, with how the call ended, its id and its cost."""
        answer = await self._client.answer(
            self.task, fields, conversation_id=self.id, unit=self._unit
        )
        self._pin(answer)
        return answer

    @overload
    def stream(self, fields: dict[str, Any], *, output: None = None) -> AnswerStream[Any]: ...

    @overload
    def stream(self, fields: dict[str, Any], *, output: type[T]) -> AnswerStream[T]: ...

    def stream(self, fields: dict[str, Any], *, output: type[T] | None = None) -> AnswerStream[T]:
        """The answer while it is being written; it pins once it is whole."""
        body = {"input": fields, "conversation_id": self.id, "unit": self._unit}
        return self._client.begin_stream(self.task, body, output, on_answer=self._pin)

    def _pin(self, answer: Answer) -> None:
        # Also in place of a range or a channel: that was for the first answer to resolve.
        if answer.version:
            self.task = f"{self.task.partition('@')[0]}@{answer.version}"
