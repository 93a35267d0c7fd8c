"""A task as a Runnable: LangChain's chains, agents and graphs call it as they call a model.

The calls go to the gateway, by the Python client, so that all that a task promises holds of them:
what comes back conforms or is a typed error, every call is recorded, and a promotion changes what
answers without a change here.
"""

from __future__ import annotations

import asyncio
import atexit
import os
from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache, partial
from queue import SimpleQueue
from typing import Any, Final, NamedTuple

from pydantic import BaseModel

from roadworthy.client import AsyncConversation, Client
from roadworthy.integrations.langchain.package import (
    ConfigurableFieldSpec,
    Runnable,
    RunnableConfig,
    ensure_config,
)
from roadworthy.integrations.langchain.schemas import schema_class
from roadworthy.integrations.langchain.values import (
    Chunks,
    as_fields,
    as_messages,
    fields_of_messages,
)
from roadworthy.pipeline.contract import TaskContract

__all__ = ["TaskRunnable"]

_END: Final = object()


class _About(NamedTuple):
    """What a call is recorded with."""

    conversation_id: str | None
    unit: str | None


class TaskRunnable(Runnable[Any, Any]):
    """A task, or a chain of tasks, as a Runnable.

    >>> triage = TaskRunnable("classify-feedback")
    >>> triage.invoke({"comment": "Arrived broken."})
    {'sentiment': 'negative', 'confidence': 0.9, 'themes': ['damage']}
    >>> (prompt | triage | route).batch(comments)

    It takes the task's input fields as a dict or a pydantic model; where the task has one required
    text field, a text; and messages or a prompt, as the gateway's chat surface reads them. Streams
    give pieces of text, or an object as far as it is known. Errors are `RoadworthyError`.

    Args:
        task: ``NAME``, or ``NAME@SELECTOR``: a version, a range or a channel.
        client: the gateway to ask; None: that of ``ROADWORTHY_URL``, one connection for all.
        conversation_id: recorded with each call; ``config={"configurable": {…}}`` goes before it.
        unit: the user, tenant or session that calls are for; as `conversation_id`.
        whole: give an `Answer`, with the call's id, outcome and cost, in place of its value.
    """

    def __init__(
        self,
        task: str,
        *,
        client: Client | None = None,
        conversation_id: str | None = None,
        unit: str | None = None,
        whole: bool = False,
    ) -> None:
        self.task = task
        self.name = task.partition("@")[0]
        self._client = client
        self._conversation_id = conversation_id
        self._unit = unit
        self._whole = whole
        self._talk: AsyncConversation | None = None
        self._contract: TaskContract | None = None

    def conversation(self, conversation_id: str | None = None) -> TaskRunnable:
        """The same task for one conversation: all its calls are answered by the version that
        answers first. ``conversation_id`` is recorded with each; None: a new one."""
        bound = TaskRunnable(self.task, client=self._client, unit=self._unit, whole=self._whole)
        bound._talk = self._at.asynchronous.conversation(
            self.task, conversation_id=conversation_id, unit=self._unit
        )
        return bound

    @property
    def contract(self) -> TaskContract:
        """What the task takes and gives; asked of the gateway once.

        Raises:
            UnknownTask, GatewayUnreachable: as a call.
        """
        return self._at.submit(self._contracted()).result()

    def invoke(
        self,
        input: Any,  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> Any:
        """The task's value for this input.

        Raises:
            RoadworthyError: see `AsyncClient.run`.
        """
        _refuse(kwargs)
        return self._call_with_config(partial(self._run, self._about(config)), input, config)

    async def ainvoke(
        self,
        input: Any,  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> Any:
        """As `invoke`. Giving it up gives the call up."""
        _refuse(kwargs)
        return await self._acall_with_config(
            partial(self._arun, self._about(config)), input, config
        )

    def stream(
        self,
        input: Any,  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        **kwargs: Any | None,
    ) -> Iterator[Any]:
        """The answer while it is being written: pieces of text, or the object as far as it is
        known. Leaving it ends the call."""
        _refuse(kwargs)
        flow = partial(self._flow, self._about(config))
        yield from self._transform_stream_with_config(iter([input]), flow, config)

    async def astream(
        self,
        input: Any,  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        **kwargs: Any | None,
    ) -> AsyncIterator[Any]:
        """As `stream`."""
        _refuse(kwargs)
        flow = partial(self._aflow, self._about(config))
        chunks = self._atransform_stream_with_config(_once(input), flow, config)
        async for chunk in chunks:
            yield chunk

    def get_input_schema(
        self,
        config: RunnableConfig | None = None,  # noqa: ARG002 - LangChain's
    ) -> type[BaseModel]:
        """A class that says the task's input schema; asks the gateway."""
        return schema_class(self.get_name("Input"), self.contract.input_schema)

    def get_output_schema(
        self,
        config: RunnableConfig | None = None,  # noqa: ARG002 - LangChain's
    ) -> type[BaseModel]:
        """A class that says the task's output schema; asks the gateway."""
        return schema_class(self.get_name("Output"), self.contract.output_schema)

    @property
    def config_specs(self) -> list[ConfigurableFieldSpec]:
        """What ``config={"configurable": {…}}`` may hold."""
        told = {
            "conversation_id": "Groups calls of one conversation in the records.",
            "unit": "The user, tenant or session that the call is for.",
        }
        return [
            ConfigurableFieldSpec(id=name, annotation=str | None, description=what, is_shared=True)
            for name, what in told.items()
        ]

    @property
    def _at(self) -> Client:
        return self._client or _shared(os.environ.get("ROADWORTHY_URL"))

    def _run(self, about: _About, given: Any) -> Any:
        return self._at.submit(self._answer(given, about)).result()

    async def _arun(self, about: _About, given: Any) -> Any:
        return await asyncio.wrap_future(self._at.submit(self._answer(given, about)))

    def _flow(self, about: _About, inputs: Iterator[Any]) -> Iterator[Any]:
        chunks: SimpleQueue[Any] = SimpleQueue()
        writing = self._at.submit(self._write(next(inputs), about, chunks.put))
        writing.add_done_callback(lambda _: chunks.put(_END))
        try:
            while (chunk := chunks.get()) is not _END:
                yield chunk
            writing.result()
        finally:
            writing.cancel()

    async def _aflow(self, about: _About, inputs: AsyncIterator[Any]) -> AsyncIterator[Any]:
        chunks: asyncio.Queue[Any] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def put(chunk: Any) -> None:
            loop.call_soon_threadsafe(chunks.put_nowait, chunk)

        writing = self._at.submit(self._write(await anext(inputs), about, put))
        writing.add_done_callback(lambda _: put(_END))
        try:
            while (chunk := await chunks.get()) is not _END:
                yield chunk
            writing.result()
        finally:
            writing.cancel()

    # What follows runs on the client's own loop.

    async def _answer(self, given: Any, about: _About) -> Any:
        fields = await self._fields(given)
        if self._talk is not None:
            answer = await self._talk.answer(fields)
        else:
            answer = await self._at.asynchronous.answer(
                self.task, fields, conversation_id=about.conversation_id, unit=about.unit
            )
        return answer if self._whole else answer.value

    async def _write(self, given: Any, about: _About, put: Callable[[Any], object]) -> None:
        fields, chunks = await self._fields(given), Chunks()
        if self._talk is not None:
            stream = self._talk.stream(fields)
        else:
            stream = self._at.asynchronous.stream(
                self.task, fields, conversation_id=about.conversation_id, unit=about.unit
            )
        async with stream:
            async for known in stream:
                for chunk in () if self._whole else chunks.feed(known):
                    put(chunk)
            for chunk in (stream.answer,) if self._whole else chunks.end(stream.value):
                put(chunk)

    async def _fields(self, given: Any) -> dict[str, Any]:
        fields = as_fields(given)
        if fields is not None:
            return fields
        return fields_of_messages(as_messages(given), await self._contracted())

    async def _contracted(self) -> TaskContract:
        if self._contract is None:
            self._contract = await self._at.asynchronous.contract(self.task)
        return self._contract

    def _about(self, config: RunnableConfig | None) -> _About:
        given = ensure_config(config).get("configurable", {})
        return _About(
            given.get("conversation_id", self._conversation_id), given.get("unit", self._unit)
        )


@cache
def _shared(url: str | None) -> Client:
    """One client for all Runnables that name none."""
    client = Client(url)
    atexit.register(client.close)
    return client


async def _once(value: Any) -> AsyncIterator[Any]:
    yield value


def _refuse(unknown: dict[str, Any]) -> None:
    """What is not understood must not seem to have an effect."""
    if unknown:
        raise TypeError(
            f"a task takes no {min(unknown)!r} beside its input; its model and parameters are its"
            ' version\'s, and config={"configurable": {…}} takes conversation_id and unit'
        )
