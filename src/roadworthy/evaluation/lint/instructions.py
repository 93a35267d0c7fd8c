"""What one English sentence asks for, as far as its words say so plainly. Pure.

Knows the few forms in which prompts bound an answer: how long, in which language, in which form.
What it does not know it passes over.
"""

from __future__ import annotations

import math
import re
from typing import Final, NamedTuple

__all__ = [
    "STYLE_WORDS",
    "Amount",
    "amount_in",
    "form_in",
    "is_negative",
    "is_open",
    "language_in",
    "style_in",
    "topic_of",
]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NEGATIONS: Final = _words(
    "not never no don't doesn't mustn't shouldn't can't cannot avoid without refrain nor"
)
_CONDITIONS: Final = _words(
    "if when whenever unless except only but although however otherwise instead rather either"
    " or may might could sometimes other else while where for example e.g usually"
)
_ASIDE: Final = re.compile(r"\b(?:that|which|who) (?:do|does|did|is|are|was|has|have|can)\b")
"""A clause that says which ones are meant."""
_STOP: Final = _words(
    "a an the this that these those your you yours its it is are be been being was were to of in on"
    " at by for with from as and into always must should do does please make sure ensure every any"
    " all each will shall can need needs have has had them they their there here so such also very"
    " just never not no don't doesn't mustn't shouldn't can't cannot avoid without refrain nor ever"
    " use using"
)
_ABOUT_THE_ANSWER: Final = _words(
    "answer response reply output write keep give return text your result respond produce provide"
    " limit contain contains long length short than more less most least up no not fewer maximum"
    " minimum exactly under over within about to at"
)
_NUMBERS: Final = {
    word: number
    for number, word in enumerate(
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    )
} | {
    "single": 1,
    "twelve": 12,
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "fifty": 50,
    "hundred": 100,
}
_NUMBER: Final = rf"(\d+|{'|'.join(_NUMBERS)})"
_UNIT: Final = (
    r"(word|sentence|paragraph|character|line|bullet(?: point)?|item|token|page|theme|example|step"
    r"|tag|keyword|point|reason)s?"
)
_MOST: Final = r"at most|no more than|not more than|up to|maximum(?: of)?|max\.?|within"
_FEWER: Final = r"fewer than|less than|under|below"
_LEAST: Final = r"at least|no fewer than|no less than|not fewer than|minimum(?: of)?|min\.?"
_MORE: Final = r"more than|over|above"
_AMOUNT: Final = re.compile(
    rf"\b(?:({_MOST})|({_FEWER})|({_LEAST})|({_MORE})|(exactly|in|of))\s+(?:an?\s+)?{_NUMBER}"
    rf"[\s-]+{_UNIT}\b",
    re.IGNORECASE,
)
_ANSWERING: Final = r"(?:answer|respond|reply|write|output|speak|return)s?"
_LANGUAGES: Final = sorted(
    _words(
        "english german french spanish italian portuguese dutch polish russian chinese japanese"
        " korean arabic turkish swedish danish norwegian finnish czech greek hebrew hindi"
    )
)
_LANGUAGE: Final = re.compile(
    rf"^(?:always |please |only )*{_ANSWERING}\b[^.]*?\bin ({'|'.join(_LANGUAGES)})\b",
    re.IGNORECASE,
)
_FORMS: Final = {
    "json": "JSON",
    "yaml": "YAML",
    "xml": "XML",
    "csv": "CSV",
    "markdown": "Markdown",
    "html": "HTML",
    "plain text": "plain text",
    "prose": "prose",
    "a single word": "a single word",
    "one word": "a single word",
    "a single sentence": "a single sentence",
    "one sentence": "a single sentence",
}
_FORM: Final = re.compile(
    rf"^(?:always |please |only )*{_ANSWERING}\b(?:\s+\w+){{0,3}}?\s+(?:in|as|with)\s+"
    rf"(?:valid |only |a |one |an )*?({'|'.join(sorted(_FORMS, key=len, reverse=True))})\b"
    r"(?! (?:block|fence|code))",
    re.IGNORECASE,
)
_STYLES: Final = {
    "brief": _words("brief briefly concise concisely terse tersely succinct succinctly"),
    "long": _words("detailed comprehensive elaborate exhaustive lengthy"),
    "formal": _words("formal formally"),
    "informal": _words("informal informally casual casually colloquial"),
}


STYLE_WORDS: Final = frozenset(word for words in _STYLES.values() for word in words)


class Amount(NamedTuple):
    """How much of something a sentence asks for."""

    unit: str
    least: float
    most: float
    about: frozenset[str]
    """What it is of, beside the answer itself."""


def is_open(words: tuple[str, ...]) -> bool:
    """Whether the sentence holds without condition and exception."""
    return not _CONDITIONS.intersection(words) and not _ASIDE.search(" ".join(words))


def is_negative(words: tuple[str, ...]) -> bool:
    """Whether it forbids."""
    return bool(_NEGATIONS.intersection(_plain(word) for word in words))


def topic_of(words: tuple[str, ...]) -> frozenset[str]:
    """What it is about: its words without endings, and without those that any sentence has."""
    return frozenset(_stem(word) for word in words if _plain(word) not in _STOP)


def amount_in(text: str) -> Amount | None:
    """The one bound on a number of words, sentences or the like; None: there is none, or several.

    >>> amount_in("Answer in at most 3 sentences.").most
    3.0
    """
    found = list(_AMOUNT.finditer(text))
    if len(found) != 1:
        return None
    most, fewer, least, more, exactly, number, unit = found[0].groups()
    value = float(number) if number.isdigit() else float(_NUMBERS[number.lower()])
    if exactly and exactly.lower() == "of":
        return None
    low = value if least or exactly else value + 1 if more else 0.0
    high = value if most or exactly else value - 1 if fewer else math.inf
    rest = re.findall(r"[^\W\d_]+", (text[: found[0].start()] + text[found[0].end() :]).casefold())
    about = frozenset(
        _stem(word) for word in rest if word not in _STOP and word not in _ABOUT_THE_ANSWER
    )
    return Amount(unit.lower(), low, high, about)


def language_in(text: str) -> str | None:
    """The language that the whole answer is asked for in."""
    found = _LANGUAGE.match(text.lstrip("-*• "))
    return found[1].capitalize() if found else None


def form_in(text: str) -> str | None:
    """The form that the whole answer is asked for in: ``JSON``, ``a single word``."""
    found = _FORM.match(text.lstrip("-*• "))
    return _FORMS[found[1].lower()] if found else None


def style_in(words: tuple[str, ...]) -> str | None:
    """Brief or long, formal or informal; None: neither, or several at once."""
    found = [name for name, known in _STYLES.items() if known.intersection(words)]
    return found[0] if len(found) == 1 else None


def _plain(word: str) -> str:
    return word.replace("\u2019", "'")


def _stem(word: str) -> str:
    for ending in ("ing", "ies", "es", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
