"""The scores of one case's answers. What each kind looks at stands in
`roadworthy.tasks.expectations`; here its failures become records.

::

    expectations = compile_expectations(case, suite, definition, services=services)
    scores = await expectations.score(Answer(input=case.input, value={"sentiment": "positive"}))
    passed = passed_of(scores)
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from roadworthy.core.errors import ProjectError, RoadworthyError
from roadworthy.registry import Score
from roadworthy.tasks import Case, Suite, TaskDefinition
from roadworthy.tasks.cases import expectations_digest
from roadworthy.tasks.expectations import (
    About,
    Answer,
    Check,
    Scorer,
    Services,
    Verdict,
    expected_fields,
    read_check,
)
from roadworthy.tasks.expectations.kind import Placed

__all__ = ["Expectations", "compile_expectations", "passed_of", "places_of"]

_DELIVERED: Final = "delivered"
_MAX_REASON: Final = 1_000
_NOBODY: Final = frozenset(
    {
        "upstream_error",
        "exchange_missing",
        "upstream_unavailable",
        "upstream_rate_limited",
        "missing_credential",
        "local_model_missing",
        "overloaded",
        "journal_unavailable",
    }
)
"""Codes of errors that say nothing of the version: nobody answered."""


@dataclass(frozen=True)
class _Compiled:
    label: str
    negated: bool
    score: Scorer


@dataclass(frozen=True)
class Expectations:
    """What one case expects, ready to be held against answers."""

    digest: str
    """Of what is expected; results with another one are of other expectations."""
    expects_error: bool
    """Whether the case waits for an error in place of a value."""
    checks: tuple[_Compiled, ...]
    places: Mapping[str, str] = field(default_factory=dict)
    """JSON pointers to where in the output expectations look, by the names of their scores."""

    async def score(self, answer: Answer) -> tuple[Score, ...]:
        """One score for each expectation, in their order; never raises for what an answer holds.

        An answer that is an error nobody waits for fails the score ``delivered``, which is first;
        where nobody answered at all, everything that needs a value is unscored.
        """
        scores = [await _scored(one, answer) for one in self.checks]
        if not self.expects_error and (answer.error is not None or not scores):
            scores.insert(0, _delivered(answer))
        error = answer.error
        if error is not None and error.code in _NOBODY and passed_of(scores) is not True:
            return tuple(_unscored(score, f"nobody answered: {error.code}") for score in scores)
        return tuple(scores)


def compile_expectations(
    case: Case, suite: Suite, definition: TaskDefinition, *, services: Services
) -> Expectations:
    """What the case and its suite expect of answers of this task.

    Checks of the suite that need a value are left out of a case that waits for an error. A check
    that does not fit the task, as of an older version with another output, fails every answer and
    says why; one of a kind that this release does not know stays unscored.
    """
    about = About.of(definition, suite.sources)
    expects_error, read = _expected(case, suite)
    return Expectations(
        digest=expectations_digest(case, suite),
        expects_error=expects_error,
        checks=tuple(_compiled(label, one, about, services) for label, one in read.items()),
        places=_places(read),
    )


def places_of(case: Case, suite: Suite) -> dict[str, str]:
    """JSON pointers to where in the output the case's expectations look, by their scores' names."""
    return _places(_expected(case, suite)[1])


def _expected(case: Case, suite: Suite) -> tuple[bool, dict[str, _Read]]:
    """Whether the case waits for an error, and what it expects, by the names of scores."""
    expected = [] if case.expect is None else expected_fields(case.expect)
    own: list[_Read] = [(Check(one), "") for one in expected] + _read(case.checks)
    expects_error = any(check is not None and check.expects_error for check, _ in own)
    shared = _read(suite.checks)
    if expects_error:
        shared = [one for one in shared if one[0] is not None and not one[0].kind.needs_value]
    read = [*own, *shared]
    labels = _unique([check.label if check else what for check, what in read])
    return expects_error, dict(zip(labels, read, strict=True))


def _places(read: Mapping[str, _Read]) -> dict[str, str]:
    return {
        label: check.kind.at
        for label, (check, _) in read.items()
        if check is not None and isinstance(check.kind, Placed)
    }


def passed_of(scores: Iterable[Score]) -> bool | None:
    """Whether all passed; None: none failed, and at least one is unscored."""
    verdicts = [score.passed for score in scores]
    if False in verdicts:
        return False
    return None if None in verdicts else True


_Read: TypeAlias = tuple[Check | None, str]
"""A check, or what is wrong with how it is written."""


def _read(checks: Sequence[dict[str, Any]]) -> list[_Read]:
    read = [read_check(data) for data in checks]
    return [(check, "; ".join(faults)) for check, faults in read]


def _compiled(label: str, read: _Read, about: About, services: Services) -> _Compiled:
    check, unread = read
    if check is None:
        return _Compiled(label, False, _always(Verdict(passed=None, reason=unread)))
    fault = next(check.kind.faults(about), None)
    if fault is not None:
        reason = f"does not fit the task: {fault}"
        return _Compiled(label, False, _always(Verdict(passed=False, reason=reason)))
    return _Compiled(label, check.negated, check.kind.scorer(about, services))


def _always(verdict: Verdict) -> Scorer:
    return lambda _: verdict


def _unique(labels: list[str]) -> list[str]:
    """The labels, told apart where several are the same."""
    seen: Counter[str] = Counter()
    found = []
    for label in labels:
        seen[label] += 1
        found.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return found


async def _scored(one: _Compiled, answer: Answer) -> Score:
    try:
        verdict = one.score(answer)
        if inspect.isawaitable(verdict):
            verdict = await verdict
    except ProjectError as error:
        verdict = Verdict(passed=None, reason="; ".join(error.faults))
    except RoadworthyError as error:
        verdict = Verdict(passed=None, reason=error.message)
    except Exception as error:  # noqa: BLE001  # a failure of one score is that score's record
        verdict = Verdict(passed=None, reason=f"{type(error).__name__} in the check")
    if one.negated and verdict.passed is not None and not verdict.stands:
        verdict = _negated(verdict)
    return Score(name=one.label, passed=verdict.passed, score=verdict.score, reason=verdict.reason)


def _negated(verdict: Verdict) -> Verdict:
    degree = None if verdict.score is None else 1 - verdict.score
    reason = verdict.reason if verdict.passed else ""
    if verdict.passed and not reason:
        reason = "it does, and must not"
    return Verdict(passed=not verdict.passed, score=degree, reason=reason)


def _delivered(answer: Answer) -> Score:
    if answer.error is None:
        return Score(name=_DELIVERED, passed=True)
    return Score(
        name=_DELIVERED, passed=False, reason=f"no value was delivered: {answer.error.code}"
    )


def _unscored(score: Score, reason: str) -> Score:
    return Score(name=score.name, passed=None, reason=reason)
