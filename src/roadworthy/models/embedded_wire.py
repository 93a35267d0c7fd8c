"""llama.cpp's server on the wire, with output bound by an llguidance grammar.

The server's own ``response_format`` is never used: it ignores bounds on numbers, and answers
200 with free prose to schemas it cannot convert. The grammar is checked by whoever plans the
request; `roadworthy.models.embedded.worker` proves at start-up that it binds.

The server writes all messages into one text before it looks for the model's control tokens, so a
user's ``<|im_end|>`` would end the user's message and ``<|im_start|>system`` begin another (one
token each, measured at its ``/tokenize``). Such markers are therefore sent with an invisible
character in them: all they can be then is text. Pure.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from roadworthy.core import Mode
from roadworthy.models.chat_completions import ChatStreamDecoder, decode_reply
from roadworthy.models.embedded_choice import Exchange, TokenPaths, weigh_values
from roadworthy.models.openai_wire import encode_json, set_stream
from roadworthy.models.upstream import (
    Ask,
    Choice,
    Model,
    Reply,
    StreamDecoder,
    Structured,
    WireRequest,
)

__all__ = ["WORD_JOINER", "EmbeddedWire", "as_text", "grammar_of"]

PATH = "/v1/chat/completions"
MAX_TOKENS = 1024
"""Where the caller sets no limit. A small model that loops would run to the end of its context,
which takes a minute and answers nothing."""
WORD_JOINER: Final = "\u2060"
"""Has no width and no meaning, and forbids a line break where none was possible."""
# Source: SmolLM2-135M-Instruct, tokenizer.ggml.tokens of type 3 (control) in its GGUF file. Another
# file can be named in its place: the shape <|…|> is that of ChatML, Llama 3, Phi and Qwen, the
# turns are Gemma's, the rest is Llama 2's and Mistral's.
_MARKER: Final = re.compile(
    r"<(?=[|\uff5c][^<>|\uff5c\s]{1,60}[|\uff5c]>"
    r"|(?:repo_name|reponame|file_sep|filename|gh_stars|issue_(?:start|comment|closed)"
    r"|jupyter_(?:start|text|code|output|script)|empty_output"
    r"|start_of_turn|end_of_turn|bos|eos|/?s)>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\])"
)
LIMITS = ("max_tokens", "max_completion_tokens", "n_predict")


class EmbeddedWire:
    """The adapter of the embedded model."""

    name = "embedded"
    modes: frozenset[Mode] = frozenset({"grammar", "prompt"})
    """Structured modes that this format can express."""

    def __init__(self) -> None:
        self._token_paths: TokenPaths = {}

    def encode(self, model: Model, ask: Ask, *, stream: bool) -> WireRequest:
        """The request's bytes.

        Raises:
            ValueError: the structured mode cannot be expressed; it is never left out silently.
            MalformedBody: a message holds what JSON cannot.
        """
        body: dict[str, Any] = {"model": model.upstream, "messages": as_text(ask.messages)}
        body["cache_prompt"] = True
        body.update(ask.parameters)
        if all(body.get(limit) is None for limit in LIMITS):
            body["max_tokens"] = MAX_TOKENS
        if ask.structured is not None:
            body.update(_constraint(ask.structured))
        set_stream(body, ask, stream=stream)
        return WireRequest(path=PATH, body=encode_json(body))

    def decode(self, body: bytes, _: Structured | None = None) -> Reply:
        return decode_reply(body)

    def decoder(self, _: Structured | None = None) -> StreamDecoder:
        return ChatStreamDecoder()

    def weigh(self, _: Model, ask: Ask, choice: Choice) -> Exchange:
        """See `Provider.weigh`. The task's parameters guide sampling, and nothing is sampled."""
        return weigh_values(as_text(ask.messages), choice, known=self._token_paths)


def as_text(value: Any) -> Any:
    """The messages, or any JSON value, with `WORD_JOINER` behind the first sign of whatever the
    model's vocabulary may take for a marker of its own; everything else is left as it is."""
    if isinstance(value, str):
        return _MARKER.sub(r"\g<0>" + WORD_JOINER, value)
    if isinstance(value, dict):
        return {key: as_text(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_text(item) for item in value]
    return value


def grammar_of(schema: dict[str, Any]) -> str:
    """A grammar that lets exactly the compact JSON texts of this schema through.

    Without ``whitespace_flexible: false`` small models loop in white space to the token limit.
    """
    # Whoever planned the request may have had to let the compiler pass over a keyword.
    guidance = {"whitespace_flexible": False, **schema.get("x-guidance", {})}
    guided = {**schema, "x-guidance": guidance}
    return "%llguidance {}\nstart: %json " + msgspec.json.encode(guided).decode()


def _constraint(structured: Structured) -> dict[str, Any]:
    if structured.mode == "grammar":
        return {"grammar": grammar_of(structured.schema)}
    if structured.mode in ("prompt", "none"):
        return {}
    raise ValueError(f"the embedded model cannot express the structured mode {structured.mode!r}")
