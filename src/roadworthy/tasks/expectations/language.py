"""`language`: the language that a text is in.

py3langid ranks languages by the bytes of a text; its model lies in its package. Held against 17,180
translated messages of Django 5.2 (`benchmarks/languages.py`, 2026-11-21), a check for a message's
own language passes 97 % of those of 40 to 79 characters, leaves 3 % unscored and fails 0.1 %; a
check for another language fails 99.6 % and passes 0.04 %. Below 25 characters 15 % stay unscored.
"""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Iterator
from typing import Any, ClassVar, Final

from roadworthy.core.documents import did_you_mean
from roadworthy.expressions import SchemaType
from roadworthy.tasks.expectations.answer import Answer, Scorer, Services, Verdict
from roadworthy.tasks.expectations.kind import About, Placed

__all__ = ["LANGUAGES", "Language", "ranked"]

# fmt: off
LANGUAGES: Final = (
    "ar", "bg", "bn", "bs", "ca", "cs", "cy", "da", "de", "el", "en", "es", "et", "eu", "fa", "fi",
    "fr", "ga", "gl", "he", "hi", "hr", "hu", "id", "is", "it", "ja", "ko", "lt", "lv", "mk", "ms",
    "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sq", "sr", "sv", "ta", "te", "th", "tr", "uk",
    "ur", "vi", "zh",
)
# fmt: on
"""ISO 639-1. The model knows 140; those with few speakers are taken for short English too often."""
_NEARLY: Final = 0.1
"""A language this much as likely as the likeliest is not ruled out."""
_CERTAIN: Final = 0.3
"""The likeliest language must be this likely before a text fails for being in it."""
_MIN_LETTERS: Final = 12
_LOADING: Final = threading.Lock()
_MAX_READ: Final = 10_000
"""Characters; more say no more, at 0.2 µs each."""


class Language(Placed, frozen=True, kw_only=True):
    """The text is in this language. Unscored where that cannot be told: a text of few letters, or
    one that fits a neighbouring language as well."""

    kind: ClassVar[str] = "language"
    takes: ClassVar[frozenset[str]] = frozenset({"string"})
    example: ClassVar[str] = '{"language": "de", "at": "/reply"}'

    language: str
    """Two letters of ISO 639-1, such as `en`."""

    def faults_at(self, _place: SchemaType, /) -> Iterator[str]:
        if self.language not in LANGUAGES:
            hint = did_you_mean(self.language, LANGUAGES)
            yield f'language: "{self.language}" is not known{hint}'

    def scorer(self, _about: About, _services: Services, /) -> Scorer:
        async def score(answer: Answer) -> Verdict:
            # In a thread: while the model loads, other runs go on, and are timed.
            return await asyncio.to_thread(self.score, answer)

        return score

    def look(self, value: Any) -> Verdict:
        if not isinstance(value, str):
            return self.wrong_type(value)
        if sum(map(str.isalpha, value)) < _MIN_LETTERS and value.isascii():
            return Verdict(passed=None, reason="too short to tell its language")
        likely = ranked(value[:_MAX_READ])
        (first, most), wanted = likely[0], dict(likely)[self.language]
        if first == self.language:
            return Verdict(passed=True, score=wanted)
        if wanted >= _NEARLY * most or most < _CERTAIN:
            reason = f'cannot be told from "{first}"; a longer text can'
            return Verdict(passed=None, reason=reason)
        return Verdict(passed=False, score=wanted, reason=f'it is in "{first}"')


def ranked(text: str) -> list[tuple[str, float]]:
    """Languages and how likely the text is in them, the likeliest first; they sum to 1."""
    with _LOADING:
        identifier = _identifier()
    likely: list[tuple[str, float]] = identifier.rank(text)
    return likely


@functools.cache
def _identifier() -> Any:
    # The model takes 0.4 to 0.7 s and 75 MB beside numpy, measured: only who asks for a language
    # waits for it.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(LANGUAGES)
    return identifier
