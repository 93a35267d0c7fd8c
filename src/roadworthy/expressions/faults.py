"""What can be wrong with an expression: found when it is read, or when it is evaluated."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["AbsentError", "EvaluationError", "ExpressionError", "ExpressionFault"]


class ExpressionFault(NamedTuple):
    """One mistake in one expression."""

    message: str
    at: int
    """Offset in the source, in characters."""


class ExpressionError(ValueError):
    """The source is no expression that can be understood."""

    def __init__(self, message: str, at: int = 0) -> None:
        super().__init__(message)
        self.fault = ExpressionFault(message, at)


class EvaluationError(Exception):
    """An expression has no value for these values. Its message quotes none of them."""


class AbsentError(EvaluationError):
    """It has none because something that it reads is not there."""
