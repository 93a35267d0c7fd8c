"""A task's answer while it is being written, and the answer at its end."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any, Generic, Self, TypeAlias, TypeVar

import msgspec

from roadworthy.client.answer import Answer, error_from
from roadworthy.client.partial import Partial, PartialReader
from roadworthy.client.typed import typed
from roadworthy.models.sse import Event

__all__ = ["AnswerStream", "Piece", "piece_of"]

T = TypeVar("T")
Piece: TypeAlias = bool | str | Answer
"""First whether the text is JSON, then its pieces, last the whole answer."""


class AnswerStream(Generic[T]):
    """Iterate over it for what is known so far; then `value` holds the answer.

    Leaving before its end ends the call: use it in ``async with``, or call `aclose`.
    """

    def __init__(
        self,
        pieces: AsyncGenerator[Piece, None],
        output: type[T] | None,
        *,
        on_answer: Callable[[Answer], None] | None = None,
    ) -> None:
        self._pieces = pieces
        self._output = output
        self._on_answer = on_answer
        self._reader = PartialReader(is_json=True)
        self._answer: Answer | None = None

    @property
    def answer(self) -> Answer:
        """How the call ended, with its value, id and cost.

        Raises:
            RuntimeError: the stream has not been read to its end.
        """
        if self._answer is None:
            raise RuntimeError("The stream has not ended; iterate over it first.")
        return self._answer

    @property
    def value(self) -> T:
        """The whole value, of the class that was handed in as `output`, if one was.

        Raises:
            RuntimeError: the stream has not been read to its end.
        """
        return typed(self.answer.value, self._output)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Partial:
        """
        Raises:
            RoadworthyError: the answer broke off, or may not be delivered.
        """
        async for piece in self._pieces:
            if isinstance(piece, bool):
                self._reader = PartialReader(is_json=piece)
            elif isinstance(piece, str):
                return self._reader.feed(piece)
            else:
                self._answer = piece
                if self._on_answer is not None:
                    self._on_answer(piece)
                return Partial(piece.value, "", ())
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """End the call, whatever its state."""
        await self._pieces.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def piece_of(event: Event) -> Piece:
    """What an event of a gateway's task surface says.

    Raises:
        RoadworthyError: the answer broke off.
    """
    if event.name == b"answer":
        return msgspec.json.decode(event.data, type=Answer)
    told: dict[str, Any] = msgspec.json.decode(event.data)
    if event.name == b"error":
        raise error_from(told.get("status", 500), event.data, told.get("call"))
    return told["text"] if event.name == b"text" else told.get("form") == "json"
