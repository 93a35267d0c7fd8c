"""OpenAI's chat completions on the wire: requests for OpenAI and all who speak its format.

What the caller sent goes through verbatim, unknown fields included; nothing is added but what
is named here. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any, Final

import msgspec

from roadworthy.core import Mode
from roadworthy.core.errors import MalformedBody, UpstreamError
from roadworthy.models.answer_tool import AnswerToolDecoder, reply_of_tool, tool_request
from roadworthy.models.chat_completions import ChatStreamDecoder, decode_reply
from roadworthy.models.token_shares import TOP, shares_of, tokens_in
from roadworthy.models.upstream import (
    Ask,
    Choice,
    Model,
    Reply,
    StreamDecoder,
    Structured,
    WireRequest,
)

__all__ = ["WANTS_COMPLETION_TOKENS", "OpenAIWire", "encode_json", "set_stream"]

PATH = "/chat/completions"
# OpenAI's reasoning models reject `max_tokens`; older and foreign servers know nothing else.
# Source: OpenAI API reference, "max_completion_tokens", November 2026.
WANTS_COMPLETION_TOKENS = re.compile(r"(?:o\d|gpt-[5-9])")
# None of it bears on which value is the likeliest, and each may hide some of them.
_NOT_BESIDE_A_CHOICE: Final = (
    *("tools", "tool_choice", "parallel_tool_calls", "functions", "function_call"),
    *("max_tokens", "max_completion_tokens", "stop", "top_p", "n", "stream_options"),
    *("presence_penalty", "frequency_penalty", "logit_bias"),
)
_ROOM_TOKENS: Final = 32
"""For the white space and the line of prose that models put around what they were asked for."""
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

    def weigh(self, model: Model, ask: Ask, choice: Choice) -> Generator[WireRequest, bytes, Reply]:
        """One answer with its tokens' log-probabilities; see `Provider.weigh`.

        The ask's structure must leave no more to write than the choice's fields.
        """
        parameters = {k: v for k, v in ask.parameters.items() if k not in _NOT_BESIDE_A_CHOICE}
        parameters |= {"temperature": 0, "logprobs": True, "top_logprobs": TOP}
        parameters["max_tokens"] = _room(choice)
        asked = msgspec.structs.replace(ask, parameters=parameters, choice=None)
        reply = self.decode((yield self.encode(model, asked, stream=False)), ask.structured)
        if reply.refusal is not None or reply.stop_reason == "content_filter":
            return reply
        choices = reply.body.get("choices")
        tokens = tokens_in(choices[0].get("logprobs")) if choices else []
        if not tokens:
            raise UpstreamError(
                f"{model.provider} gave no log-probabilities of {model.upstream}. Set"
                f" log_probabilities = false under [models.{model.name}] in models.toml, and leave"
                " `choose` out of tasks that ask it."
            )
        return msgspec.structs.replace(reply, shares=shares_of(tokens, choice))


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


def _room(choice: Choice) -> int:
    """Tokens that the longest answer may take: none is shorter than a byte."""
    fixed = len(encode_json(choice.fixed)) + len(choice.field.encode())
    return fixed + max(len(value.encode()) for value in choice.values) + _ROOM_TOKENS


def _rename_max_tokens(body: dict[str, Any]) -> None:
    limit = body.pop("max_tokens", None)
    if limit is not None:
        body.setdefault("max_completion_tokens", limit)
