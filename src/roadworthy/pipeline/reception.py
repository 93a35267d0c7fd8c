"""One attempt whose answer is received as a stream, and what the call's record holds of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

from roadworthy.core import Attempt, Message, StopReason, Usage, Violation
from roadworthy.core.errors import RoadworthyError
from roadworthy.models import Delta, Reply, Structured
from roadworthy.pipeline.generate import Generation

__all__ = ["MAX_RECORDED_CHARS", "Reception"]

MAX_RECORDED_CHARS = 4_000_000
"""What is kept of a streamed text for the record; the caller is sent all of it."""
_CHARS_PER_TOKEN = 4


class Reception:
    """The deltas of one upstream stream. Whoever opened it closes it."""

    def __init__(self, generation: Generation, attempt: Attempt) -> None:
        self._generation = generation
        self._attempt = attempt
        self._upstream: AbstractAsyncContextManager[AsyncIterator[list[Delta]]] | None = None
        self._ended = False
        self._pieces: list[str] = []
        self._chars = 0
        self._refusal: list[str] = []
        self._tools: dict[Any, dict[str, Any]] = {}
        self._stop_reason: StopReason = "unknown"
        self._usage: Usage | None = None
        self._upstream_model = ""

    async def open(self, messages: list[Message], structured: Structured | None) -> None:
        """Wait for the upstream's first event.

        Raises:
            RoadworthyError: the upstream failed before it; the attempt is recorded.
        """
        generation = self._generation
        generation.recorder.begin_attempt(self._attempt)
        upstream = generation.upstream.stream(
            generation.prepared.model, generation.ask(messages, structured)
        )
        try:
            self._deltas = await upstream.__aenter__()
        except RoadworthyError as error:
            self.fail(error)
            raise
        except BaseException:  # cancelled: the attempt still has a duration
            self.end("cancelled")
            raise
        self._upstream = upstream

    async def receive(self) -> list[Delta] | None:
        """What came next; None: the answer is whole, and the connection closed."""
        try:
            batch = await anext(self._deltas)
        except StopAsyncIteration:
            await self.close()
            return None
        for delta in batch:
            self._note(delta)
        return batch

    async def close(self) -> None:
        """Let go of the upstream; before its end, that is how it learns to stop."""
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            await upstream.__aexit__(None, None, None)

    def end(self, error: str | None = None, violations: tuple[Violation, ...] = ()) -> Reply:
        """What was received, once it stands in the record. ``error``: why it is not all."""
        reply = Reply(
            text="".join(self._pieces),
            stop_reason=self._stop_reason,
            usage=self._spent(error),
            upstream_model=self._upstream_model,
            retries=self._attempt.retries,
            refusal=self._refused(),
            tool_calls=list(self._tools.values()),
        )
        if not self._ended:
            self._ended = True
            model = self._generation.prepared.model
            self._generation.recorder.end_attempt(self._attempt, model, reply)
            self._attempt.error = error
            self._attempt.violations = violations
        return reply

    def fail(self, error: RoadworthyError) -> Reply:
        """As `end`, where the upstream failed."""
        if not self._pieces and not self._ended:
            self._ended = True
            self._generation.recorder.fail_attempt(self._attempt, error)
        return self.end(error.code)

    def _note(self, delta: Delta) -> None:
        if delta.text:
            if self._attempt.first_token_us is None:
                self._attempt.first_token_us = self._generation.recorder.offset_us()
            if self._chars < MAX_RECORDED_CHARS:
                self._pieces.append(delta.text)
                self._chars += len(delta.text)
        if delta.usage is not None:
            self._usage = delta.usage
        if delta.upstream_model:
            self._upstream_model = delta.upstream_model
        if delta.retries:
            self._attempt.retries = delta.retries
        if delta.stop_reason is not None:
            self._stop_reason = delta.stop_reason
        if delta.chunk is not None and not delta.text:
            self._note_message(delta.chunk)

    def _note_message(self, chunk: dict[str, Any]) -> None:
        """What a chunk says that is no text: a refusal, calls of tools."""
        for choice in chunk.get("choices") or ():
            piece = choice.get("delta") if isinstance(choice, dict) else None
            if not isinstance(piece, dict) or choice.get("index"):
                continue
            if isinstance(piece.get("refusal"), str):
                self._refusal.append(piece["refusal"])
            calls = piece.get("tool_calls")
            for call in calls if isinstance(calls, list) else ():
                if isinstance(call, dict):
                    _add_call(self._tools.setdefault(str(call.get("index", 0)), {}), call)

    def _refused(self) -> str | None:
        said = "".join(self._refusal)
        return said or ("" if self._stop_reason == "refusal" else None)

    def _spent(self, error: str | None) -> Usage:
        """What it cost, as reported; of an answer that was given up, as estimated."""
        if self._usage is not None:
            return self._usage
        if error not in ("looped", "aborted_nonconforming"):
            return Usage()
        # Most servers send each token as an event of its own, others several together.
        tokens = max(1, len(self._pieces), self._chars // _CHARS_PER_TOKEN)
        return Usage(output_tokens=tokens, estimated=True)


def _add_call(whole: dict[str, Any], piece: dict[str, Any]) -> None:
    """Put the next piece of a call of a tool to those before it."""
    for name, value in piece.items():
        if name == "function" and isinstance(value, dict):
            function = whole.setdefault("function", {})
            for part, text in value.items():
                known = function.get(part)
                joins = part == "arguments" and isinstance(known, str) and isinstance(text, str)
                function[part] = known + text if joins else text
        elif name != "index" and value is not None:
            whole[name] = value
