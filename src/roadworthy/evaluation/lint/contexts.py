"""Values that the prompt shows and no case needs, as far as the cases say so. Pure.

Whether a model needs them, only leaving them out can tell: `roadworthy trim`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from roadworthy.evaluation.lint.examples import texts_in
from roadworthy.evaluation.lint.findings import Finding
from roadworthy.evaluation.lint.passages import words_of
from roadworthy.evaluation.lint.subject import Subject
from roadworthy.tasks import input_fields
from roadworthy.tasks.prompt import closed_environment, undeclared_names

__all__ = ["doubtful_contexts"]

_ENOUGH_CASES: Final = 5
_WORTH_TOKENS: Final = 16
"""Of a constant value: a shorter one is a switch, not a text."""
_TELLING: Final = 4
"""Letters from which a word, and digits from which a number, tells where it comes from."""
_NOT_SAID: Final = frozenset({"at", "judge", "not_judge", "python", "not_python"})
"""Keys of a check that name a place or who decides, not what an answer says."""


def doubtful_contexts(subject: Subject) -> Iterator[Finding]:
    """Fields that no case gives, that are the same in every case, or that no answer draws on."""
    inputs = [case.input for case in subject.suite.cases if case.input is not None]
    if not inputs:
        return
    environment = closed_environment(())
    shown = {
        name for _, source in subject.sources for name in undeclared_names(environment, source)
    }
    for name, field in input_fields(subject.definition.input_schema).items():
        if name not in shown or field.get("role") == "conversation":
            continue
        given = [found[name] for found in inputs if found.get(name) not in (None, "", [], {})]
        reason = _doubt(subject, name, field, given, len(inputs))
        if reason is not None:
            code, message, remedy = reason
            file, line = subject.places.field("input", name)
            yield Finding(
                code=code,
                level="note",
                task=subject.task,
                file=file,
                line=line,
                message=message,
                remedy=remedy,
            )


def _doubt(
    subject: Subject, name: str, field: dict[str, Any], given: list[Any], cases: int
) -> tuple[str, str, str] | None:
    """Code, message and remedy; None: nothing speaks against the field."""
    if not given:
        return (
            "untested-context",
            f'the prompt shows "{name}", and none of {cases} cases gives it',
            "write a case that does, or leave it out of the prompt",
        )
    distinct = {msgspec.json.encode(value, order="deterministic") for value in given}
    if len(given) >= _ENOUGH_CASES and len(given) == cases and len(distinct) == 1:
        tokens = subject.counter.count(" ".join(texts_in(given[0])))
        if tokens >= _WORTH_TOKENS:
            return (
                "constant-context",
                f'"{name}" is the same in all {cases} cases ({tokens} tokens)',
                "if it never varies, make it a block: a provider may then cache it; else add cases",
            )
    if field.get("role") == "context" and _drawn_on(subject, name) is False:
        return (
            "unneeded-context",
            f'no expected answer says anything that "{name}" alone says',
            f"see whether answers need it: roadworthy trim {subject.task}; or add cases that do",
        )
    return None


def _drawn_on(subject: Subject, name: str) -> bool | None:
    """Whether an expected answer holds a word that this field gives and the rest of the input
    does not; None: too few say anything in words of their own."""
    asked = 0
    for case in subject.suite.cases:
        if case.input is None or not case.input.get(name):
            continue
        checks = [
            {key: said for key, said in c.items() if key not in _NOT_SAID} for c in case.checks
        ]
        expected = _telling([case.expect, *checks]) - _closed_words(subject)
        rest = {key: value for key, value in case.input.items() if key != name}
        expected -= _telling(rest)
        if not expected:
            continue
        asked += 1
        if expected & _telling(case.input[name]):
            return True
    return False if asked >= _ENOUGH_CASES else None


def _telling(value: Any) -> set[str]:
    words = {word for text in texts_in(value) for word in words_of(text)}
    numbers = {str(number) for number in _numbers(value)}
    return {word for word in words | numbers if len(word) >= _TELLING or word.isdigit()}


def _numbers(value: Any) -> Iterator[int | float]:
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _numbers(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _numbers(inner)


def _closed_words(subject: Subject) -> set[str]:
    """Words of enums: an answer has them from the schema."""
    schema = subject.definition.output_schema or {}
    found: set[str] = set()
    for field in input_fields(schema).values():
        found |= _telling(field.get("enum", []))
    return found
