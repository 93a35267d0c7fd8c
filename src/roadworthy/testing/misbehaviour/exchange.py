"""One request to a provider as seen from its other end: what was asked, which bytes go back.

Bytes, not replies: what a provider sends is read by the same adapter that reads it in service.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal, TypeAlias

from roadworthy.core.errors import UpstreamError

__all__ = ["Exchange", "Question", "StreamFault", "Way", "written"]

StreamFault: TypeAlias = Literal["", "stops", "repeats", "unfinished", "broken", "error"]
"""``stops``: midway, without a word. ``repeats``: a chunk comes twice. ``unfinished``: all text,
no finish reason. ``broken``: an event that is not JSON. ``error``: the provider reports one."""


def _usage() -> Any:
    return {"prompt_tokens": 100, "completion_tokens": 20}


@dataclass(slots=True, kw_only=True)
class Exchange:
    """What one request brings back."""

    text: Any = ""
    """The message's `content`."""
    finish_reason: Any = "stop"
    message: dict[str, Any] = field(default_factory=dict)
    """Further fields of the message."""
    usage: Any = field(default_factory=_usage)
    status: int = 200
    body: bytes | None = None
    """The response's body, where it is no completion."""
    error: UpstreamError | None = None
    """There is no response: the connection failed."""
    stream_fault: StreamFault = ""

    def whole(self) -> bytes:
        """The body of a response that was asked for whole."""
        if self.body is not None:
            return self.body
        message = {"role": "assistant", "content": self.text, **self.message}
        choice = {"index": 0, "message": message, "finish_reason": self.finish_reason}
        return _json({**_head("chat.completion"), "choices": [choice], "usage": self.usage})

    def events(self, rng: Random) -> bytes:
        """The body of a response that was asked for as a stream."""
        if self.body is not None:
            return self.body
        return b"".join(b"data: %s\n\n" % event for event in self._events(rng))

    def _events(self, rng: Random) -> Iterator[bytes]:
        yield _chunk({"role": "assistant", **self.message})
        pieces = _pieces(self.text, rng) if isinstance(self.text, str) else [self.text]
        fault_at = rng.randrange(len(pieces)) if pieces else 0
        for position, piece in enumerate(pieces):
            if position == fault_at and self.stream_fault == "stops":
                return
            if position == fault_at and self.stream_fault == "broken":
                yield b'{"choices": [{"delta'
            if position == fault_at and self.stream_fault == "error":
                yield _json({"error": {"message": "overloaded", "type": "overloaded_error"}})
            yield _chunk({"content": piece})
            if position == fault_at and self.stream_fault == "repeats":
                yield _chunk({"content": piece})
        if self.stream_fault != "unfinished":
            yield _chunk({}, self.finish_reason)
            yield _json({**_head("chat.completion.chunk"), "choices": [], "usage": self.usage})
            yield b"[DONE]"


@dataclass(slots=True, kw_only=True)
class Question:
    """What a way of misbehaving is given."""

    rng: Random
    value: Any
    """What an honest model would answer."""
    schema: Any = None
    """The schema that was asked for on the wire, if one was."""

    @property
    def text(self) -> str:
        """The honest answer as JSON."""
        return written(self.value)


Way: TypeAlias = Callable[[Question], Exchange]


def written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _head(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": "misbehaving-1"}


def _chunk(delta: dict[str, Any], finish_reason: Any = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return _json({**_head("chat.completion.chunk"), "choices": [choice]})


def _pieces(text: str, rng: Random) -> list[str]:
    pieces, start = [], 0
    while start < len(text):
        size = rng.choice((1, 3, 4, 7, 20, 200))
        pieces.append(text[start : start + size])
        start += size
    return pieces


def _json(value: Any) -> bytes:
    # In ASCII: a lone surrogate goes over the wire as its escape, as real servers send it.
    return json.dumps(value).encode()
