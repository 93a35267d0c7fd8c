"""The upstream itself: an honest answer, spoilt in one of the named ways, read as in service."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from random import Random
from types import MappingProxyType
from typing import Any, Final

from roadworthy.core.errors import UpstreamUnavailable
from roadworthy.models import PROVIDERS, Ask, Delta, Model, Reply, StreamDecoder
from roadworthy.models.failures import error_detail, upstream_error
from roadworthy.testing.misbehaviour.contents import CONTENTS
from roadworthy.testing.misbehaviour.envelopes import ENVELOPES
from roadworthy.testing.misbehaviour.exchange import Exchange, Question, Way
from roadworthy.testing.misbehaviour.forms import FORMS

__all__ = ["WAYS", "MisbehavingUpstream"]

WAYS: Final[MappingProxyType[str, Way]] = MappingProxyType(
    {way.__name__: way for way in (*FORMS, *CONTENTS, *ENVELOPES)}
)
"""Every way of misbehaving by its name."""
HONEST: Final = "honest"


class MisbehavingUpstream:
    """Spoils honest answers, each in a way drawn at random from those named.

    >>> upstream = MisbehavingUpstream(lambda model, ask: {"sentiment": "positive"}, seed=7)

    ``answer`` gives the value that an honest model would answer. The same seed and the same calls
    in the same order give the same answers. ``met`` holds the names of the ways in the order of
    the attempts; ``honest`` among them: answered as it ought to be.
    """

    def __init__(
        self,
        answer: Callable[[Model, Ask], Any],
        *,
        seed: int = 0,
        ways: Sequence[str] = tuple(WAYS),
        honest_share: float = 0.0,
    ) -> None:
        """``honest_share`` of the attempts are answered as they ought to be; 0 … 1."""
        self._answer = answer
        self._rng = Random(seed)  # noqa: S311 - a script, not a secret
        self._ways = [(name, WAYS[name]) for name in ways]
        self._honest_share = honest_share
        self.met: list[str] = []

    async def send(self, model: Model, ask: Ask) -> Reply:
        wire = PROVIDERS[model.provider].wire
        wire.encode(model, ask, stream=False)  # what cannot be asked is an error here, too
        exchange = self._exchange(model, ask)
        _require_success(exchange)
        return wire.decode(exchange.whole())

    @asynccontextmanager
    async def stream(self, model: Model, ask: Ask) -> AsyncIterator[AsyncIterator[list[Delta]]]:
        """The answer's bytes as a stream's, cut anywhere."""
        wire = PROVIDERS[model.provider].wire
        wire.encode(model, ask, stream=True)
        exchange = self._exchange(model, ask)
        _require_success(exchange)
        deltas = self._received(exchange.events(self._rng), wire.decoder())
        first = await anext(deltas, None)  # as in service, an error before the first is raised here
        if first is None:
            raise _early_end()
        yield _with_first(first, deltas)

    async def close(self) -> None:
        """Nothing to close."""

    def _exchange(self, model: Model, ask: Ask) -> Exchange:
        schema = ask.structured.schema if ask.structured else None
        question = Question(rng=self._rng, value=self._answer(model, ask), schema=schema)
        if self._rng.random() < self._honest_share:
            self.met.append(HONEST)
            return Exchange(text=question.text)
        name, way = self._rng.choice(self._ways)
        self.met.append(name)
        return way(question)

    async def _received(self, data: bytes, decoder: StreamDecoder) -> AsyncIterator[list[Delta]]:
        while data and not decoder.ended:
            size = self._rng.choice((1, 10, 100, 1_000, 10_000))
            if batch := decoder.feed(data[:size]):
                yield batch
            data = data[size:]
        decoder.feed(b"")  # an error that came with the last deltas
        if not decoder.finished:
            raise _early_end()


async def _with_first(
    first: list[Delta], rest: AsyncIterator[list[Delta]]
) -> AsyncIterator[list[Delta]]:
    yield first
    async for batch in rest:
        yield batch


def _require_success(exchange: Exchange) -> None:
    if exchange.error is not None:
        raise exchange.error
    if exchange.status != 200:
        try:
            said = json.loads(exchange.body or b"")
        except ValueError:
            said = None
        raise upstream_error(error_detail(said), status=exchange.status)


def _early_end() -> UpstreamUnavailable:
    return UpstreamUnavailable("The stream ended early: it was closed without a finish reason.")
