"""Instructions that the output's schema does not allow, or does not know. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from roadworthy.core.documents import misspelling_of
from roadworthy.evaluation.lint.findings import Finding
from roadworthy.evaluation.lint.instructions import amount_in, form_in, is_negative, is_open
from roadworthy.evaluation.lint.passages import VALUE, Passage
from roadworthy.evaluation.lint.subject import Subject
from roadworthy.tasks import input_fields

__all__ = ["schema_conflicts"]

_QUOTED: Final = re.compile(r"[`\"\u201c\u2018']([A-Za-z][\w -]{0,30})[`\"\u201d\u2019']")
_NAMED: Final = re.compile(r"`([A-Za-z_]\w*)`")
_ASSIGNS: Final = re.compile(
    r"\b(?:answer|use|choose|set|return|label|mark|say|write|output|classify)\b", re.IGNORECASE
)
_RANGE: Final = re.compile(
    r"\b(?:from|between)\s+(-?\d+(?:\.\d+)?)\s+(?:to|and)\s+(-?\d+(?:\.\d+)?)", re.IGNORECASE
)
_TEXT_FORMS: Final = frozenset({"JSON"})


def schema_conflicts(subject: Subject) -> Iterator[Finding]:
    """Forms, values, numbers and names that the schema of the output contradicts."""
    schema = subject.definition.output_schema
    if schema is None:
        yield from _json_without_schema(subject)
        return
    fields = input_fields(schema)
    if not fields:
        return
    for passage in subject.passages:
        if passage.code or VALUE in passage.text:
            continue
        named = [name for name in fields if _names(passage, name)]
        reason = _form_reason(passage, named)
        for name in named:
            reason = reason or _value_reason(passage, name, fields)
            reason = reason or _number_reason(passage, name, fields[name])
        if reason:
            yield _finding(subject, passage, "contradiction", reason, "say what the schema allows")
        for written in _NAMED.findall(passage.text):
            meant = misspelling_of(written, fields)
            if meant is not None and written not in input_fields(subject.definition.input_schema):
                yield _finding(
                    subject,
                    passage,
                    "unknown-field",
                    f'the output has no field "{written}"',
                    f'write "{meant}"',
                )


def _form_reason(passage: Passage, named: list[str]) -> str:
    form = form_in(passage.text)
    if form is None or form in _TEXT_FORMS or named or not _holds(passage):
        return ""
    return f"the schema of the output asks for a JSON object, not for {form}"


def _value_reason(passage: Passage, name: str, fields: dict[str, dict[str, Any]]) -> str:
    known = _closed(fields[name])
    if not known or not _ASSIGNS.search(passage.text) or is_negative(passage.words):
        return ""
    elsewhere = {
        str(value).casefold()
        for other, field in fields.items()
        for value in (*_closed(field), other)
    }
    quoted = [text for text in _QUOTED.findall(passage.text) if text.casefold() not in elsewhere]
    # Beside values that are known: else the quotes are words of the input that are told apart.
    among = [text for text in _QUOTED.findall(passage.text) if text.casefold() in elsewhere]
    if not quoted or (not among and len(quoted) > 1) or not _assigned(passage, quoted[0]):
        return ""
    return f'"{quoted[0]}" is no value of {name}, which is one of {", ".join(map(str, known))}'


def _assigned(passage: Passage, value: str) -> bool:
    """Whether the value is what the sentence has the model answer, not what it looks for."""
    before = passage.text.partition(value)[0]
    said = list(_ASSIGNS.finditer(before))
    return bool(said) and len(before[said[-1].end() :].split()) <= 4


def _number_reason(passage: Passage, name: str, field: dict[str, Any]) -> str:
    if not _holds(passage):
        return ""
    amount = amount_in(passage.text)
    most, least = field.get("maxItems"), field.get("minItems")
    if amount is not None and field.get("type") == "array":
        if isinstance(most, int) and amount.least > most:
            return f"{name} has at most {most} items"
        if isinstance(least, int) and amount.most < least:
            return f"{name} has at least {least} items"
    found = _RANGE.search(passage.text)
    if found and field.get("type") in ("number", "integer"):
        low, high = sorted((float(found[1]), float(found[2])))
        maximum, minimum = field.get("maximum"), field.get("minimum")
        if isinstance(maximum, int | float) and high > maximum:
            return f"{name} is at most {maximum:g}"
        if isinstance(minimum, int | float) and low < minimum:
            return f"{name} is at least {minimum:g}"
    return ""


def _json_without_schema(subject: Subject) -> Iterator[Finding]:
    for passage in subject.passages:
        if form_in(passage.text) == "JSON" and not is_negative(passage.words):
            yield Finding(
                code="json-without-schema",
                level="note",
                task=subject.task,
                file=passage.file,
                line=passage.line,
                message="JSON is asked for in words alone, and nothing checks the answer",
                remedy="declare [output] in task.toml: answers then conform or are errors",
            )
            return


def _holds(passage: Passage) -> bool:
    return not passage.conditional and is_open(passage.words) and not is_negative(passage.words)


def _names(passage: Passage, field: str) -> bool:
    """Whether the sentence speaks of the field, by its name as words."""
    words = tuple(re.findall(r"[^\W_]+", field.casefold()))
    width = len(words)
    return any(passage.words[at : at + width] == words for at in range(len(passage.words)))


def _closed(field: dict[str, Any]) -> list[Any]:
    """The values of a field that allows only these; empty: it is open."""
    values = field.get("enum", [field["const"]] if "const" in field else [])
    return [value for value in values if isinstance(value, str)]


def _finding(subject: Subject, passage: Passage, code: str, reason: str, remedy: str) -> Finding:
    text = passage.text if len(passage.text) <= 70 else f"{passage.text[:69].rstrip()}…"
    return Finding(
        code=code,
        level="warning",
        task=subject.task,
        file=passage.file,
        line=passage.line,
        message=f'"{text}": {reason}',
        remedy=remedy,
    )
