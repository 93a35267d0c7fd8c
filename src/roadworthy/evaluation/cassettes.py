"""Cassettes: what models said in one run, as lines of JSON, from which a later run is answered.

A line holds a question as it was sent (messages, parameters, the structure that was asked for)
and the reply. No address, key or header of a provider is in it. Recorded and replayed below the
path of a call, so that parsing, repair, constraints and re-asks run for real in a replay.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from roadworthy.core import Message, StopReason, Usage
from roadworthy.core.errors import (
    ExchangeMissing,
    InvalidInput,
    RoadworthyError,
    error_named,
)
from roadworthy.models import Ask, Delta, Model, Reply, Share, Structured, Upstream
from roadworthy.tasks import content_digest

__all__ = ["Exchange", "Recording", "Replay", "read_cassette"]

_FORMAT: Final = 1


class _Head(msgspec.Struct, kw_only=True):
    """The first line."""

    cassette: int


class _Said(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A reply without what only its provider needs."""

    text: str = ""
    stop_reason: StopReason = "unknown"
    usage: Usage = Usage()
    upstream_model: str = ""
    refusal: str | None = None
    tool_calls: list[dict[str, Any]] = []
    shares: tuple[Share, ...] = ()


class _Failed(msgspec.Struct, frozen=True, kw_only=True):
    """An error that came in place of a reply."""

    code: str
    message: str


class Exchange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One question and what came back."""

    provider: str
    model: str
    """The provider's own name of it."""
    question: str
    """Digest of everything below that was sent; what a replay looks for."""
    nth: int = 0
    """Among equal questions, in the order in which they were asked."""
    messages: list[Message]
    parameters: dict[str, Any] = {}
    mode: str = "none"
    """How structure was asked for."""
    schema: str | None = None
    """Digest of the structure."""
    latency_ms: float = 0
    reply: _Said | None = None
    error: _Failed | None = None
    """In place of the reply."""


class Recording:
    """An upstream that asks another one and remembers what was said.

    `write` puts the exchanges into a file, in the order in which they were asked, so that two
    recordings of the same cases differ in what was said alone.
    """

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._asked: Counter[str] = Counter()
        self._exchanges: list[Exchange | None] = []

    def over(self, upstream: Upstream) -> Recording:
        """The same recording, going on with another upstream."""
        self._upstream = upstream
        return self

    async def send(self, model: Model, ask: Ask) -> Reply:
        question = _question(model, ask)
        place = len(self._exchanges)
        self._exchanges.append(None)
        nth, self._asked[question] = self._asked[question], self._asked[question] + 1
        clock = asyncio.get_running_loop().time
        started = clock()
        said: _Said | None = None
        failed: _Failed | None = None
        try:
            reply = await self._upstream.send(model, ask)
            said = _said(reply)
        except RoadworthyError as error:
            failed = _Failed(code=error.code, message=error.message)
            raise
        finally:
            if said is not None or failed is not None:  # else it was given up
                self._exchanges[place] = Exchange(
                    provider=model.provider,
                    model=model.upstream,
                    question=question,
                    nth=nth,
                    messages=ask.messages,
                    parameters=ask.parameters,
                    mode="none" if ask.structured is None else ask.structured.mode,
                    schema=_schema(ask.structured),
                    latency_ms=round((clock() - started) * 1000, 1),
                    reply=said,
                    error=failed,
                )
        return reply

    @asynccontextmanager
    async def stream(self, model: Model, ask: Ask) -> AsyncIterator[AsyncIterator[list[Delta]]]:
        """The whole answer in one piece."""
        yield _whole(await self.send(model, ask))

    async def close(self) -> None:
        await self._upstream.close()

    def write(self, path: Path) -> int:
        """Replace the file by what was recorded; the number of exchanges."""
        said = [exchange for exchange in self._exchanges if exchange is not None]
        lines: list[Any] = [_Head(cassette=_FORMAT), *said]
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(path.name + ".new")
        fresh.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
        fresh.replace(path)
        return len(said)


