"""Which option a sentence names.

Asked for one word, models write a sentence: *The answer is **Positive**.* The option counts if it
is the only one that the sentence names, and is not denied. What stands first on a line of its own,
or is set off by quotes, asterisks or backticks, outweighs what is merely mentioned.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from roadworthy.conformance.fitting.folding import EDGES, match, without_accents

__all__ = ["mentioned"]

_MAX_SENTENCE: Final = 300
_MAX_TEXT: Final = 4_000
_MAX_OPTIONS: Final = 200
_DENIED: Final = re.compile(
    r"(?:\b(?:not|no|never|neither|nor|without|isn't|aren't|wasn't|cannot|can't|don't|doesn't"
    r"|rather than|instead of|unlike)\b|n't\b)[^.!?\n]{0,40}\Z"
)
_SET_OFF: Final = re.compile(
    r"(?<![^\s(\[:])(\*\*|__|`+|[\"'\u201c\u2018*])([^\s*`\"][^*`\"\n]{0,80}?)"
    r"(?:\1|[\u201d\u2019])(?![\w])"
)
_LINE_END: Final = re.compile(r"\r?\n|\\n|[:,.;!?](?:\s|\\n|\Z)|\s[-\u2013\u2014(]\s?")


def mentioned(text: str, choices: Mapping[str, Any]) -> Any:
    """What the text names, out of ``choices`` by spelling, or None if it is none or not one."""
    if not text or len(text) > _MAX_TEXT or len(choices) > _MAX_OPTIONS:
        return None
    named = _named(text, choices, str) or _named(text, choices, without_accents)
    if len(named) > 1 or not named:
        return None
    choice = named[0]
    if len(text) <= _MAX_SENTENCE:
        return choice
    return choice if _opens(text, choices) or _sets_off(text, choices) else None


def _named(text: str, choices: Mapping[str, Any], spelled: Callable[[str], str]) -> list[Any]:
    """Each option that the text names anywhere; none at all if one is denied.

    As they are spelled first: *one of them* is no mention of an option called ONE.

    Where one spelling lies inside a longer one, the longer one is meant.
    """
    folded = spelled(text)
    spans: list[tuple[int, int, Any]] = []
    for spelling, choice in choices.items():
        word = spelled(spelling.strip(EDGES))
        if not word:
            continue
        mentions = re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", folded)
        spans += ((found.start(), found.end(), choice) for found in mentions)
    spans.sort(key=lambda span: (span[0], -span[1]))
    kept: dict[int, Any] = {}
    begin = end = -1
    for start, stop, choice in spans:
        if start < end:
            if (start, stop) == (begin, end):  # spelled alike: which of the two is open
                kept[id(choice)] = choice
            continue
        begin = start
        end = stop
        if _DENIED.search(folded[max(0, start - 60) : start].casefold()):
            return []
        kept[id(choice)] = choice
    return list(kept.values())


def _opens(text: str, choices: Mapping[str, Any]) -> bool:
    first = _LINE_END.split(text.strip(), maxsplit=1)[0]
    return match(first, choices) is not None


def _sets_off(text: str, choices: Mapping[str, Any]) -> bool:
    return any(match(found[2], choices) is not None for found in _SET_OFF.finditer(text))
