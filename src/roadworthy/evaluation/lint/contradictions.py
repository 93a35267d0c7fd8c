"""Instructions that cannot both hold, and instructions that the output's schema does not allow.

Read without a model, so only what is plain is told: two sentences about the same thing, one with a
negation; two languages or forms for one answer; numbers that leave nothing between them. Sentences
with a condition or an exception contradict nobody. Pure.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final, NamedTuple

from roadworthy.evaluation.lint.findings import Finding
from roadworthy.evaluation.lint.instructions import (
    STYLE_WORDS,
    Amount,
    amount_in,
    form_in,
    is_negative,
    is_open,
    language_in,
    style_in,
    topic_of,
)
from roadworthy.evaluation.lint.passages import VALUE, Passage
from roadworthy.evaluation.lint.subject import Subject

__all__ = ["contradictions"]

_ALIKE: Final = 0.8
_SHOWN: Final = 70


class _Said(NamedTuple):
    passage: Passage
    topic: frozenset[str]
    negative: bool
    amount: Amount | None
    language: str | None
    form: str | None
    style: str | None


def contradictions(subject: Subject) -> Iterator[Finding]:
    """Pairs of sentences that contradict each other; each sentence is told of once."""
    said = [
        _Said(
            passage=passage,
            topic=topic_of(passage.words),
            negative=is_negative(passage.words),
            amount=amount_in(passage.text),
            language=language_in(passage.text),
            form=form_in(passage.text),
            style=style_in(passage.words),
        )
        for passage in subject.passages
        if not passage.conditional
        and not passage.code
        and VALUE not in passage.text
        and is_open(passage.words)
    ]
    partners: dict[int, set[int]] = {}
    for a, b in (*_of_one_kind(said), *_opposed(said)):
        partners.setdefault(max(a, b), set()).add(min(a, b))
    for at in sorted(partners):
        for other in sorted(partners[at]):
            reason = _reason(said[other], said[at])
            if reason:
                yield _finding(subject, said[at].passage, said[other].passage, reason)
                break


def _of_one_kind(said: Sequence[_Said]) -> Iterator[tuple[int, int]]:
    """Pairs that bound the same thing: a number of something, the language, the form, the style."""
    kinds: dict[str, list[int]] = {}
    for at, one in enumerate(said):
        for kind, found in (
            ("number" if one.amount is None else one.amount.unit, one.amount),
            ("language", one.language),
            ("form", one.form),
            ("style", one.style),
        ):
            if found is not None:
                kinds.setdefault(kind, []).append(at)
    for places in kinds.values():
        yield from combinations(places, 2)


def _opposed(said: Sequence[_Said]) -> Iterator[tuple[int, int]]:
    """Pairs of which one forbids, and that may be about the same.

    Topics that are alike share most of their words, hence one of the rarest: a prompt of a
    thousand sentences is not compared a million times.
    """
    often = Counter(word for one in said for word in one.topic)
    asking: dict[str, list[int]] = {}
    for at, one in enumerate(said):
        if not one.negative:
            for word in one.topic:
                asking.setdefault(word, []).append(at)
    for at, one in enumerate(said):
        if one.negative:
            rarest = sorted(one.topic, key=lambda word: (often[word], word))
            needed = math.floor(len(rarest) * (1 - _ALIKE) + 1e-9) + 1
            yield from {(at, other) for word in rarest[:needed] for other in asking.get(word, ())}


def _reason(a: _Said, b: _Said) -> str:
    """Why they cannot both hold; empty: they can, as far as can be told."""
    for reason in (_opposite(a, b), _two_kinds(a, b), _no_number(a, b)):
        if reason:
            return reason
    return ""


def _opposite(a: _Said, b: _Said) -> str:
    if a.negative == b.negative or len(a.topic) < 2 or len(b.topic) < 2:
        return ""
    if _numbers(a.passage) != _numbers(b.passage):
        return ""
    alike = len(a.topic & b.topic) / len(a.topic | b.topic)
    return "one asks for what the other forbids" if alike >= _ALIKE else ""


def _two_kinds(a: _Said, b: _Said) -> str:
    if a.negative or b.negative:
        return ""
    if a.language and b.language and a.language != b.language:
        return f"the answer cannot be in {a.language} and in {b.language}"
    if a.form and b.form and a.form != b.form:
        return f"the answer cannot be {a.form} and {b.form}"
    same_thing = a.topic - STYLE_WORDS == b.topic - STYLE_WORDS
    if a.style and b.style and a.style != b.style and same_thing:
        return f"the answer cannot be {a.style} and {b.style}"
    return ""


def _no_number(a: _Said, b: _Said) -> str:
    one, other = a.amount, b.amount
    if one is None or other is None or a.negative or b.negative:
        return ""
    if one.unit != other.unit or one.about != other.about:
        return ""
    least, most = max(one.least, other.least), min(one.most, other.most)
    return f"no number of {one.unit}s is allowed by both" if least > most else ""


def _numbers(passage: Passage) -> Sequence[str]:
    return sorted(re.findall(r"\d+", passage.text))


def _finding(subject: Subject, later: Passage, earlier: Passage, reason: str) -> Finding:
    return Finding(
        code="contradiction",
        level="warning",
        task=subject.task,
        file=later.file,
        line=later.line,
        message=f'"{_short(later.text)}" and "{_short(earlier.text)}"'
        f" ({earlier.file}:{earlier.line}): {reason}",
        remedy="keep one, or say when each holds",
    )


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1].rstrip()}…"
