"""The client for code that is not asynchronous: `AsyncClient` on a loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Generic, Self, TypeVar, overload

from roadworthy.client.answer import Answer
from roadworthy.client.asynchronous import AsyncClient
from roadworthy.client.conversation import AsyncConversation
from roadworthy.client.partial import Partial
from roadworthy.client.stream import AnswerStream
from roadworthy.pipeline.contract import TaskContract

__all__ = ["Client", "Conversation", "ReadStream"]

T = TypeVar("T")
V = TypeVar("V")


class Client:
    """Runs tasks on a gateway; may be shared by threads. Arguments as for `AsyncClient`.

    >>> Client().run("classify-feedback", comment="Arrived broken.")
    {'sentiment': 'negative', 'confidence': 0.9, 'themes': ['damage']}
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        timeout_s: float = 120.0,
        fallback: str | Path | None = None,
    ) -> None:
        self._client = AsyncClient(base_url, timeout_s=timeout_s, fallback=fallback)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()

    def run(self, task: str, /, **fields: Any) -> Any:
        """As `AsyncClient.run`."""
        return self._wait(self._client.run(task, **fields))

    def answer(
        self,
        task: str,
        fields: dict[str, Any],
        *,
        conversation_id: str | None = None,
        unit: str | None = None,
    ) -> Answer:
        """As `AsyncClient.answer`."""
        return self._wait(
            self._client.answer(task, fields, conversation_id=conversation_id, unit=unit)
        )

    def contract(self, task: str) -> TaskContract:
        """As `AsyncClient.contract`."""
        return self._wait(self._client.contract(task))

    @overload
    def stream(
        self,
        task: str,
        fields: dict[str, Any],
        *,
        output: None = None,
        conversation_id: str | None = None,
        unit: str | None = None,
    ) -> ReadStream[Any]: ...

    @overload
    def stream(
        self,
        task: str,
        fields: dict[str, Any],
        *,
        output: type[V],
        conversation_id: str | None = None,
        unit: str | None = None,
    ) -> ReadStream[V]: ...

    def stream(
        self,
        task: str,
        fields: dict[str, Any],
        *,
        output: type[V] | None = None,
        conversation_id: str | None = None,
        unit: str | None = None,
    ) -> ReadStream[V]:
        """As `AsyncClient.stream`, for ``with`` and ``for``."""
        return ReadStream(
            self._wait,
            self._client.stream(
                task, fields, output=output, conversation_id=conversation_id, unit=unit
            ),
        )

    def conversation(
        self, task: str, *, conversation_id: str | None = None, unit: str | None = None
    ) -> Conversation:
        """As `AsyncClient.conversation`.

        >>> talk = client.conversation("support")
        >>> talk.run(message="My parcel is late.")
        >>> talk.task
        'support@1.4.0'
        """
        return Conversation(
            self._wait,
            self._client.conversation(task, conversation_id=conversation_id, unit=unit),
        )

    def close(self) -> None:
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None:
            asyncio.run_coroutine_threadsafe(self._client.close(), loop).result()
            loop.call_soon_threadsafe(loop.stop)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def asynchronous(self) -> AsyncClient:
        """The client beneath; what it does is for `submit` to run."""
        return self._client

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start what is asynchronous on this client's own loop, for code that waits elsewhere:
        ``await asyncio.wrap_future(client.submit(client.asynchronous.answer(…)))``."""
        with self._lock:
            if self._loop is None:
                self._loop = _start_loop()
            loop = self._loop
        return asyncio.run_coroutine_threadsafe(work, loop)

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self.submit(work).result()


class ReadStream(Generic[V]):
    """An `AnswerStream` for code that is not asynchronous."""

    def __init__(self, wait: Callable[[Coroutine[Any, Any, Any]], Any], stream: Any) -> None:
        """``wait`` runs what is asynchronous; ``stream`` is an `AnswerStream`."""
        self._wait = wait
        self._stream: AnswerStream[V] = stream

    @property
    def answer(self) -> Answer:
        """As `AnswerStream.answer`."""
        return self._stream.answer

    @property
    def value(self) -> V:
        """As `AnswerStream.value`."""
        return self._stream.value

    def __iter__(self) -> Iterator[Partial]:
        while (partial := self._wait(self._next())) is not None:
            yield partial

    async def _next(self) -> Partial | None:
        return await anext(self._stream, None)

    def close(self) -> None:
        """End the call, whatever its state."""
        self._wait(self._stream.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Conversation:
    """An `AsyncConversation` for code that is not asynchronous."""

    def __init__(
        self, wait: Callable[[Coroutine[Any, Any, Any]], Any], conversation: AsyncConversation
    ) -> None:
        """``wait`` runs what is asynchronous."""
        self._wait = wait
        self._conversation = conversation

    @property
    def task(self) -> str:
        """As `AsyncConversation.task`."""
        return self._conversation.task

    @property
    def id(self) -> str:
        """As `AsyncConversation.id`."""
        return self._conversation.id

    @property
    def version(self) -> str | None:
        """As `AsyncConversation.version`."""
        return self._conversation.version

    def run(self, **fields: Any) -> Any:
        """As `AsyncConversation.run`."""
        return self._wait(self._conversation.run(**fields))

    def answer(self, fields: dict[str, Any]) -> Answer:
        """As `AsyncConversation.answer`."""
        answer: Answer = self._wait(self._conversation.answer(fields))
        return answer

    @overload
    def stream(self, fields: dict[str, Any], *, output: None = None) -> ReadStream[Any]: ...

    @overload
    def stream(self, fields: dict[str, Any], *, output: type[V]) -> ReadStream[V]: ...

    def stream(self, fields: dict[str, Any], *, output: type[V] | None = None) -> ReadStream[V]:
        """As `AsyncConversation.stream`, for ``with`` and ``for``."""
        return ReadStream(self._wait, self._conversation.stream(fields, output=output))


def _start_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()

    def run() -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
        finally:
            loop.close()

    threading.Thread(target=run, name="roadworthy-client", daemon=True).start()
    return loop
