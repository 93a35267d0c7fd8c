"""Digests of what a case asks and of what it expects: by them, results are found again. Pure."""

from __future__ import annotations

from roadworthy.tasks import Case, Suite, content_digest
from roadworthy.tasks.cases import expectations_digest

__all__ = ["expected_digest", "question_digest", "runs_of"]


def question_digest(case: Case) -> str:
    """SHA-256 of the case's input: what a model is asked."""
    if case.conversation:
        return content_digest({"conversation": case.conversation})
    return content_digest({"input": case.input})


def expected_digest(case: Case, suite: Suite) -> str:
    """SHA-256 of all that is expected of the case's answer, that of every case included."""
    return expectations_digest(case, suite)


def runs_of(case: Case, suite: Suite) -> int:
    """How often the case is asked."""
    return suite.n if case.n is None else case.n
