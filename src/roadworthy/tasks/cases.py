"""`cases.jsonl`: inputs with expectations, and the suite that a version carries.

Values only. How an expectation is scored stands in `roadworthy.evaluation`.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from roadworthy.core import Message
from roadworthy.tasks.gate import Gate

__all__ = ["Case", "Suite"]


class Case(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of `cases.jsonl`: an input, or a conversation, with what is expected of the
    answer."""

    input: dict[str, Any] | None = None
    """It must satisfy the input schema."""
    conversation: list[Message] = []
    """In place of `input`: messages, the last of them the user's, which become the input by the
    rules of the chat surface."""
    expect: Any = None
    """Expected values by field of the output, or the whole of a text."""
    checks: list[dict[str, Any]] = []
    """Further expectations, one object each: ``{"contains": "refund", "at": "/summary"}``."""
    tags: list[str] = []
    """Groups that the case belongs to."""
    weight: Annotated[float, msgspec.Meta(ge=0)] = 1.0
    """How much it counts beside the others."""
    n: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = None
    """How often it is asked; None: as often as `[test]` says."""
    id: str = ""
    """A name that stays when the file is sorted anew."""
    note: str = ""
    """For people."""


class Suite(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a version is tested by: part of the version, but of nothing that it answers."""

    cases: tuple[Case, ...] = ()
    checks: tuple[dict[str, Any], ...] = ()
    """Hold of every case, beside its own."""
    n: int = 1
    """How often a case is asked that does not say so itself."""
    gate: Gate = Gate()
    sources: dict[str, str] = {}
    """Text of the Python files that checks name, by path relative to the task's folder."""
