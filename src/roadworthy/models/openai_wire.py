"""OpenAI's chat completions on the wire: requests for OpenAI and all who speak its format.

What the caller sent goes through verbatim, unknown fields included; nothing is added but what
is named here. Pure.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from roadworthy.core import Mode
from roadworthy.core.errors import MalformedBody
from roadworthy.models.answer_tool import AnswerToolDecoder, reply_of_tool, tool_request
from roadworthy.models.chat_completions import ChatStreamDecoder, decode_reply
from roadworthy.models.upstream import Ask, Model, Reply, StreamDecoder, Structured, WireRequest

__all__ = ["OpenAIWire", "encode_json"]

PATH = "/chat/completions"
# OpenAI's reasoning models reject `max_tokens`; older and foreign servers know nothing else.
# Source: OpenAI API reference, "max_completion_tokens", November 2026.
WANTS_COMPLETION_TOKENS = re.compile(r"(?:o\d|gpt-[5-9])")
_encoder = msgspec.json.Encoder()


class OpenAIWire:
    """The adapter of OpenAI-compatible providers."""

    name = "openai"
    modes: frozenset[Mode] = frozenset({"strict", "tool", "json", "prompt"})
    """Structured modes that this format can express."""

    def encode(self, model: Model, ask: Ask, *, stream: bool) -> WireRequest:
        """The request's bytes.

        Raises:
            ValueError: the structured mode cannot be expressed; it is never left out silently.
            MalformedBody: a message holds what JSON cannot.
        """
        body: dict[str, Any] = {"model": model.upstream, "messages": ask.messages}
        body.update(ask.parameters)
        if model.provider == "openai" and WANTS_COMPLETION_TOKENS.match(model.upstream):
            _rename_max_tokens(body)
        if ask.structured is not None:
            body.update(_constraint(ask.structured, body))
        set_stream(body, ask, stream=stream)
        return WireRequest(path=PATH, body=encode_json(body))

    def decode(self, body: bytes, structured: Structured | None = None) -> Reply:
        reply = decode_reply(body)
        if structured is not None and structured.mode == "tool":
            return reply_of_tool(reply, structured.name)
        return reply

    def decoder(self, structured: Structured | None = None) -> StreamDecoder:
        if structured is not None and structured.mode == "tool":
            return AnswerToolDecoder(ChatStreamDecoder(), structured.name)
        return ChatStreamDecoder()


def set_stream(body: dict[str, Any], ask: Ask, *, stream: bool) -> None:
    """Ask for a stream that reports its usage, or make sure that none is asked for."""
    if not stream:
        body.pop("stream_options", None)  # a 400 at OpenAI without `stream`
        return
    body["stream"] = True
    options = ask.parameters.get("stream_options")
    known = options if isinstance(options, dict) else {}
    body["stream_options"] = {**known, "include_usage": True}


def encode_json(body: dict[str, Any]) -> bytes:
    """Raises MalformedBody where the value has no JSON form."""
    try:
        return _encoder.encode(body)
    except (UnicodeEncodeError, RecursionError, TypeError) as error:
        raise MalformedBody(
            "The messages or parameters cannot be written as JSON (a lone surrogate, nesting too"
            " deep, or a value of a foreign type). Send plain JSON values."
        ) from error


def _constraint(structured: Structured, body: dict[str, Any]) -> dict[str, Any]:
    if structured.mode == "tool":
        if body.get("tools") or body.get("functions"):
            raise ValueError("the structured mode 'tool' leaves no room for the caller's own tools")
        return tool_request(structured)
    if structured.mode == "strict":
        schema = {"name": structured.name, "strict": True, "schema": structured.schema}
        return {"response_format": {"type": "json_schema", "json_schema": schema}}
    if structured.mode == "json":
        return {"response_format": {"type": "json_object"}}
    if structured.mode in ("prompt", "none"):
        return {}
    raise ValueError(f"chat completions cannot express the structured mode {structured.mode!r}")


def _rename_max_tokens(body: dict[str, Any]) -> None:
    limit = body.pop("max_tokens", None)
    if limit is not None:
        body.setdefault("max_completion_tokens", limit)
