"""What a test has measured: one row a run of a case. Values only.

A row belongs to a definition, not to a version: versions that differ in their cases or
thresholds alone share what was measured.
"""

from __future__ import annotations

from typing import Any

import msgspec

from roadworthy.core import Outcome

__all__ = ["CaseResult", "ResultKey", "Score"]


class ResultKey(msgspec.Struct, frozen=True, kw_only=True):
    """What a run was a run of."""

    task: str
    definition: str
    """`TaskDefinition.digest`."""
    binding: str
    """Digest of what the logical models stood for that the task may ask: provider, its model, its
    capabilities; not of where it is reached."""
    question: str
    """Digest of the case's input."""
    run: int
    """From 0 to n - 1."""


class Score(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one expectation says of one answer."""

    name: str
    """Of the expectation, such as ``expect./sentiment`` or ``contains``."""
    passed: bool | None
    """None: unscored, as by a judge that failed; not the same as false."""
    score: float | None = None
    """From 0 to 1, where the expectation has degrees."""
    reason: str = ""
    step: str = ""
    """Which step of a chain it is a score of; empty: of the whole answer."""

    @property
    def label(self) -> str:
        """Its name, with the step before it."""
        return f"{self.step}: {self.name}" if self.step else self.name


class CaseResult(msgspec.Struct, frozen=True, kw_only=True):
    """One run of one case."""

    key: ResultKey
    expected: str
    """Digest of the expectations that `scores` are of. Others can be scored on `value` anew."""
    case_id: str
    outcome: Outcome
    value: Any = None
    """What was delivered; None with an `error`."""
    error: str | None = None
    """Code and message of the error in place of a value."""
    scores: tuple[Score, ...] = ()
    passed: bool | None = None
    """All scores passed; None: none failed, and at least one is unscored."""
    latency_ms: float
    cost_nusd: int | None = None
    """Nano-dollars; None: unknown."""
    input_tokens: int | None = None
    output_tokens: int | None = None
    call_id: str | None = None
    at_us: int
    environment: str = ""
    """The installation that measured it."""
