"""The chat-completions format on its way back: answers and streams, as most servers speak it.

Shared by the adapters of OpenAI-compatible providers and of llama.cpp. Pure, and lenient only
where real servers differ: a field of an unexpected type is *not reported*, never an exception.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from roadworthy.core import StopReason, Usage
from roadworthy.core.errors import UpstreamError
from roadworthy.models.failures import error_detail, upstream_error
from roadworthy.models.sse import Event, EventSplitter
from roadworthy.models.upstream import Delta, Reply

__all__ = ["ChatStreamDecoder", "decode_reply", "usage_of"]

STOP_REASONS: Final[dict[str, StopReason]] = {
    "stop": "stop",
    "eos": "stop",  # Together
    "length": "length",
    "model_length": "length",  # Mistral: the context is full
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}
_decode = msgspec.json.Decoder().decode


def decode_reply(body: bytes) -> Reply:
    """The answer in a 200's body.

    Raises:
        UpstreamError: the body is not JSON, reports an error, or holds no answer.
    """
    payload = _object(body)
    if payload.get("error"):
        raise upstream_error(error_detail(payload))
    choice = _first_choice(payload)
    message = None if choice is None else choice.get("message")
    if choice is None or not isinstance(message, dict):
        raise UpstreamError("The provider answered without an answer: `choices` is empty.")
    refusal = message.get("refusal")
    refusal = refusal if isinstance(refusal, str) and refusal else None
    calls = message.get("tool_calls")
    return Reply(
        text=_text_of(message.get("content")),
        stop_reason=_stop_reason(choice, refused=refusal is not None) or "unknown",
        usage=usage_of(payload.get("usage")) or Usage(),
        upstream_model=_string(payload.get("model")),
        refusal=refusal,
        tool_calls=calls if isinstance(calls, list) else [],
        message=message,
        body=payload,
    )


def usage_of(reported: Any) -> Usage | None:
    """Token counts as the provider reported them; None where it reported none at all."""
    if not isinstance(reported, dict):
        return None
    cached = _nested(reported, "prompt_tokens_details", "cached_tokens")
    return Usage(
        input_tokens=_count(reported.get("prompt_tokens")),
        output_tokens=_count(reported.get("completion_tokens")),
        cached_input_tokens=_count(reported.get("prompt_cache_hit_tokens"))  # DeepSeek
        if cached is None
        else cached,
        reasoning_tokens=_nested(reported, "completion_tokens_details", "reasoning_tokens"),
    )


class ChatStreamDecoder:
    """Turns a stream's bytes into deltas."""

    __slots__ = ("_ended", "_events", "_failure", "_refused", "_stopped")

    def __init__(self) -> None:
        self._events = EventSplitter()
        self._failure: UpstreamError | None = None
        self._ended = False
        self._stopped = False
        self._refused = False

    @property
    def finished(self) -> bool:
        """Whether ``[DONE]`` came, or a finish reason: some servers leave the former out."""
        return self._ended or self._stopped

    @property
    def ended(self) -> bool:
        """Whether ``[DONE]`` came, after which there is nothing worth waiting for."""
        return self._ended

    def feed(self, data: bytes) -> list[Delta]:
        """The deltas completed by these bytes.

        Raises:
            UpstreamError: the provider reported an error, or an event that is not JSON. What came
                before it in the same bytes is given first, and the error raised by the next call.
        """
        if self._failure is not None:
            raise self._failure
        deltas: list[Delta] = []
        for event in self._events.feed(data):
            if self._ended:
                break
            if event.data.startswith(b"[DONE]"):
                self._ended = True
                break
            try:
                deltas.append(self._decode(event))
            except UpstreamError as error:
                if not deltas:
                    raise
                self._failure = error
                break
        return deltas

    def _decode(self, event: Event) -> Delta:
        chunk = _object(event.data)
        if chunk.get("error") or event.name == b"error":
            raise upstream_error(error_detail(chunk))
        return self._delta(chunk)

    def _delta(self, chunk: dict[str, Any]) -> Delta:
        choice = _first_choice(chunk)
        text, reason = "", None
        if choice is not None:
            piece = choice.get("delta")
            if isinstance(piece, dict):
                content = piece.get("content")
                text = content if isinstance(content, str) else _text_of(content)
                if piece.get("refusal"):
                    self._refused = True
            reason = _stop_reason(choice, refused=self._refused)
            if reason is not None:
                self._stopped = True
        return Delta(
            text=text,
            stop_reason=reason,
            usage=usage_of(chunk.get("usage")),
            upstream_model=_string(chunk.get("model")),
            chunk=chunk,
        )


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = _decode(data)
    except (ValueError, RecursionError) as error:  # bytes that are no UTF-8, too
        raise UpstreamError("The provider answered with something that is not JSON.") from error
    if not isinstance(value, dict):
        raise UpstreamError("The provider answered with JSON that is not an object.")
    return value


def _first_choice(payload: dict[str, Any]) -> dict[str, Any] | None:
    """The choice with index 0; None where there is no such choice."""
    choices = payload.get("choices")
    if not isinstance(choices, list):
        return None
    for choice in choices:
        if isinstance(choice, dict) and not choice.get("index"):
            return choice
    return None


def _stop_reason(choice: dict[str, Any], *, refused: bool) -> StopReason | None:
    reported = choice.get("finish_reason")
    if not isinstance(reported, str) or not reported:
        return None
    if reported == "error":  # OpenRouter: the provider behind it failed midway
        raise upstream_error(error_detail(choice))
    reason = STOP_REASONS.get(reported, "unknown")
    return "refusal" if refused and reason == "stop" else reason


def _text_of(content: Any) -> str:
    """The text of a message; Mistral's reasoning models send a list of typed parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = (part.get("text") for part in content if isinstance(part, dict))
    return "".join(part for part in parts if isinstance(part, str))


def _nested(reported: dict[str, Any], group: str, name: str) -> int | None:
    details = reported.get(group)
    return _count(details.get(name)) if isinstance(details, dict) else None


def _count(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""