class Replay:
    """An upstream that answers from a cassette: the first of equal questions as the first was
    answered, the second as the second."""

    def __init__(self, exchanges: Iterable[Exchange], *, name: str = "the cassette") -> None:
        self._name = name
        self._known = {(exchange.question, exchange.nth): exchange for exchange in exchanges}
        self._asked: Counter[str] = Counter()

    async def send(self, model: Model, ask: Ask) -> Reply:
        """
        Raises:
            ExchangeMissing: nobody asked this when the cassette was recorded.
            RoadworthyError: the error that was recorded in place of an answer.
        """
        question = _question(model, ask)
        nth, self._asked[question] = self._asked[question], self._asked[question] + 1
        exchange = self._known.get((question, nth))
        if exchange is None:
            raise ExchangeMissing(self._missing(model, question, nth))
        if exchange.error is not None:
            raise error_named(exchange.error.code, exchange.error.message)
        said = exchange.reply or _Said()
        return Reply(
            message={"role": "assistant", "content": said.text},
            **{field: getattr(said, field) for field in said.__struct_fields__},
        )

    @asynccontextmanager
    async def stream(self, model: Model, ask: Ask) -> AsyncIterator[AsyncIterator[list[Delta]]]:
        """The whole answer in one piece."""
        yield _whole(await self.send(model, ask))

    async def close(self) -> None:
        """Nothing to close."""

    def _missing(self, model: Model, question: str, nth: int) -> str:
        remedy = f"Record it anew with --record {self._name}"
        if nth:
            return (
                f"{self._name} holds {nth} answers to this question, and it is asked once more."
                f" {remedy} and as many runs"
            )
        if not any(exchange.model == model.upstream for exchange in self._known.values()):
            return f"{self._name} holds no answer of the model {model.upstream!r}. {remedy}"
        return (
            f"{self._name} holds no answer to this question ({question[:10]}): the prompt, a"
            f" parameter, the output schema or the case has changed since. {remedy}"
        )


def read_cassette(path: Path) -> list[Exchange]:
    """What a cassette holds, in the order in which it was asked.

    Raises:
        InvalidInput: there is no such file, or it is something else.
    """
    try:
        lines = [line for line in path.read_bytes().splitlines() if line.strip()]
    except OSError as error:
        raise InvalidInput(
            f"cannot read the cassette {path}: {error.strerror}."
            f" Write it with `roadworthy test --record {path}`"
        ) from error
    number = 1
    try:
        head = msgspec.json.decode(lines[0] if lines else b"", type=_Head)
        if head.cassette != _FORMAT:
            raise InvalidInput(
                f"{path} is a cassette of format {head.cassette}, and this release reads format"
                f" {_FORMAT}; record it anew"
            )
        exchanges = []
        for number, line in enumerate(lines[1:], start=2):  # noqa: B007 - named in the error
            exchanges.append(msgspec.json.decode(line, type=Exchange))
    except msgspec.MsgspecError as error:
        raise InvalidInput(
            f"{path}:{number}: not a line of a cassette ({error}). Record it anew with --record"
        ) from error
    return exchanges


def _question(model: Model, ask: Ask) -> str:
    """Where the model is reached and what it is called here is no part of it, so that a cassette
    serves every environment that binds the same model."""
    structured, choice = ask.structured, ask.choice
    likelihoods = {} if choice is None else {"choice": choice}
    return content_digest(
        {
            **likelihoods,
            "provider": model.provider,
            "model": model.upstream,
            "messages": ask.messages,
            "parameters": ask.parameters,
            "mode": None if structured is None else structured.mode,
            "schema": _schema(structured),
        }
    )


def _schema(structured: Structured | None) -> str | None:
    return None if structured is None else content_digest(structured.schema)


def _said(reply: Reply) -> _Said:
    return _Said(**{field: getattr(reply, field) for field in _Said.__struct_fields__})


async def _whole(reply: Reply) -> AsyncIterator[list[Delta]]:
    yield [Delta(text=reply.text, upstream_model=reply.upstream_model)]
    yield [Delta(stop_reason=reply.stop_reason), Delta(usage=reply.usage)]
