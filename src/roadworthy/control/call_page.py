"""What the page of one call says: its texts, made safe to look at and bounded in size. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from roadworthy.control.drawing.formats import clip, pretty_json, visible
from roadworthy.control.drawing.waterfall import WaterfallRow, waterfall
from roadworthy.control.outcomes import OutcomeStyle, style_of
from roadworthy.core import Attempt, Call, Message
from roadworthy.storage.views import StoredCall

__all__ = ["AttemptView", "CallView", "MessageView", "Text", "call_view", "message_view"]


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded text as a page shows it."""

    shown: str
    hidden: int = 0
    """How many characters at its end are left out; the API has them."""


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """One message of the conversation that was sent."""

    role: str
    text: Text | None
    rest: Text | None
    """Everything beside role and text (images, tool calls), as JSON."""


class AttemptView(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt with its raw text."""

    number: int
    attempt: Attempt
    text: Text | None


class CallView(msgspec.Struct, frozen=True, kw_only=True):
    """One call, ready to be shown."""

    call: Call
    style: OutcomeStyle
    texts_kept: bool
    rows: list[WaterfallRow]
    attempts: list[AttemptView]
    messages: list[MessageView]
    input: Text | None
    value: Text | None
    total_attempts_us: int


def call_view(stored: StoredCall) -> CallView:
    call = stored.call
    return CallView(
        call=call,
        style=style_of(call.outcome),
        texts_kept=stored.texts_kept,
        rows=waterfall(call),
        attempts=[
            AttemptView(number=number, attempt=attempt, text=_text(attempt.text))
            for number, attempt in enumerate(call.attempts, start=1)
        ],
        messages=[message_view(message) for message in call.messages],
        input=_json(call.input) if call.input is not None else None,
        value=_value(call.value),
        total_attempts_us=sum(attempt.duration_us for attempt in call.attempts),
    )


def _text(text: str | None) -> Text | None:
    if text is None:
        return None
    shown, hidden = clip(text)
    return Text(shown=visible(shown), hidden=hidden)


def _json(value: Any) -> Text:
    shown, hidden = clip(pretty_json(value))
    return Text(shown=visible(shown), hidden=hidden)


def _value(value: Any) -> Text | None:
    if value is None:
        return None
    return _text(value) if isinstance(value, str) else _json(value)


def message_view(message: Message) -> MessageView:
    """One message, its text apart from the rest, both bounded and safe to look at."""
    content = message.get("content")
    rest = {key: value for key, value in message.items() if key not in ("role", "content")}
    text: str | None = None
    if isinstance(content, str):
        text = content
    elif isinstance(content, list):
        told = [part for part in content if _is_text(part)]
        text = "\n".join(str(part["text"]) for part in told) if told else None
        if others := [part for part in content if not _is_text(part)]:
            rest["content"] = others
    elif content is not None:
        rest["content"] = content
    return MessageView(
        role=visible(str(message.get("role", "no role"))[:40]),
        text=_text(text),
        rest=_json(rest) if rest else None,
    )


def _is_text(part: object) -> bool:
    return isinstance(part, dict) and part.get("type") == "text" and "text" in part
