"""`error` and `refused`: a typed error is what the case waits for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from roadworthy.core import errors
from roadworthy.core.documents import did_you_mean
from roadworthy.tasks.expectations.answer import Answer, Verdict
from roadworthy.tasks.expectations.kind import About, Kind

__all__ = ["Error", "Refused", "is_refusal"]

_CODES: Final = frozenset(
    error.code
    for name in errors.__all__
    if isinstance(error := getattr(errors, name), type)
    and issubclass(error, errors.RoadworthyError)
)
_REFUSALS: Final = frozenset({"output_refused", "denied_by_rule"})


def is_refusal(code: str) -> bool:
    """Whether an error of this code is a refusal: the model's own, or a rule's."""
    return code in _REFUSALS


class _Outcome(Kind, frozen=True, kw_only=True):
    needs_value: ClassVar[bool] = False


class Error(_Outcome, frozen=True, kw_only=True):
    """The call ends in the error of this code, and delivers nothing."""

    kind: ClassVar[str] = "error"
    example: ClassVar[str] = '{"error": "output_refused"}'

    error: str
    """A code of the reference of errors."""

    def faults(self, _about: About, /) -> Iterator[str]:
        if self.error not in _CODES | _REFUSALS:
            known = did_you_mean(self.error, _CODES | _REFUSALS)
            yield f'error: there is no error "{self.error}"{known}'

    def score(self, answer: Answer) -> Verdict:
        found = "a value was delivered" if answer.error is None else f"it was {answer.error.code}"
        passed = answer.error is not None and answer.error.code == self.error
        return Verdict(passed=passed, reason="" if passed else found)


class Refused(_Outcome, frozen=True, kw_only=True):
    """The call ends in a refusal: the model's, or a rule's."""

    kind: ClassVar[str] = "refused"
    example: ClassVar[str] = '{"refused": true}'

    refused: bool
    """`false`: whatever it ends in, it is no refusal."""

    def score(self, answer: Answer) -> Verdict:
        refused = answer.error is not None and is_refusal(answer.error.code)
        said = "it was refused" if refused else "it was not refused"
        passed = refused is self.refused
        return Verdict(passed=passed, reason="" if passed else said)
