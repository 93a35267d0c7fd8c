"""Recorded calls as cases: what a task was really asked, weighted by how often. Pure.

What such a case expects is what the suite expects of every case; where a case of the suite asks the
same, that case stands in its place. What was answered at the time is kept beside, to compare.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from roadworthy.core import ANSWERED, Call
from roadworthy.tasks import Case, Suite
from roadworthy.tasks.cases import question_digest

__all__ = ["FromCalls", "RecordedCases", "cases_of_calls"]

_SCANNED_PER_INPUT = 50


@dataclass(frozen=True, kw_only=True)
class FromCalls:
    """Which recorded inputs to ask."""

    inputs: int = 100
    """At most so many different ones, the latest."""
    since_us: int | None = None
    """None: however old."""
    tests: bool = False
    """Those of calls that tests made as well, such as the steps of a chain under test."""

    @property
    def scanned(self) -> int:
        """How many calls to look at in search of so many different inputs."""
        return self.inputs * _SCANNED_PER_INPUT


@dataclass(frozen=True, kw_only=True)
class RecordedCases:
    """Cases made of calls, and what was answered then."""

    suite: Suite
    answers: Mapping[str, Any] = field(default_factory=dict)
    """By question, the latest answer; questions without one never had any."""
    calls: int = 0
    """How many calls the cases stand for."""
    without_input: int = 0
    """Calls whose input was not kept."""


def cases_of_calls(calls: Iterable[Call], suite: Suite, *, inputs: int) -> RecordedCases:
    """Cases of the first so many different inputs; a call that was rejected asked nothing."""
    own = {question_digest(case): case for case in suite.cases}
    cases: dict[str, Case] = {}
    count: dict[str, int] = {}
    answers: dict[str, Any] = {}
    without = 0
    for call in calls:
        if call.outcome == "rejected":
            continue
        if call.input is None:
            without += 1
            continue
        case = _case(call)
        question = question_digest(case)
        if question not in cases:
            if len(cases) == inputs:
                continue
            cases[question] = own.get(question, case)
        count[question] = count.get(question, 0) + 1
        if call.outcome in ANSWERED:
            answers.setdefault(question, call.value)
    weighted = [msgspec.structs.replace(cases[q], weight=float(n)) for q, n in count.items()]
    return RecordedCases(
        suite=msgspec.structs.replace(suite, cases=tuple(weighted)),
        answers=answers,
        calls=sum(count.values()),
        without_input=without,
    )


def _case(call: Call) -> Case:
    return Case(input=call.input, id=call.id, tags=[f"was {call.outcome}"])
