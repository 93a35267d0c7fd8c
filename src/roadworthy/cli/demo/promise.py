"""What the feature promises its callers, checked by hand-written code. Pure.

Both columns of the demo are judged by this and by nothing else: neither the gateway's validator
nor the task's schema is asked, so neither can flatter itself.
"""

from __future__ import annotations

from typing import Any, Final, TypeGuard

from roadworthy.cli.demo.comments import SENTIMENTS, Sentiment

__all__ = ["confidence_in_range", "keeps_promise", "sentiment_of"]

FIELDS: Final = frozenset({"sentiment", "confidence", "themes"})
MAX_THEMES: Final = 3
MAX_THEME_LENGTH: Final = 24


def keeps_promise(value: Any) -> bool:
    """Whether this is an object of exactly a sentiment, a confidence and at most three short
    themes."""
    return (
        isinstance(value, dict)
        and value.keys() == FIELDS
        and sentiment_of(value) is not None
        and confidence_in_range(value)
        and _short_themes(value["themes"])
    )


def sentiment_of(value: Any) -> Sentiment | None:
    """The sentiment, if one can be read, whatever is wrong with the rest of the value."""
    given = value.get("sentiment") if isinstance(value, dict) else None
    return next((sentiment for sentiment in SENTIMENTS if sentiment == given), None)


def confidence_in_range(value: Any) -> bool:
    """Whether there is a confidence that is a number from 0 to 1; true and false are none."""
    given = value.get("confidence") if isinstance(value, dict) else None
    return _is_number(given) and 0 <= given <= 1


def _is_number(given: Any) -> TypeGuard[int | float]:
    return isinstance(given, int | float) and not isinstance(given, bool)


def _short_themes(given: Any) -> bool:
    return (
        isinstance(given, list)
        and len(given) <= MAX_THEMES
        and all(isinstance(x, str) and 1 <= len(x) <= MAX_THEME_LENGTH for x in given)
    )
