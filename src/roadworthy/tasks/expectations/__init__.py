"""What is expected of answers: the kinds of checks, how they are read, and what they say."""

from roadworthy.tasks.expectations.answer import Answer, AnswerError, Scorer, Services, Verdict
from roadworthy.tasks.expectations.equality import Expect, expected_fields
from roadworthy.tasks.expectations.judge import Judge
from roadworthy.tasks.expectations.kind import FREE_TEXT, About, Kind, Placed
from roadworthy.tasks.expectations.kinds import KINDS, NEGATION
from roadworthy.tasks.expectations.reading import Check, read_check

__all__ = [
    "FREE_TEXT",
    "KINDS",
    "NEGATION",
    "About",
    "Answer",
    "AnswerError",
    "Check",
    "Expect",
    "Judge",
    "Kind",
    "Placed",
    "Scorer",
    "Services",
    "Verdict",
    "expected_fields",
    "read_check",
]
