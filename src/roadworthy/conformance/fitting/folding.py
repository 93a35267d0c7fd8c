"""Spellings of one word: the declared one, an alias, another case, without accents or punctuation.

Each looser way counts only where exactly one of the choices is meant, so that two options which
differ in nothing but case or an accent are never confused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, TypeVar

__all__ = ["EDGES", "aliases_of", "match", "spellings", "without_accents", "without_marks"]

Choice = TypeVar("Choice")

EDGES: Final = " \t\r\n.,;:!?\"'`*_()[]<>\u201c\u201d\u2018\u2019\u00ab\u00bb"
"""What may stand around a word without changing it."""

_MARKS: Final = re.compile(r"[\W_]+")
_LIGATURES: Final = str.maketrans({"\u00e6": "ae", "\u0153": "oe", "\u00f8": "o", "\u0142": "l"})


@lru_cache(maxsize=4096)
def without_accents(word: str) -> str:
    """The word in one case and without accents."""
    if word.isascii():
        return word.casefold()
    folded = unicodedata.normalize("NFKD", word).casefold().translate(_LIGATURES)
    return "".join(c for c in folded if not unicodedata.combining(c))


@lru_cache(maxsize=4096)
def without_marks(word: str) -> str:
    """Only the letters and digits of the word, in one case, without accents."""
    return _MARKS.sub("", without_accents(word))


_LOOSER: Final[tuple[Callable[[str], str], ...]] = (
    str,
    str.casefold,
    without_accents,
    without_marks,
)


def match(word: str, choices: Mapping[str, Choice]) -> tuple[Choice, int] | None:
    """The choice that the word means and how loosely, 0 (as spelled) to 4; None if in doubt.

    ``choices`` maps each spelling, aliases included, to what it stands for.
    """
    if word in choices:
        return choices[word], 0
    trimmed = word.strip(EDGES)
    for loosely, folded in enumerate(_LOOSER):
        wanted = folded(trimmed)
        found = {id(choice): choice for name, choice in choices.items() if folded(name) == wanted}
        if wanted and len(found) == 1:
            return next(iter(found.values())), loosely + 1
        if found:
            return None
    return None


def aliases_of(schema: Mapping[str, Any], option: Any = None) -> list[str]:
    """The other names that a schema declares for its property, or for one of its options."""
    names: list[Any] = []
    declared = schema.get("x-aliases")
    if isinstance(declared, dict):
        found = declared.get(option) if isinstance(option, str) else None
        names += found if isinstance(found, list) else [found]
    elif isinstance(declared, list):
        names += declared
    names.append(schema.get("x-alias"))
    return [name for name in names if isinstance(name, str) and name]


def spellings(options: Iterable[Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Every spelling of the scalar options, with the option in a list: it may be null."""
    found: dict[str, Any] = {}
    options = list(options)
    for option in options:
        spelled = _spelled(option)
        if spelled is not None:
            found.setdefault(spelled, [option])
    for option in options:
        holder = found.get(_spelled(option) or "")
        alone = len(options) == 1 or isinstance(schema.get("x-aliases"), dict)
        for alias in aliases_of(schema, option) if alone and holder else ():
            found.setdefault(alias, holder)
    return found


def _spelled(option: Any) -> str | None:
    if isinstance(option, str):
        return option
    if isinstance(option, bool):
        return "true" if option else "false"
    if isinstance(option, int | float):
        return str(option)
    return "null" if option is None else None
