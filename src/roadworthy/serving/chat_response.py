"""A finished or flowing call in OpenAI's chat completion shape. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from roadworthy.core import Call, Usage
from roadworthy.core.errors import RoadworthyError
from roadworthy.models import Delta, Reply
from roadworthy.pipeline import Finished
from roadworthy.serving.errors import error_body

__all__ = [
    "DONE",
    "ChatEvents",
    "chat_body",
    "chunk_event",
    "error_event",
    "usage_body",
    "usage_event",
]

DONE = b"data: [DONE]\n\n"


def chat_body(finished: Finished) -> dict[str, Any]:
    """A ``chat.completion``. Fields of the provider's own answer that are not ours stay.

    A refusal or a truncation keeps OpenAI's shape: the caller reads ``refusal`` and
    ``finish_reason``. Where there is a schema, further choices, which nothing has held to it, are
    left out, and what a model says while it refuses is no content.
    """
    call, reply = finished.call, finished.reply
    body: dict[str, Any] = dict(reply.body) if reply else {}
    choices = body.get("choices") or [{}]
    checked = call.schema_digest is not None
    if checked:
        choices = [next((c for c in choices if isinstance(c, dict) and not c.get("index")), {})]
    choice = {"index": 0, **choices[0]}
    message = {"role": "assistant", **(choice.get("message") or {})}
    if checked and _refuses(reply):
        message |= {"content": None, "refusal": (reply and reply.refusal) or finished.text or ""}
    elif checked and finished.text:
        message["content"] = finished.text
    message.setdefault("content", finished.text or None)
    message.setdefault("refusal", reply.refusal if reply else None)
    choice["message"] = message
    choice["finish_reason"] = _finish_reason(reply.stop_reason if reply else "stop")
    body["choices"] = [choice, *choices[1:]]
    body.setdefault("object", "chat.completion")
    body.setdefault("created", call.started_us // 1_000_000)
    body["id"] = f"chatcmpl-{call.id}"
    body["model"] = _model_name(call, body.get("model"))
    body["usage"] = usage_body(call.usage) | _details(body.get("usage"), call)
    return body


def chunk_event(call: Call, delta: Delta, *, first: bool) -> bytes:
    """One ``chat.completion.chunk`` as a server-sent event."""
    chunk: dict[str, Any] = dict(delta.chunk) if delta.chunk else {"choices": [_choice(delta)]}
    chunk["id"] = f"chatcmpl-{call.id}"
    chunk.setdefault("object", "chat.completion.chunk")
    chunk.setdefault("created", call.started_us // 1_000_000)
    chunk["model"] = _model_name(call, chunk.get("model"))
    if first and chunk.get("choices"):
        head = chunk["choices"][0]
        chunk["choices"] = [
            {**head, "delta": {"role": "assistant", **(head.get("delta") or {})}},
            *chunk["choices"][1:],
        ]
    chunk.pop("usage", None)  # sent once, last, and only to callers who asked for it
    return _event(chunk)


def usage_event(call: Call) -> bytes:
    """The last chunk for callers who set ``stream_options.include_usage``: no choices."""
    return _event(
        {
            "id": f"chatcmpl-{call.id}",
            "object": "chat.completion.chunk",
            "created": call.started_us // 1_000_000,
            "model": _model_name(call, None),
            "choices": [],
            "usage": usage_body(call.usage),
        }
    )


def error_event(error: RoadworthyError) -> bytes:
    """An error inside a stream; clients raise on it, where a mere end would look like success."""
    return _event(error_body(error))


class ChatEvents:
    """A call's events in OpenAI's form."""

    def __init__(self, call: Call, *, with_usage: bool) -> None:
        self._call = call
        self._with_usage = with_usage
        self._first = True

    def begin(self) -> bytes:
        return b""

    def deltas(self, batch: list[Delta]) -> bytes:
        shown = [delta for delta in batch if _is_shown(delta)]
        if not shown:
            return b""
        head = chunk_event(self._call, shown[0], first=self._first)
        self._first = False
        rest = [chunk_event(self._call, delta, first=False) for delta in shown[1:]]
        return b"".join((head, *rest))

    def end(self) -> bytes:
        return usage_event(self._call) + DONE if self._with_usage else DONE

    def error(self, error: RoadworthyError) -> bytes:
        return error_event(error) + DONE


def usage_body(usage: Usage) -> dict[str, Any]:
    """Tokens over all attempts of the call: what it cost. Unreported tokens are null."""
    known = (usage.input_tokens or 0) + (usage.output_tokens or 0)
    reported = usage.input_tokens is not None or usage.output_tokens is not None
    body: dict[str, Any] = {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": known if reported else None,
    }
    if usage.cached_input_tokens is not None:
        body["prompt_tokens_details"] = {"cached_tokens": usage.cached_input_tokens}
    if usage.reasoning_tokens is not None:
        body["completion_tokens_details"] = {"reasoning_tokens": usage.reasoning_tokens}
    return body


def _refuses(reply: Reply | None) -> bool:
    return reply is not None and (reply.refusal is not None or reply.stop_reason == "refusal")


def _details(given: Any, call: Call) -> dict[str, Any]:
    """The provider's own breakdown of tokens, where one attempt made the whole call."""
    if len(call.attempts) != 1 or not isinstance(given, dict):
        return {}
    return {key: value for key, value in given.items() if key.endswith("_details")}


def _is_shown(delta: Delta) -> bool:
    if delta.chunk is None:
        return bool(delta.text) or delta.stop_reason is not None
    return bool(delta.chunk.get("choices"))  # else the provider's own usage; ours follows


def _choice(delta: Delta) -> dict[str, Any]:
    return {
        "index": 0,
        "delta": {"content": delta.text} if delta.text else {},
        "finish_reason": None if delta.stop_reason is None else _finish_reason(delta.stop_reason),
    }


def _finish_reason(stop_reason: str) -> str:
    return stop_reason if stop_reason in ("length", "tool_calls", "content_filter") else "stop"


def _model_name(call: Call, given: Any) -> str:
    if isinstance(given, str) and given:
        return given
    if call.attempts:
        return call.attempts[-1].upstream_model
    return call.model or f"task:{call.task}"  # steps or rules answered


def _event(value: object) -> bytes:
    return b"data: " + msgspec.json.encode(value) + b"\n\n"
