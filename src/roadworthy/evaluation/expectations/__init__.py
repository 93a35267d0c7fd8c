"""A case's expectations, compiled once, and the scores of its answers."""

from roadworthy.evaluation.expectations.functions import PythonFunctions
from roadworthy.evaluation.expectations.scoring import (
    Expectations,
    compile_expectations,
    passed_of,
    places_of,
)
from roadworthy.tasks.expectations import Answer, AnswerError, Services

__all__ = [
    "Answer",
    "AnswerError",
    "Expectations",
    "PythonFunctions",
    "Services",
    "compile_expectations",
    "passed_of",
    "places_of",
]
