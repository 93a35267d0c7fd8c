"""How likely each value of a field is, read from the tokens of one answer and their rivals.

Chat completions tell of each token that was written how likely it was, and how likely the 20
foremost tokens were that could have stood in its place (``logprobs``). Where the first token of
two values differs, that is all there is to know; where values begin alike, the tokens behind tell
those apart that the answer goes on with, and the others stay together in one share. Pure.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from roadworthy.models.upstream import Choice, Share

__all__ = ["TOP", "Token", "shares_of", "tokens_in"]

TOP: Final = 20
"""Rivals of a token that are asked for: the most that OpenAI and vLLM give."""
_CLOSED: Final = frozenset(b'"]}')
"""The last byte of a value that ends by itself; a number may go on."""
_ENDS: Final = frozenset(b",}] \t\r\n")


class Token(msgspec.Struct, frozen=True):
    """One place of the answer."""

    written: bytes
    rivals: dict[bytes, float]
    """Log-probability of each token that could stand here, the written one included."""


def tokens_in(reported: Any) -> list[Token]:
    """The tokens in a choice's ``logprobs``; empty where it reports none in a form that is known.

    Source: OpenAI API reference, the chat completion object, November 2026.
    """
    content = reported.get("content") if isinstance(reported, dict) else None
    found = []
    for entry in content if isinstance(content, list) else ():
        told = _entry(entry)
        if told is None:
            return []
        rivals = dict(filter(None, map(_entry, entry.get("top_logprobs") or ())))
        found.append(Token(told[0], {told[0]: told[1], **rivals}))
    return found


def shares_of(tokens: Sequence[Token], choice: Choice) -> tuple[Share, ...]:
    """How likely the values are; empty where the answer holds none of them.

    A value that is not among the rivals at its place counts as the least of them: that is the most
    that it can be.
    """
    start = _value_start(b"".join(token.written for token in tokens), choice.field)
    if start is None:
        return ()
    walk = _Walk(choice.values)
    at = 0
    for token in tokens:
        lead = max(0, start - at)
        at += len(token.written)
        if at > start and not walk.done and not walk.step(token, lead):
            return ()
    walk.shares.append(Share(tuple(sorted(walk.alive)), walk.log_p))
    return tuple(walk.shares) if walk.moved else ()


class _Walk:
    """Along the written answer: which values it can still be, and how likely that is."""

    def __init__(self, values: Sequence[str]) -> None:
        self.rest = {index: value.encode() for index, value in enumerate(values)}
        self.alive = frozenset(self.rest)
        self.log_p = 0.0
        self.shares: list[Share] = []
        self.moved = False

    @property
    def done(self) -> bool:
        """Whether one value is left, and written to its end."""
        return len(self.alive) == 1 and not any(self.rest.values())

    def step(self, token: Token, lead: int) -> bool:
        """Past one token, whose first ``lead`` bytes stand before the value. False: what was
        written is none of the values."""
        before = token.written[:lead]
        rivals = [
            (self._fitting(text[lead:]), log_p)
            for text, log_p in token.rivals.items()
            if text.startswith(before) and len(text) > lead
        ]
        written = token.written[lead:]
        on = self._fitting(written)
        if not on:
            return False
        self.moved = True
        groups = _groups(on, [rival for rival in rivals if rival[0]])
        least = math.exp(min(token.rivals.values()))
        seen = frozenset[int]().union(*groups)
        for index in sorted(self.alive - seen):
            groups[frozenset((index,))] = least
        total = math.fsum(groups.values())
        for group, mass in groups.items():
            log_p = self.log_p + math.log(max(mass, 1e-300) / total)
            if group == on:
                ahead = log_p
            else:
                self.shares.append(Share(tuple(sorted(group)), log_p))
        self.log_p, self.alive = ahead, on
        self.rest = {index: self.rest[index][len(written) :] for index in on}
        return True

    def _fitting(self, text: bytes) -> frozenset[int]:
        return frozenset(index for index in self.alive if _fits(self.rest[index], text))


def _groups(
    on: frozenset[int], rivals: Iterable[tuple[frozenset[int], float]]
) -> dict[frozenset[int], float]:
    """Sets of values that no rival tells apart, with their mass; disjoint. What is written is one
    of them, whatever rivals would tell within it: the next token does."""
    groups = {on: 0.0}
    for values, log_p in sorted(rivals, key=lambda rival: len(rival[0])):
        mass = math.exp(log_p)
        within = next((group for group in groups if values <= group), None)
        if within is not None:
            groups[within] += mass
            continue
        known = [group for group in groups if group & values]
        if not known:
            groups[values] = mass
            continue
        # The beginning of several values that other rivals tell apart: theirs in proportion.
        of_all = math.fsum(groups[group] for group in known)
        for group in known:
            groups[group] += mass * (groups[group] / of_all if of_all else 1 / len(known))
    return groups


def _fits(rest: bytes, text: bytes) -> bool:
    """Whether a token may be the next one of a value of which this much is left."""
    if len(text) <= len(rest) and rest.startswith(text):
        return True
    if not text.startswith(rest):
        return False
    return (rest != b"" and rest[-1] in _CLOSED) or text[len(rest)] in _ENDS


def _value_start(answer: bytes, field: str) -> int | None:
    """Where the field's value begins in the text of an answer."""
    name = re.escape(msgspec.json.encode(field))
    found = re.search(rb"(?<!\\)" + name + rb"\s*:\s*", answer)
    return None if found is None else found.end()


def _entry(entry: Any) -> tuple[bytes, float] | None:
    if not isinstance(entry, dict):
        return None
    log_p, text = entry.get("logprob"), entry.get("token")
    if not isinstance(log_p, int | float) or not isinstance(text, str):
        return None
    return _bytes_of(entry.get("bytes"), text), float(log_p)


def _bytes_of(reported: Any, text: str) -> bytes:
    """A token may hold a part of a character: then its text is not what was written."""
    try:
        return bytes(reported) if isinstance(reported, list) else text.encode()
    except (TypeError, ValueError):  # a lone surrogate, or no bytes after all
        return text.encode(errors="replace")
