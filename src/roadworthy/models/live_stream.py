"""A stream that is being received: bytes of one response, as deltas.

Its end counts as an end only if the provider said so. Whoever opened it closes it; closing
before the end drops the connection, which is how a provider learns to stop generating.
"""

from __future__ import annotations

import asyncio

import aiohttp
import msgspec

from roadworthy.core.errors import UpstreamUnavailable
from roadworthy.models.connection import TRANSPORT_ERRORS, check_size, transport_error
from roadworthy.models.upstream import Delta, StreamDecoder

__all__ = ["LiveStream"]

SETTLE_S = 0.1
"""How long to wait, after ``[DONE]``, for the body's end: with it the connection can be reused."""


class LiveStream:
    """An async iterator of deltas, those of one read together."""

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        decoder: StreamDecoder,
        *,
        deadline: float,
        provider: str,
    ) -> None:
        """``deadline`` is on the event loop's clock."""
        self._response = response
        self._decoder = decoder
        self._deadline = deadline
        self._provider = provider
        self._pending: list[Delta] = []
        self._size = 0
        self._over = False

    async def begin(self, *, retries: int) -> None:
        """Wait for the first event, and note in it how many requests failed before.

        Raises:
            UpstreamError: there is no first event, or it is an error.
        """
        while not self._pending:
            if self._over:
                raise self._early_end()
            await self._advance()
        if retries:
            self._pending[0] = msgspec.structs.replace(self._pending[0], retries=retries)

    def close(self) -> None:
        """Drop the connection, unless the body has been received whole."""
        self._over = True
        self._pending.clear()
        self._response.close()

    def __aiter__(self) -> LiveStream:
        return self

    async def __anext__(self) -> list[Delta]:
        while not self._pending:
            if self._over:
                raise StopAsyncIteration
            await self._advance()
        batch, self._pending = self._pending, []
        return batch

    async def _advance(self) -> None:
        self._decoder.feed(b"")  # raises what it held back for the sake of what came before
        if self._decoder.ended:
            await self._settle()
            self._over = True
        elif data := await self._read():
            self._size += len(data)
            check_size(self._size)
            self._pending.extend(self._decoder.feed(data))
        elif self._decoder.finished:
            self._over = True
        else:
            raise self._early_end()

    async def _read(self) -> bytes:
        try:
            async with asyncio.timeout_at(self._deadline):
                return await self._response.content.readany()
        except TRANSPORT_ERRORS as error:
            if self._decoder.finished:  # the answer is whole; only its trailer is missing
                return b""
            if isinstance(error, aiohttp.ClientPayloadError):
                raise self._early_end() from error
            raise transport_error(error, self._provider) from error

    async def _settle(self) -> None:
        try:
            async with asyncio.timeout(SETTLE_S):
                while await self._response.content.readany():
                    pass
        except TRANSPORT_ERRORS:
            self._response.close()

    def _early_end(self) -> UpstreamUnavailable:
        error = UpstreamUnavailable(
            f"The stream ended early: {self._provider} closed it without a finish reason."
        )
        error.transient = True
        return error
