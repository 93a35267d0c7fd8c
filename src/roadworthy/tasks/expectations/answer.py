"""What an expectation looks at, what it says, and what it may ask of others. Values only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import msgspec

from roadworthy.tasks.definition import TaskDefinition

__all__ = ["Answer", "AnswerError", "Scorer", "Services", "Verdict"]


class AnswerError(NamedTuple):
    """The typed error that came in place of a value."""

    code: str
    message: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One run of one case, as far as expectations care."""

    input: dict[str, Any] = {}
    value: Any = None
    """What was delivered; means nothing beside an error."""
    error: AnswerError | None = None
    text: str | None = None
    """What the model wrote, before it was read."""
    latency_ms: float | None = None
    cost_usd: float | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What one expectation says of one answer."""

    passed: bool | None
    """None: unscored."""
    score: float | None = None
    """From 0 to 1, where the expectation has degrees."""
    reason: str = ""
    stands: bool = False
    """The expectation could not be applied, so that its ``not_`` form says the same."""


Scorer: TypeAlias = Callable[[Answer], Verdict | Awaitable[Verdict]]


@dataclass(frozen=True, kw_only=True)
class Services:
    """What some kinds of expectations need beside the answer. Where one is None, the expectations
    that need it stay unscored, and say so."""

    ask_task: Callable[[str, dict[str, Any]], Awaitable[Any]] | None = None
    """The value that a task (``name``, or ``name@1.2.0``) delivers for an input. Raises whatever
    went wrong; that leaves the score of the judge unscored."""
    definition: Callable[[str], TaskDefinition | None] | None = None
    """The task that such a reference names: a judge's own schemas say how it is wired."""
    embed: Callable[[list[str], str], Awaitable[Any]] | None = None
    """Texts and the name of an embedder → array (n, dim), each row of length 1."""
    python: Callable[[str, str], Callable[..., Any]] | None = None
    """File, as the check names it, and name in it → the function. Raises where it has none."""
