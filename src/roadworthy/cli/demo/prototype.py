"""The *before* of the demo: what a capable engineer writes in an afternoon. Pure.

It asks for JSON in words, shows three answered comments, caps the answer and calls `json.loads`.
Of thirteen such prompts that were tried with SmolLM2-135M on the example's comments, it is the
one whose answers conform most often: 91 % of 143, with one answered comment 84 %, and without
any 31 % at best.
"""

from __future__ import annotations

import json
from typing import Any, Final

from roadworthy.core import Message

__all__ = ["PROTOTYPE_PARAMETERS", "prototype_messages", "read_prototype"]

PROTOTYPE_PARAMETERS: Final[dict[str, Any]] = {"max_tokens": 96, "temperature": 0.7}

_INSTRUCTIONS: Final = (
    "You classify customer comments. You answer with one line of JSON and nothing else."
    " sentiment is positive, neutral or negative. confidence is a number from 0 to 1."
    " themes has at most three short entries."
)
_ANSWERED: Final = (
    (
        "The parcel came a week late and the box was torn.",
        '{"sentiment": "negative", "confidence": 0.8, "themes": ["delivery", "packaging"]}',
    ),
    (
        "The pan is wonderful, nothing sticks and it is easy to clean.",
        '{"sentiment": "positive", "confidence": 0.9, "themes": ["quality", "cleaning"]}',
    ),
    (
        "Which sizes do the curtains come in?",
        '{"sentiment": "neutral", "confidence": 0.7, "themes": ["product question"]}',
    ),
)


def prototype_messages(comment: str) -> list[Message]:
    """The chat that the prototype sends for this comment."""
    messages: list[Message] = [{"role": "system", "content": _INSTRUCTIONS}]
    for asked, answered in _ANSWERED:
        messages.append({"role": "user", "content": _question(asked)})
        messages.append({"role": "assistant", "content": answered})
    return [*messages, {"role": "user", "content": _question(comment)}]


def read_prototype(text: str) -> Any:
    """What `json.loads` makes of the answer.

    Raises:
        ValueError: it is not JSON.
    """
    return json.loads(text)


def _question(comment: str) -> str:
    return f"Comment: {comment}\n\nAnswer with the JSON object only."
