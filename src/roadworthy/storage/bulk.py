"""Takes a call's texts apart from the rest of it, and puts them together again; pure.

Texts are most of a call's bytes and are kept for a shorter time. Besides the fields that are
bulky, whatever quotes an answer goes with them: the before and after of repairs, the messages
of violations, and that of an error that may.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from roadworthy.core import Attempt, Call, Message, Violation
from roadworthy.core.errors import without_quotes

__all__ = ["Bulk", "join", "split"]


class Bulk(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The texts of one call."""

    input: dict[str, Any] | None = None
    messages: list[Message] = []
    value: Any = None
    answers: tuple[str | None, ...] = ()
    """What each attempt wrote, in the order of attempts."""
    violations: tuple[tuple[str, ...], ...] = ()
    """The messages of each attempt's violations."""
    repairs: tuple[tuple[str, str], ...] = ()
    """Before and after of each repair."""
    error: str | None = None
    """The error's message; None: it quotes nobody, and stays with the rest."""


_NOTHING = Bulk()


def split(call: Call) -> tuple[Call, Bulk | None]:
    """The call without its texts, and the texts; None: it has none."""
    attempts = call.attempts
    answers: tuple[str | None, ...] = ()
    violations: tuple[tuple[str, ...], ...] = ()
    if any(a.text is not None or a.violations for a in attempts):
        answers = tuple(a.text for a in attempts)
        violations = tuple(tuple(v.message for v in a.violations) for a in attempts)
        attempts = [_without_texts(a) for a in attempts]
    error = call.error
    if error is not None:
        error = replace(error, message=without_quotes(error.code, error.message))
    bulk = Bulk(
        input=call.input,
        messages=call.messages,
        value=call.value,
        answers=answers,
        violations=violations,
        repairs=tuple((r.before, r.after) for r in call.repairs),
        error=call.error.message if call.error and call.error != error else None,
    )
    if bulk == _NOTHING:
        return call, None
    repairs = tuple(replace(r, before="", after="") for r in call.repairs)
    rest = replace(
        call,
        input=None,
        messages=[],
        value=None,
        attempts=attempts,
        repairs=repairs,
        error=error,
    )
    return rest, bulk


def join(rest: Call, bulk: Bulk) -> Call:
    """The whole call again, of what `split` gave."""
    attempts = rest.attempts
    if bulk.answers:
        parts = zip(attempts, bulk.answers, bulk.violations, strict=True)
        attempts = [_with_texts(*part) for part in parts]
    repairs = tuple(
        replace(repair, before=before, after=after)
        for repair, (before, after) in zip(rest.repairs, bulk.repairs, strict=True)
    )
    error = rest.error
    if error is not None and bulk.error is not None:
        error = replace(error, message=bulk.error)
    return replace(
        rest,
        input=bulk.input,
        messages=bulk.messages,
        value=bulk.value,
        attempts=attempts,
        repairs=repairs,
        error=error,
    )


def _without_texts(attempt: Attempt) -> Attempt:
    violations = tuple(replace(v, message="") for v in attempt.violations)
    return replace(attempt, text=None, violations=violations)


def _with_texts(attempt: Attempt, text: str | None, messages: tuple[str, ...]) -> Attempt:
    pairs = zip(attempt.violations, messages, strict=True)
    violations: tuple[Violation, ...] = tuple(replace(v, message=m) for v, m in pairs)
    return replace(attempt, text=text, violations=violations)
