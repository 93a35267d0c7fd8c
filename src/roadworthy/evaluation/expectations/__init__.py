"""A case's expectations, compiled once, and the scores of its answers."""

from roadworthy.evaluation.expectations.scoring import (
    Expectations,
    compile_expectations,
    passed_of,
)
from roadworthy.tasks.expectations import Answer, AnswerError, Services

__all__ = [
    "Answer",
    "AnswerError",
    "Expectations",
    "Services",
    "compile_expectations",
    "passed_of",
]
