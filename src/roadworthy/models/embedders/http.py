"""Any model of `models.toml` that serves ``/v1/embeddings``.

Source: OpenAI API reference, "Create embeddings", November 2026.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from roadworthy.core import SystemClock
from roadworthy.core.errors import UpstreamError, UpstreamUnavailable
from roadworthy.models.backoff import backoff_s
from roadworthy.models.connection import (
    TRANSPORT_ERRORS,
    Connections,
    Target,
    read_whole,
    transport_error,
)
from roadworthy.models.credentials import Credentials
from roadworthy.models.embedders.port import unit_rows
from roadworthy.models.upstream import Model

if TYPE_CHECKING:
    from roadworthy.models.embedders.port import Rows

__all__ = ["HttpEmbedder"]

_BATCH: Final = 64
"""Texts of one request; providers take 96 to 2,048."""


class HttpEmbedder:
    """Asks a provider. Use and close it inside one running event loop."""

    def __init__(
        self,
        model: Model,
        *,
        environ: Mapping[str, str] = os.environ,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._model = model
        self._credentials = Credentials(environ)
        self._connections = Connections(SystemClock())
        self._sleep = sleep

    async def embed(self, texts: list[str]) -> Rows:
        """See `Embedder.embed`."""
        rows: list[Any] = []
        for start in range(0, len(texts), _BATCH):
            rows += await self._persist(texts[start : start + _BATCH])
        try:
            return unit_rows(rows)
        except ValueError as error:
            raise self._nonsense() from error

    async def close(self) -> None:
        """Closes its connections."""
        await self._connections.close()

    async def _persist(self, texts: list[str]) -> list[Any]:
        """The rows of one request, sent again after failures in passing."""
        retries = 0
        while True:
            try:
                async with asyncio.timeout(self._model.timeout_s):
                    return await self._ask(texts)
            except TRANSPORT_ERRORS as error:
                failure = transport_error(error, self._model.provider)
                failure.__cause__ = error
            except UpstreamError as error:
                failure = error
            if not failure.transient or retries >= self._model.max_retries:
                raise failure
            wait_s = failure.retry_after_s
            await self._sleep(
                backoff_s(retries, jitter=random.random()) if wait_s is None else wait_s  # noqa: S311
            )
            retries += 1

    async def _ask(self, texts: list[str]) -> list[Any]:
        # Providers refuse an empty text; a blank one is as far from everything.
        asked = [text if text.strip() else " ." for text in texts]
        body = {"model": self._model.upstream, "input": asked, "encoding_format": "float"}
        response = await self._connections.post(self._target(), msgspec.json.encode(body))
        try:
            payload = msgspec.json.decode(await read_whole(response))
        except (msgspec.DecodeError, RecursionError) as error:
            raise self._nonsense() from error
        finally:
            response.close()
        return self._rows(payload, len(texts))

    def _rows(self, payload: Any, wanted: int) -> list[Any]:
        data = payload.get("data") if isinstance(payload, dict) else None
        found: dict[int, Any] = {}
        for at, item in enumerate(data if isinstance(data, list) else ()):
            if isinstance(item, dict):
                index = item.get("index")
                # Not every server writes the index; then they stand in order.
                found[index if isinstance(index, int) else at] = item.get("embedding")
        if found.keys() != set(range(wanted)):
            raise self._nonsense()
        return [found[index] for index in range(wanted)]

    def _target(self) -> Target:
        model, key = self._model, ""
        if not model.base_url:
            raise UpstreamUnavailable(
                f'Model "{model.name}" serves no embeddings. Name "wordllama", or a model that a'
                " provider serves under /v1/embeddings."
            )
        headers = {"Content-Type": "application/json", **model.headers}
        if model.api_key is not None:
            key = self._credentials.look_up(model.api_key, provider=model.provider)
            headers["Authorization"] = f"Bearer {key}"
        return Target(
            url=f"{model.base_url}/embeddings", headers=headers, provider=model.provider, secret=key
        )

    def _nonsense(self) -> UpstreamError:
        return UpstreamError(
            f'Model "{self._model.name}" of {self._model.provider} gave no embeddings of these'
            " texts. Check that it is an embedding model."
        )
