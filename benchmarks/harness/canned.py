"""The one answer that every gateway under measurement fetches and returns.

The text conforms to the benchmark's task schema, whole and streamed, so that a gateway that
validates has nothing to repair. Imported by the upstream, by the load and by the targets; needs
the standard library only, because peers' environments run parts of it too.
"""

from __future__ import annotations

import json
from typing import Any

__all__ = [
    "COMMENT",
    "INPUT_SCHEMA",
    "MODEL",
    "OUTPUT_SCHEMA",
    "PACED_MODEL",
    "PIECES",
    "PROMPT",
    "TEXT",
    "WORD",
    "WORDS",
    "answer",
    "chat_request",
    "events",
]

MODEL = "canned"
PACED_MODEL = "canned-paced"
"""The same stream with a pause before every event, as a model would send it."""

COMMENT = "Delivery took three weeks, but the box was lovely and the tea is the best I have had."
PROMPT = "Classify this customer comment."

INPUT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"comment": {"type": "string"}},
    "required": ["comment"],
    "additionalProperties": False,
}
OUTPUT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "sentiment": {"type": "string", "enum": ["positive", "neutral", "negative"]},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "themes": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
    },
    "required": ["sentiment", "confidence", "themes"],
    "additionalProperties": False,
}

WORD = b"pluck"
"""In no field name of the wire format, so that counting it counts pieces of the text."""
WORDS = 97
PIECES = (
    '{"sentiment":"positive",',
    '"confidence":0.93,"themes":["',
    *(f"pluck{number:03} " for number in range(WORDS)),
    '"]}',
)
"""The streamed text, one piece an event: 100 of them."""

TEXT = json.dumps(
    {
        "sentiment": "positive",
        "confidence": 0.93,
        "themes": ["slow delivery, three weeks from order to door", "lovely packaging", "good tea"],
    }
)

_HEAD = {"id": "chatcmpl-canned0001", "created": 1_760_000_000, "model": MODEL}
_USAGE = {"prompt_tokens": 61, "completion_tokens": 38, "total_tokens": 99}


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def answer() -> bytes:
    """A chat completion of about 700 bytes."""
    message: dict[str, Any] = {
        "role": "assistant",
        "content": TEXT,
        "refusal": None,
        "annotations": [],
    }
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    details = {
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "accepted_prediction_tokens": 0},
    }
    return _compact(
        {
            **_HEAD,
            "object": "chat.completion",
            "choices": [choice],
            "usage": _USAGE | details,
            "service_tier": "default",
            "system_fingerprint": "fp_canned",
        }
    )


def events(*, usage: bool) -> list[bytes]:
    """A stream: 100 events with text, one with the finish reason, usage if asked for, [DONE]."""

    def chunk(choices: list[dict[str, Any]], **more: object) -> bytes:
        body = {**_HEAD, "object": "chat.completion.chunk", "choices": choices, **more}
        return b"data: " + _compact(body) + b"\n\n"

    def choice(delta: dict[str, Any], finish: str | None = None) -> list[dict[str, Any]]:
        return [{"index": 0, "delta": delta, "finish_reason": finish}]

    first = choice({"role": "assistant", "content": PIECES[0]})
    texts = [chunk(choice({"content": piece})) for piece in PIECES[1:]]
    tail = [chunk([], usage=_USAGE)] if usage else []
    return [chunk(first), *texts, chunk(choice({}, "stop")), *tail, b"data: [DONE]\n\n"]


def chat_request(model: str = MODEL, *, stream: bool = False) -> dict[str, Any]:
    """A chat completions request as a client would send it."""
    messages = [
        {"role": "system", "content": PROMPT},
        {"role": "user", "content": COMMENT},
    ]
    body: dict[str, Any] = {"model": model, "messages": messages}
    return body | {"stream": True} if stream else body
