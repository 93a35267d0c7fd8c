"""The client of a gateway's tasks. `roadworthy.client.synchronous` wraps it."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self, TypeVar, overload
from urllib.parse import quote

import aiohttp
import msgspec

from roadworthy.client.answer import Answer, GatewayUnreachable, error_from
from roadworthy.client.conversation import AsyncConversation
from roadworthy.client.stream import AnswerStream, Piece, piece_of
from roadworthy.core import NUSD_PER_USD, Call, SystemClock, new_id
from roadworthy.models.sse import EventSplitter
from roadworthy.pipeline import TASK_PREFIX, CallRequest, Pipeline
from roadworthy.pipeline.contract import TaskContract, contract_of
from roadworthy.pipeline.inprocess import in_process
from roadworthy.tasks import survey_project

__all__ = ["AsyncClient"]

DEFAULT_URL = "http://127.0.0.1:8700"
T = TypeVar("T")


class AsyncClient:
    """Runs tasks on a gateway.

    >>> async with AsyncClient() as client:
    ...     value = await client.run("classify-feedback", comment="Arrived broken.")

    Args:
        base_url: the gateway; default: ``ROADWORTHY_URL``, else ``http://127.0.0.1:8700``.
        timeout_s: how long to wait for one answer.
        fallback: a project's folder. Where the gateway cannot be reached, the task runs in this
            process, straight against the provider and with the same guarantee; such calls are
            recorded in that project's state folder. What was served there last is asked, or the
            working copies where nothing was. None: an unreachable gateway is an error.
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        timeout_s: float = 120.0,
        fallback: str | Path | None = None,
    ) -> None:
        self._base_url = (base_url or os.environ.get("ROADWORTHY_URL", DEFAULT_URL)).rstrip("/")
        self._timeout_s = timeout_s
        self._fallback = None if fallback is None else Path(fallback)
        self._pipeline: Pipeline | None = None
        self._session: aiohttp.ClientSession | None = None
        self._open = AsyncExitStack()

    async def run(self, task: str, /, **fields: Any) -> Any:
        """The task's value for these input fields.

        Raises:
            OutputError: the model's answer may not be delivered.
            InvalidInput, UnknownTask: the request is at fault.
            UpstreamError: the provider failed.
            GatewayUnreachable: and no fallback was named.
        """
        return (await self.answer(task, fields)).value

    async def answer(
        self,
        task: str,
        fields: dict[str, Any],
        *,
        conversation_id: str | None = None,
        unit: str | None = None,
    ) -> Answer:
        """As `run`, with how the call ended, its id and its cost."""
        body = {"input": fields, "conversation_id": conversation_id, "unit": unit}
        try:
            return await self._ask_gateway(task, body)
        except GatewayUnreachable:
            if self._fallback is None:
                raise
        return await self._run_here(task, body)

    async def contract(self, task: str) -> TaskContract:
        """What the task takes and gives, in the version that would serve it now.

        Raises:
            UnknownTask: there is none.
            GatewayUnreachable: and no fallback was named.
        """
        try:
            async with await self._send("GET", f"{_address(task)}/schema") as response:
                data = await response.read()
                if response.status == 200:
                    return msgspec.json.decode(data, type=TaskContract)
                raise error_from(response.status, data, None)
        except GatewayUnreachable:
            if self._fallback is None:
                raise
        return await contract_of((await self._here()).state(), task)

    @overload
    def stream(
        self,
        task: str,
        fields: dict[str, Any],
        *,
        output: None = None,
        conversation_id: str | None = None,
        unit: str | None = None,
    ) -> AnswerStream[Any]: ...

    @overload
    def stream(
        self,
        task: str,
        fields: dict[str, Any],
        *,
        output: type[T],
        conversation_id: str | None = None,
        unit: str | None = None,
    ) -> AnswerStream[T]: ...

    def stream(
        self,
        task: str,
        fields: dict[str, Any],
        *,
        output: type[T] | None = None,
        conversation_id: str | None = None,
        unit: str | None = None,
    ) -> AnswerStream[T]:
        """The answer while it is being written.

        >>> async with client.stream("classify-feedback", {"comment": "Broken."}) as stream:
        ...     async for partial in stream:
        ...         print(partial.value)
        >>> stream.value

        ``output`` is the class that the final value shall have; None: plain JSON. Iterating raises
        as `run` does.
        """
        body = {"input": fields, "conversation_id": conversation_id, "unit": unit}
        return self.begin_stream(task, body, output)

    def begin_stream(
        self,
        task: str,
        body: dict[str, Any],
        output: type[T] | None,
        *,
        on_answer: Callable[[Answer], None] | None = None,
    ) -> AnswerStream[T]:
        """As `stream`, from the body of a request; ``on_answer`` is told the whole answer."""
        pieces = self._pieces(task, body | {"stream": True})
        return AnswerStream(pieces, output, on_answer=on_answer)

    def conversation(
        self, task: str, *, conversation_id: str | None = None, unit: str | None = None
    ) -> AsyncConversation:
        """Calls of this task that belong together, all answered by the version that answers first.

        >>> talk = client.conversation("support")
        >>> await talk.run(message="My parcel is late.")
        >>> talk.task
        'support@1.4.0'

        ``task`` may name where to begin: ``support@staging``. ``conversation_id`` is recorded with
        each call; None: a new one.
        """
        conversation_id = conversation_id or new_id(SystemClock().now_us())
        return AsyncConversation(self, task, conversation_id=conversation_id, unit=unit)

    async def close(self) -> None:
        await self._open.aclose()
        self._session = self._pipeline = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _ask_gateway(self, task: str, body: dict[str, Any]) -> Answer:
        async with await self._send("POST", _address(task), body) as response:
            data = await response.read()
            if response.status == 200:
                return msgspec.json.decode(data, type=Answer)
            raise error_from(response.status, data, response.headers.get("x-roadworthy-call"))

    async def _send(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> aiohttp.ClientResponse:
        if self._session is None:
            self._session = await self._open.enter_async_context(
                aiohttp.ClientSession(
                    timeout=aiohttp.ClientTimeout(self._timeout_s, sock_connect=5)
                )
            )
        try:
            return await self._session.request(
                method,
                self._base_url + path,
                data=None if body is None else msgspec.json.encode(body),
                headers={"content-type": "application/json"},
                allow_redirects=False,
            )
        # Only a connection that never was: a call that may have begun must not run twice.
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise GatewayUnreachable(
                f"the gateway at {self._base_url} cannot be reached; start it with"
                " `roadworthy serve`, or set ROADWORTHY_URL to its address"
            ) from error

    async def _pieces(self, task: str, body: dict[str, Any]) -> AsyncGenerator[Piece, None]:
        try:
            response = await self._send("POST", _address(task), body)
        except GatewayUnreachable:
            if self._fallback is None:
                raise
            async for piece in self._stream_here(task, body):
                yield piece
            return
        try:
            if response.status != 200:
                call_id = response.headers.get("x-roadworthy-call")
                raise error_from(response.status, await response.read(), call_id)
            splitter = EventSplitter()
            while data := await response.content.readany():
                for event in splitter.feed(data):
                    yield piece_of(event)
        except aiohttp.ClientError as error:
            raise GatewayUnreachable(
                f"the gateway at {self._base_url} broke the answer off; its call, if it was"
                " recorded, is among those of `roadworthy calls`"
            ) from error
        finally:
            response.close()

    async def _stream_here(self, task: str, body: dict[str, Any]) -> AsyncGenerator[Piece, None]:
        stream = await (await self._here()).stream(_request(task, body))
        try:
            yield stream.call.schema_digest is not None
            async for batch in stream.deltas:
                if text := "".join([delta.text for delta in batch]):
                    yield text
        finally:
            await stream.deltas.aclose()
        yield _answer(stream.call)

    async def _here(self) -> Pipeline:
        assert self._fallback is not None
        if self._pipeline is None:
            project = survey_project(self._fallback.resolve())
            state = project.root / project.settings.store.path
            self._pipeline = await self._open.enter_async_context(
                in_process(project, state, name="fallback", as_served=True)
            )
        return self._pipeline

    async def _run_here(self, task: str, body: dict[str, Any]) -> Answer:
        finished = await (await self._here()).run(_request(task, body))
        if finished.error is not None:
            raise finished.error
        return _answer(finished.call)


def _address(task: str) -> str:
    return f"/v1/tasks/{quote(task, safe='@^')}"


def _request(task: str, body: dict[str, Any]) -> CallRequest:
    return CallRequest(
        target=TASK_PREFIX + task,
        surface="python",
        input=body["input"],
        conversation_id=body["conversation_id"],
        unit=body["unit"],
        stream=body.get("stream", False),
    )


def _answer(call: Call) -> Answer:
    return Answer(
        value=call.value,
        call=call.id,
        outcome=call.outcome,
        task=call.task,
        version=call.version,
        model=call.model,
        cost_usd=None if call.cost_nusd is None else call.cost_nusd / NUSD_PER_USD,
        duration_ms=call.duration_us / 1000,
        confidence=call.confidence,
    )
