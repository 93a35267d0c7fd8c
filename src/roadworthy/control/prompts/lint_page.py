"""What the page of a prompt's weight says: parts with their tokens, and what reading finds.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from roadworthy.control.drawing.formats import visible
from roadworthy.evaluation.lint import Finding, Level, TaskLint, Weight

__all__ = ["FindingRow", "LintView", "WeightRow", "lint_view"]

MAX_ROWS: Final = 120
MAX_FINDINGS: Final = 200
_KINDS: Final = {
    "message": "message",
    "block": "block",
    "example": "example",
    "schema": "schema",
    "description": "schema description",
    "context": "context",
    "input": "input",
}
_ICONS: Final[dict[Level, str]] = {
    "fault": "M2.5 2.5 9.5 9.5M9.5 2.5 2.5 9.5",
    "warning": "M6 1.5 11 10.5H1ZM6 5v2.5M6 9v.2",
    "note": "M6 5.5v4M6 2.6v.4M1 6a5 5 0 1 0 10 0a5 5 0 1 0-10 0",
}


class WeightRow(msgspec.Struct, frozen=True, kw_only=True):
    """One part."""

    kind: str
    name: str
    place: str
    tokens: str
    share: str
    """Of a whole prompt; empty where it is counted elsewhere or not sent."""
    width: float
    """The same from 0 to 100, for a bar."""
    note: str
    part: bool


class FindingRow(msgspec.Struct, frozen=True, kw_only=True):
    """One finding."""

    level: Level
    icon: str
    """An SVG path in a box of 12 by 12, drawn as a line."""
    code: str
    place: str
    message: str
    remedy: str
    tokens: int


class LintView(msgspec.Struct, frozen=True, kw_only=True):
    """The whole page."""

    name: str
    of: str
    """What is looked at: ``the working copy``, or ``version 1.4.0``."""
    lint: TaskLint
    rows: tuple[WeightRow, ...]
    more_rows: int
    findings: tuple[FindingRow, ...]
    more_findings: int


def lint_view(lint: TaskLint, *, of: str) -> LintView:
    """``of`` says what was looked at."""
    whole = lint.mean if lint.mean is not None else float(lint.fixed)
    rows = tuple(_row(weight, whole) for weight in lint.weights)
    findings = tuple(_findings(lint.findings))
    return LintView(
        name=lint.task,
        of=of,
        lint=lint,
        rows=rows[:MAX_ROWS],
        more_rows=max(0, len(rows) - MAX_ROWS),
        findings=findings[:MAX_FINDINGS],
        more_findings=max(0, len(findings) - MAX_FINDINGS),
    )


def _row(weight: Weight, whole: float) -> WeightRow:
    counts = weight.sent and not weight.part
    share = weight.tokens / whole if counts and whole else 0.0
    place = f"{weight.file}:{weight.line}" if weight.line else weight.file
    value = (
        f"{weight.tokens:,.1f}" if weight.kind in ("input", "context") else f"{weight.tokens:,.0f}"
    )
    return WeightRow(
        kind=_KINDS[weight.kind],
        name=visible(weight.name),
        place=visible(place),
        tokens=value,
        share=f"{100 * share:.0f}%" if counts and whole else "",
        width=round(min(100.0, 100 * share), 1),
        note=_note(weight),
        part=weight.part,
    )


def _note(weight: Weight) -> str:
    if not weight.sent:
        return "not sent: a grammar enforces it" if weight.kind == "schema" else "not sent"
    if weight.kind in ("input", "context"):
        if not weight.cases:
            return "no case gives it"
        return f"mean of the cases; at most {weight.most:,}"
    return f"included {weight.times} times" if weight.times > 1 else ""


def _findings(findings: Iterable[Finding]) -> Iterable[FindingRow]:
    order: dict[Level, int] = {"fault": 0, "warning": 1, "note": 2}
    for finding in sorted(findings, key=lambda f: (order[f.level], f.file, f.line)):
        yield FindingRow(
            level=finding.level,
            icon=_ICONS[finding.level],
            code=finding.code,
            place=visible(finding.place),
            message=visible(finding.message),
            remedy=visible(finding.remedy),
            tokens=finding.tokens,
        )
