"""Asks models over HTTP: the one `Upstream` of a running gateway.

The edge of this room: it looks credentials up, sends what an adapter encoded, repeats what
failed in passing, and keeps deadlines. What an answer means is decided in the adapters and in
`failures`. Redirects, proxies of the environment and cookies are never used: which host a
request goes to is the project's choice alone.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec

from roadworthy.core import Clock, SystemClock
from roadworthy.core.errors import (
    LocalModelMissing,
    UpstreamError,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from roadworthy.core.http_names import VIA_HEADER
from roadworthy.core.version import installed_version
from roadworthy.models.backoff import backoff_s
from roadworthy.models.connection import (
    TRANSPORT_ERRORS,
    Connections,
    Target,
    read_whole,
    transport_error,
)
from roadworthy.models.credentials import Credentials
from roadworthy.models.embedded.process import LocalModelSource
from roadworthy.models.live_stream import LiveStream
from roadworthy.models.providers import PROVIDERS, Wire
from roadworthy.models.upstream import Ask, Delta, Model, Reply, StreamDecoder, WireRequest

__all__ = ["HttpUpstream"]

EMBEDDED_RETRIES = 1
"""If the embedded model dies again right after a fresh start, the request is what kills it."""
USER_AGENT = f"roadworthy/{installed_version()}"

T = TypeVar("T")


class HttpUpstream:
    """Asks providers, and the embedded model if `local` is given.

    Make it anywhere; use and close it inside one running event loop. Who made `local` closes it.
    """

    def __init__(
        self,
        *,
        local: LocalModelSource | None = None,
        environ: Mapping[str, str] = os.environ,
        clock: Clock | None = None,
        jitter: Callable[[], float] = random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        via: str | None = None,
    ) -> None:
        """``via`` names this installation to whoever is asked, see `VIA_HEADER`."""
        self._always = {"Content-Type": "application/json", "User-Agent": USER_AGENT}
        if via is not None:
            self._always[VIA_HEADER] = via
        self._local = local
        self._clock = clock or SystemClock()
        self._credentials = Credentials(environ)
        self._connections = Connections(self._clock)
        self._jitter = jitter
        self._sleep = sleep

    async def send(self, model: Model, ask: Ask) -> Reply:
        """The whole answer; see `Upstream.send`."""
        wire = _wire(model)
        choice = ask.choice
        request = wire.encode(model, ask, stream=False) if choice is None else None

        async def once(deadline: float, retries: int) -> Reply:
            async with asyncio.timeout_at(deadline):
                if request is not None:
                    reply = wire.decode(await self._post(model, request), ask.structured)
                elif choice is not None:
                    reply = await self._converse(model, wire.weigh(model, ask, choice))
            return msgspec.structs.replace(reply, retries=retries) if retries else reply

        return await self._persist(model, ask, once)

    @asynccontextmanager
    async def stream(self, model: Model, ask: Ask) -> AsyncIterator[AsyncIterator[list[Delta]]]:
        """The answer piece by piece; see `Upstream.stream`."""
        wire = _wire(model)
        request = wire.encode(model, ask, stream=True)

        async def once(deadline: float, retries: int) -> LiveStream:
            async with asyncio.timeout_at(deadline):
                decoder = wire.decoder(ask.structured)
                return await self._open(model, request, decoder, deadline=deadline, retries=retries)

        live = await self._persist(model, ask, once)
        try:
            yield live
        finally:
            live.close()

    async def close(self) -> None:
        await self._connections.close()

    async def _post(self, model: Model, request: WireRequest) -> bytes:
        target = await self._target(model, request)
        response = await self._connections.post(target, request.body)
        try:
            return await read_whole(response)
        finally:
            response.close()

    async def _converse(
        self, model: Model, exchange: Generator[WireRequest, bytes, Reply]
    ) -> Reply:
        """What comes of an adapter's requests, each sent once the last one is answered."""
        try:
            request = next(exchange)
            while True:
                request = exchange.send(await self._post(model, request))
        except StopIteration as end:
            reply: Reply = end.value
            return reply

    async def _open(
        self,
        model: Model,
        request: WireRequest,
        decoder: StreamDecoder,
        *,
        deadline: float,
        retries: int,
    ) -> LiveStream:
        wire = _wire(model)
        target = await self._target(model, request)
        response = await self._connections.post(target, request.body)
        live = LiveStream(response, decoder, deadline=deadline, provider=target.provider)
        try:
            if response.content_type == "application/json":
                wire.decode(await read_whole(response))  # most often an error inside a 200
                raise UpstreamError(f"{target.provider} answered whole where a stream was asked.")
            await live.begin(retries=retries)
        except BaseException:  # cancelled, too: the connection must not outlive the wish
            live.close()
            raise
        return live

    async def _persist(
        self, model: Model, ask: Ask, once: Callable[[float, int], Awaitable[T]]
    ) -> T:
        """What `once` gives, called again after failures in passing."""
        most = model.max_retries
        if model.provider == "embedded":
            most = min(most, EMBEDDED_RETRIES)
        retries = 0
        while True:
            try:
                return await once(self._deadline(model, ask), retries)
            except TRANSPORT_ERRORS as error:
                failure = transport_error(error, _label(model))
                failure.__cause__ = error
            except UpstreamError as error:
                failure = error
            failure.retries = retries
            wait_s = failure.retry_after_s
            if wait_s is None:
                wait_s = backoff_s(retries, jitter=self._jitter())
            if not failure.transient or retries >= most or wait_s >= self._left_s(model, ask):
                raise failure
            await self._sleep(wait_s)
            retries += 1

    def _left_s(self, model: Model, ask: Ask) -> float:
        """Seconds until the caller's deadline; the model's own where the caller has none."""
        if ask.deadline_us is None:
            return model.timeout_s
        return (ask.deadline_us - self._clock.elapsed_us()) / 1e6

    def _deadline(self, model: Model, ask: Ask) -> float:
        """When an attempt that begins now must end, on the event loop's clock."""
        left_s = min(model.timeout_s, self._left_s(model, ask))
        if left_s <= 0:
            raise UpstreamTimeout("The call's deadline passed before the model could be asked.")
        return asyncio.get_running_loop().time() + left_s

    async def _target(self, model: Model, request: WireRequest) -> Target:
        headers = {**self._always, **model.headers, **request.headers}
        base_url, key = model.base_url, ""
        if model.provider == "embedded":
            base_url = await self._local_address()
            # Its server gives each open connection a thread, idle ones included.
            headers["Connection"] = "close"
        if model.api_key is not None:
            key = self._credentials.look_up(model.api_key, provider=model.provider)
            headers["Authorization"] = f"Bearer {key}"
        return Target(
            url=base_url + request.path, headers=headers, provider=_label(model), secret=key
        )

    async def _local_address(self) -> str:
        if self._local is None:
            raise LocalModelMissing(
                "This process has no embedded model. Hand HttpUpstream a LocalModel, or bind the"
                " model to a provider in models.toml."
            )
        return await self._local.address()


def _wire(model: Model) -> Wire:
    known = PROVIDERS.get(model.provider)
    if known is None:
        raise UpstreamUnavailable(
            f"Provider {model.provider!r} of model {model.name!r} is not known to this gateway."
            " It was bound by another version; upgrade the gateway."
        )
    return known.wire


def _label(model: Model) -> str:
    return "The embedded model" if model.provider == "embedded" else model.provider
