"""The *before* of the demo: what a capable engineer writes in an afternoon. Pure.

It asks for JSON in words, shows one answered comment, caps the answer and calls `json.loads`. Of
eleven prompts of this kind that were tried with SmolLM2-135M, it is the one whose answers conform
most often, by far: without the answered comment, the best kept to the form in 31 % of answers.
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
_ASKED: Final = "The parcel came a week late and the box was torn."
_ANSWERED: Final = (
    '{"sentiment": "negative", "confidence": 0.8, "themes": ["delivery", "packaging"]}'
)


def prototype_messages(comment: str) -> list[Message]:
    """The chat that the prototype sends for this comment."""
    return [
        {"role": "system", "content": _INSTRUCTIONS},
        {"role": "user", "content": _question(_ASKED)},
        {"role": "assistant", "content": _ANSWERED},
        {"role": "user", "content": _question(comment)},
    ]


def read_prototype(text: str) -> Any:
    """What `json.loads` makes of the answer.

    Raises:
        ValueError: it is not JSON.
    """
    return json.loads(text)


def _question(comment: str) -> str:
    return f"Comment: {comment}\n\nAnswer with the JSON object only."
